"""One commit in, draft cases out: the texts that people wrote on its diff, to be written again and judged by both."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from milo_bench.core.text import file_lines
from milo_bench.grade.checks.draft_grounded import draft_problems
from milo_bench.roles.git import GitCommit, GitRepository
from milo_bench.roles.languages.code import PYTHON, CodeLanguage
from milo_bench.roles.mining.coder import check_history, provenance
from milo_bench.roles.mining.records import Mined, NoCase
from milo_bench.roles.mining.text import added_lines, message_of
from milo_bench.roles.paths import is_changelog

_MOST_DIFF: Final = 5_000
_MOST_ENTRY: Final = 600  # characters of an entry in a change log
_MOST_ENTRIES: Final = 60  # commits whose entries show the format
_LEAST_BODY: Final = 40
_BULLET: Final = re.compile(r"^[-*+] ")
_HEADING: Final = re.compile(r"^(#|==|--|~~|Version|Release|\d+\.\d+)", re.MULTILINE)
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


@dataclass(frozen=True)
class _Text:
    """A text that a person wrote on a commit: what the model is asked for."""

    kind: str
    text: str
    format: dict[str, Any]
    examples: list[str]


class DraftMiner:
    """Makes draft cases; ``examples`` are subjects of the project that show its format."""

    def __init__(
        self, repository: GitRepository, commits: Sequence[GitCommit], language: CodeLanguage = PYTHON
    ) -> None:
        self._repository = repository
        self._language = language
        self._format = project_format(commits)
        self._examples = [one.subject for one in commits if one.subject and not _BOT.search(one.subject)]
        with_entry = [
            one for one in commits if len(one.parents) == 1 and any(is_changelog(c.path) for c in one.changes)
        ]
        self._entries = [entry for one in with_entry[:_MOST_ENTRIES] if (entry := self._entry(one))]
        self._why = NoCase("no text")

    def mine(self, commit: GitCommit) -> list[Mined]:
        """Up to three texts to write on one commit. Raises NoCase where there is none."""
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
        made = [mined for text in self._texts(commit) for mined in self._case(commit, diff, symbols, text)]
        if not made:
            raise self._why
        return made

    def _texts(self, commit: GitCommit) -> Iterator[_Text]:
        """What people wrote on this commit, each with its format and with others of the project as examples."""
        message = message_of(commit.message)
        subject, _, body = message.partition("\n")
        examples = [one for one in self._examples if one != commit.subject][:5]
        yield _Text("commit_message", subject if body.strip() else message, self._format, examples)
        if len(body.strip()) >= _LEAST_BODY:
            yield _Text("pull_request", message, {**self._format, "body": True}, examples)
        entry = self._entry(commit)
        if entry:
            others = [one for one in self._entries if one != entry]
            yield _Text("changelog", entry, entries_format(self._entries), others[:5])

    def _entry(self, commit: GitCommit) -> str:
        """What the commit added to the change log, "" where that is nothing or more than one entry."""
        paths = [one.path for one in commit.changes if is_changelog(one.path) and one.status in "AM"]
        if len(paths) != 1:
            return ""
        diff = self._repository.diff(commit.parents[0], commit.sha, paths, context=0).decode("utf-8", "replace")
        lines = [line for line in added_lines(diff).strip().splitlines() if line.strip()]
        starts = sum(bool(_BULLET.match(line)) for line in lines)
        text = "\n".join(lines)
        return text if starts <= 1 and 20 <= len(text) <= _MOST_ENTRY and not _HEADING.search(text) else ""

    def _case(self, commit: GitCommit, diff: str, symbols: list[str], text: _Text) -> Iterator[Mined]:
        expect = {"message": text.text, "symbols": symbols, "format": text.format}
        known = f"{diff}\n{commit.message}\n{text.text}"
        problems = list(draft_problems(text.text, expect, known, diff))
        if problems:
            self._why = NoCase(f"its own text would not pass: {problems[0][0]}", problems[0][1])
            return
        short = "" if text.kind == "commit_message" else f"{text.kind.replace('_', '-')}-"
        fixture = {
            "id": f"draft-{short}{commit.sha[:12]}",
            "workload": "draft",
            "input": {"kind": text.kind, "diff": diff, "examples": text.examples, "format": text.format},
            "expect": {"draft": expect},
            "tags": [text.kind],
            "provenance": provenance(self._repository, commit),
        }
        yield Mined("draft", fixture)


def entries_format(entries: Sequence[str]) -> dict[str, Any]:
    """The format of a change log's own entries: what nine of ten of the latest ones keep to."""
    if not entries:
        return {}
    lengths = sorted(map(len, entries))
    found: dict[str, Any] = {"max_length": max(120, lengths[min(len(lengths) - 1, round(len(lengths) * 0.95))])}
    for bullet in ("- ", "* "):
        if sum(entry.startswith(bullet) for entry in entries) > 0.9 * len(entries):
            found["bullet"] = bullet
    if sum(entry.rstrip().endswith(".") for entry in entries) > 0.9 * len(entries):
        found["full_stop"] = True
    return found


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
