"""One commit in, a draft case out: a commit message to write for its diff, judged against diff and message."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from milo_bench.core.text import file_lines
from milo_bench.grade.checks.draft_grounded import draft_problems
from milo_bench.roles.git import GitCommit, GitRepository
from milo_bench.roles.languages.code import PYTHON, CodeLanguage
from milo_bench.roles.mining.coder import check_history, provenance
from milo_bench.roles.mining.records import Mined, NoCase
from milo_bench.roles.mining.text import message_of

_MOST_DIFF: Final = 5_000
_CONVENTIONAL: Final = re.compile(r"^[a-z]+(\([^)]*\))?!?: ")
_BOT: Final = re.compile(r"\bpre-commit|\bdependabot|^Bump |^Merge |^Update .* requirement", re.IGNORECASE)
_DEFINITION: Final = re.compile(
    r"^[ +-]?\s*(?:export\s+|default\s+|async\s+|pub\s+|static\s+|abstract\s+)*"
    r"(?:def|class|function\*?|interface|type|func|fn|struct|enum|trait|module|(?:const|let|var)(?=\s+\w+\s*=))\s+(\w+)",
    re.MULTILINE,
)


def project_format(commits: Sequence[GitCommit]) -> dict[str, Any]:
    """The format of a project's own subjects: what nine of ten of the latest ones keep to."""
    subjects = [commit.subject for commit in commits if commit.subject and not _BOT.search(commit.subject)]
    if not subjects:
        return {"max_subject": 72}
    lengths = sorted(len(re.sub(r" \(#\d+\)$", "", subject)) for subject in subjects)
    most = max(50, lengths[min(len(lengths) - 1, round(len(lengths) * 0.95))])
    share = Counter(bool(_CONVENTIONAL.match(subject)) for subject in subjects)
    stops = sum(subject.endswith(".") for subject in subjects)
    return {
        "max_subject": most,
        "prefix": "type: " if share[True] > 0.9 * len(subjects) else "",
        "no_full_stop": stops < 0.1 * len(subjects),
    }


class DraftMiner:
    """Makes draft cases; ``examples`` are subjects of the project that show its format."""

    def __init__(
        self, repository: GitRepository, commits: Sequence[GitCommit], language: CodeLanguage = PYTHON
    ) -> None:
        self._repository = repository
        self._language = language
        self._format = project_format(commits)
        self._examples = [one.subject for one in commits if one.subject and not _BOT.search(one.subject)]

    def mine(self, commit: GitCommit) -> list[Mined]:
        check_history(commit)
        sources = [
            one.path for one in commit.changes if self._language.is_source(one.path) or self._language.is_test(one.path)
        ]
        if not any(self._language.is_source(path) for path in sources):
            raise NoCase("no source changed")
        if _BOT.search(commit.subject):
            raise NoCase("written by a machine", commit.subject)
        raw = self._repository.diff(commit.parents[0], commit.sha, sources)
        if len(raw) > _MOST_DIFF:
            raise NoCase("the diff is too long to show", f"{len(raw)} bytes")
        try:
            diff = raw.decode()
        except UnicodeDecodeError:
            raise NoCase("the diff is not UTF-8") from None
        if "Binary files " in diff:
            raise NoCase("a changed file is binary")
        symbols = touched_symbols(diff)
        if not symbols:
            raise NoCase("no symbol is touched")
        message = message_of(commit.message)
        expect = {"message": message, "symbols": symbols, "format": self._format}
        problems = list(draft_problems(message, expect, f"{diff}\n{message}"))
        if problems:
            raise NoCase(f"its own message would not pass: {problems[0][0]}", problems[0][1])
        examples = [subject for subject in self._examples if subject != commit.subject][:5]
        fixture = {
            "id": f"draft-{commit.sha[:12]}",
            "workload": "draft",
            "input": {"diff": diff, "examples": examples, "format": self._format},
            "expect": {"draft": expect},
            "tags": [],
            "provenance": provenance(self._repository, commit),
        }
        return [Mined("draft", fixture)]


def touched_symbols(diff: str) -> list[str]:
    """Functions, classes, and names of files that a diff touches, as a text may name them."""
    found: dict[str, None] = {}
    for line in file_lines(diff):
        hunk = re.match(r"^@@ .* @@\s*(.*)$", line)
        text = hunk[1] if hunk is not None else line if line[:1] in "+-" else ""
        for name in _DEFINITION.findall(text):
            found[name] = None
        if line[:1] in "+-" and not line.startswith(("+++", "---")):
            for name in _names_in(line[1:]):
                found[name] = None
        if line.startswith("+++ b/"):
            stem = line.rpartition("/")[2].partition(".")[0]
            if stem not in ("__init__", "conftest"):
                found[stem.removeprefix("test_").removeprefix("_")] = None
    return [name for name in found if len(name) > 2][:80]


def _names_in(line: str) -> list[str]:
    """Names that look like code in one line: with an underscore or capitals inside, or called or assigned."""
    try:
        tree = ast.parse(line.strip().rstrip(":,"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return re.findall(r"\b\w*_\w+\b|\b[A-Z][a-z]+[A-Z]\w*\b", line)
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return [*names, *(node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute))]
