"""A repository's commits in, review cases out: changes that later fixes mended (SZZ), and controls that none did.

SZZ (Śliwerski, Zimmermann and Zeller 2005): the commit that last touched the lines which a fix removes is taken to have
brought the fault. It is blind where a fix only adds lines, and wrong where the line was not the cause: its labels are
silver, and stay so until a sample was confirmed by hand.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from milo_bench.core.errors import DataError
from milo_bench.core.text import file_lines
from milo_bench.roles.git import GitCommit, GitRepository
from milo_bench.roles.languages.code import PYTHON, CodeLanguage
from milo_bench.roles.mining.coder import check_history, provenance
from milo_bench.roles.mining.records import Mined, NoCase

_FIX: Final = re.compile(
    r"\b(fix(e[sd])?|bugs?|regress\w*|crash\w*|broken|incorrect\w*|wrong(ly)?|leaks?)\b", re.IGNORECASE
)
_NO_FIX: Final = re.compile(
    r"\b(typos?|docs?|docstrings?|lint|ruff|mypy|flake8|ci|tests?|warnings?|coverage)\b", re.IGNORECASE
)
_SECURITY: Final = re.compile(
    r"\b(CVE-\d|GHSA-|security|vulnerab\w*|injection|XSS|CSRF|SSRF|ReDoS|path traversal|timing attack|sandbox escape)",
    re.IGNORECASE,
)
_MOST_DIFF: Final = 5_000
_MOST_FILES: Final = 6
_MOST_LINES: Final = 60


@dataclass
class Faults:
    """What later fixes say of one commit: lines of its own version by path, and the fixes."""

    lines: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    fixes: list[GitCommit] = field(default_factory=list)


class ReviewMiner:
    """Makes review cases once ``trace`` has followed all fixes among ``commits``; ``counts`` says how many were usable,
    ``faults`` which commits they lead to."""

    def __init__(
        self, repository: GitRepository, commits: Sequence[GitCommit], language: CodeLanguage = PYTHON
    ) -> None:
        self._repository = repository
        self._language = language
        self._commits = {commit.sha: commit for commit in commits}
        self.faults: dict[str, Faults] = {}
        self.counts: Counter[str] = Counter()
        newest = max((commit.time for commit in commits), default=0)
        oldest = min((commit.time for commit in commits), default=0)
        # What is new has had no time to be mended: the last tenth gives no control.
        self._settled = newest - (newest - oldest) // 10

    def trace(self, *, in_time: Callable[[], bool] = lambda: True) -> bool:
        """Follow every fix to what it mends, False where the time was not enough: then no case may be made."""
        fixes = [commit for commit in self._commits.values() if is_fix(commit, self._language)]
        self.counts["fixes to trace"] = len(fixes)
        for fix in fixes:
            if not in_time():
                return False
            self._trace(fix)
        return True

    def faulty(self, commit: GitCommit) -> bool:
        return commit.sha in self.faults

    def settled(self, commit: GitCommit) -> bool:
        """No later fix leads to it though there was time, and it is no fix itself."""
        return not self.faulty(commit) and commit.time <= self._settled and not is_fix(commit, self._language)

    def mine(self, commit: GitCommit) -> list[Mined]:
        """A case of a commit that later fixes mended. Raises NoCase for any other."""
        faults = self.faults.get(commit.sha)
        if faults is None:
            raise NoCase("no later fix leads to it")
        diff, added = self._shown(commit)
        lines = {path: sorted(numbers & added.get(path, set())) for path, numbers in faults.lines.items()}
        lines = {path: numbers for path, numbers in lines.items() if numbers}
        if not lines:
            raise NoCase("the mended lines are not in the shown diff")
        security = any(_SECURITY.search(fix.message) for fix in faults.fixes)
        expect = {"verdict": "reject", "lines": lines, "fixes": [fix.sha for fix in faults.fixes]}
        return [Mined("review", self._fixture(commit, diff, expect, security=security, kind="faulty"))]

    def control(self, commit: GitCommit) -> list[Mined]:
        """A control, of a commit that ``settled`` holds for. Raises NoCase where its diff cannot be shown."""
        diff, _ = self._shown(commit)
        return [Mined("review", self._fixture(commit, diff, {"verdict": "accept"}, security=False, kind="control"))]

    def _trace(self, fix: GitCommit) -> None:
        self.counts["fixes"] += 1
        found = False
        try:
            check_history(fix)
            for path, ranges in self._removed(fix).items():
                for sha, line, old_path in self._blame(fix.parents[0], path, ranges):
                    if sha in self._commits and self._commits[sha].parents:
                        faults = self.faults.setdefault(sha, Faults())
                        faults.lines[old_path].add(line)
                        if fix not in faults.fixes:
                            faults.fixes.append(fix)
                        found = True
        except (NoCase, DataError, UnidiffParseError, ValueError):
            self.counts["fixes that cannot be traced"] += 1
            return
        self.counts["usable fixes" if found else "fixes that only add lines"] += 1

    def _removed(self, fix: GitCommit) -> dict[str, list[int]]:
        """Lines of the parent's files that a fix removes, without blank ones and comments."""
        paths = [one.old_path for one in fix.changes if one.status in "MR" and self._language.is_source(one.old_path)]
        if not paths or len(paths) > _MOST_FILES:
            return {}
        text = self._repository.diff(fix.parents[0], fix.sha, paths, context=0).decode("utf-8", "replace")
        found: dict[str, list[int]] = {}
        for file in PatchSet(text):
            lines = [
                line.source_line_no
                for hunk in file
                for line in hunk
                if line.is_removed and line.source_line_no and _is_code(line.value)
            ]
            if lines and len(lines) <= _MOST_LINES:
                found[file.source_file.removeprefix("a/")] = lines
        return found

    def _blame(self, parent: str, path: str, lines: Sequence[int]) -> Iterator[tuple[str, int, str]]:
        """Who last touched lines of a file: commit, line and path in that commit's own version."""
        words = [word for line in lines for word in ("-L", f"{line},{line}")]
        text = self._repository.run("blame", "--no-textconv", "-w", "--line-porcelain", *words, parent, "--", path)
        sha, line = "", 0
        for row in file_lines(text.decode("utf-8", "replace")):
            head = re.match(r"^([0-9a-f]{40,64}) (\d+) \d+", row)
            if head is not None:
                sha, line = head[1], int(head[2])
            elif row.startswith("filename "):
                yield sha, line, row.removeprefix("filename ")

    def _shown(self, commit: GitCommit) -> tuple[str, dict[str, set[int]]]:
        """The source part of a commit's diff and the lines that it adds. Raises NoCase where it cannot be shown."""
        check_history(commit)
        paths = [one.path for one in commit.changes if self._language.is_source(one.path) and one.status in "AMR"]
        if not paths:
            raise NoCase("no source changed")
        raw = self._repository.diff(commit.parents[0], commit.sha, paths)
        if len(raw) > _MOST_DIFF:
            raise NoCase("the diff is too long to show", f"{len(raw)} bytes")
        try:
            text = raw.decode()
            patch = PatchSet(text)
        except (UnicodeDecodeError, UnidiffParseError, ValueError):
            raise NoCase("the diff cannot be read") from None
        added = {
            file.path: {line.target_line_no for hunk in file for line in hunk if line.is_added and line.target_line_no}
            for file in patch
        }
        if sum(map(len, added.values())) < 3:
            raise NoCase("fewer than three lines added")
        return text, added

    def _fixture(
        self, commit: GitCommit, diff: str, expect: dict[str, Any], *, security: bool, kind: str
    ) -> dict[str, Any]:
        return {
            "id": f"review-{commit.sha[:12]}",
            "workload": "review",
            "input": {"diff": numbered(diff), "kind": "security review" if security else "code review"},
            "expect": {"review": expect},
            "tags": ["security-review" if security else "code-review", kind],
            "provenance": provenance(self._repository, commit),
        }


def is_fix(commit: GitCommit, language: CodeLanguage) -> bool:
    """Whether a commit's message says that it mends a fault in source."""
    named = bool(_FIX.search(commit.subject) or _SECURITY.search(commit.message))
    return named and not _NO_FIX.search(commit.subject) and any(language.is_source(one.path) for one in commit.changes)


def numbered(diff: str) -> str:
    """A diff with the new file's line number in front of every line that the new file has."""
    lines, number = [], 0
    for line in file_lines(diff):
        hunk = re.match(r"^@@ -\d+(?:,\d+)? \+(\d+)", line)
        if hunk is not None:
            number = int(hunk[1])
            lines.append(line)
        elif line.startswith(("+", " ")) and not line.startswith("+++ "):
            lines.append(f"{number:>5} {line}")
            number += 1
        elif line.startswith(("diff --git ", "index ", "similarity ", "rename ")):
            continue
        else:
            lines.append(f"      {line}" if line.startswith("-") and not line.startswith("--- ") else line)
    return "\n".join(lines) + "\n"


def _is_code(line: str) -> bool:
    text = line.strip()
    return bool(text) and not text.startswith(("#", '"""', "'''")) and text not in (")", "]", "}", "else:", "try:")
