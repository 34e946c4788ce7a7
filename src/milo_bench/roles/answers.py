"""A coder's answer in, the change that it proposes out: a unified diff, or whole files by path; nothing is applied."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from milo_bench.core.text import file_lines
from milo_bench.roles.paths import why_not_inside

_MOST_BYTES: Final = 2 << 20
_FENCE: Final = re.compile(r"^(`{3,}|~{3,})[ \t]*([^\n`]*)\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_HEADER: Final = re.compile(r"^(diff --git |--- (a/|/dev/null|\S))", re.MULTILINE)
_HUNK: Final = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)
_LINK_MODE: Final = re.compile(r"^(?:new file mode|new mode|deleted file mode|old mode) (120000|160000)", re.MULTILINE)
_LANGUAGES: Final = frozenset({"python", "py", "diff", "patch", "text", "javascript", "js", "typescript", "ts", ""})
_PATH: Final = re.compile(r"^[\w.@+-]+(?:/[\w.@+-]+)*\.\w+$")
_PATH_LINE: Final = re.compile(r"(?:^|[\s`*#:])((?:[\w.@+-]+/)*[\w.@+-]+\.\w{1,5})[`*:]*\s*$")


@dataclass(frozen=True)
class Edits:
    """What an answer proposes. ``diff`` is unified, "" where ``files`` hold whole contents by path.

    ``paths`` are all that it touches, ``problem`` why the answer cannot be used as a change at all.
    ``outside`` is a path that is not a file of the repository, ``link`` that it makes a link or a submodule.
    """

    diff: str = ""
    files: dict[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    problem: str = ""
    outside: str = ""
    link: bool = False


def read_answer(text: str) -> Edits:
    """The change in an answer. Fenced blocks are read first; a bare diff is one, too."""
    if len(text.encode("utf-8", "replace")) > _MOST_BYTES:
        return Edits(problem=f"the answer is larger than {_MOST_BYTES >> 20} MiB")
    text = text.replace("\r\n", "\n")
    blocks = list(_FENCE.finditer(text))
    diffs = [block[3] for block in blocks if _is_diff(block[3])]
    if not diffs and _is_diff(text):
        start = _HEADER.search(text)
        diffs = [text[start.start() :] if start is not None else text]
    if diffs:
        return _from_diff("".join(diff if diff.endswith("\n") else diff + "\n" for diff in diffs))
    files: dict[str, str] = {}
    for block in blocks:
        path = _path_of(block[2], text[: block.start()])
        if path:
            files[path] = block[3]
    if not files:
        return Edits(problem="the answer has no unified diff and no file with a path")
    outside = next((why for path in files if (why := why_not_inside(path))), "")
    return Edits(files=files, paths=tuple(files), outside=outside)


def _is_diff(text: str) -> bool:
    return bool(_HEADER.search(text)) and (bool(_HUNK.search(text)) or "deleted file mode" in text or _moves(text))


def _moves(text: str) -> bool:
    return "diff --git " in text and ("rename from " in text or "new file mode" in text or "new mode" in text)


def _from_diff(diff: str) -> Edits:
    paths = _paths(diff)
    if not paths:
        return Edits(problem="the diff names no file")
    outside = next((why for path in paths if (why := why_not_inside(path))), "")
    return Edits(diff=diff, paths=paths, outside=outside, link=bool(_LINK_MODE.search(diff)))


def _paths(diff: str) -> tuple[str, ...]:
    """Every path that a diff names, old and new. Headers are read line by line, since hunks may be miscounted."""
    found: dict[str, None] = {}
    try:
        for file in PatchSet(diff):
            for name in (file.source_file, file.target_file):
                _note(name, found)
    except (UnidiffParseError, ValueError, IndexError):
        found.clear()
    previous = ""
    for line in file_lines(diff):
        if line.startswith("diff --git "):
            for name in line[len("diff --git ") :].split(" "):
                _note(name, found)
        elif line.startswith("+++ ") and previous.startswith("--- "):
            _note(previous[4:], found)
            _note(line[4:], found)
        elif line.startswith(("rename from ", "rename to ", "copy from ", "copy to ")):
            _note(f"a/{line.split(' ', 2)[2]}", found)
        previous = line
    return tuple(found)


def _note(written: str, found: dict[str, None]) -> None:
    name = written.split("\t")[0].strip().strip('"')
    if name and name != "/dev/null":
        found[name[2:] if name.startswith(("a/", "b/")) else name] = None


def _path_of(info: str, before: str) -> str:
    """The path that a block is for: in its info string, or as the last word of the line above it."""
    for word in re.split(r"[\s,;]+", info.strip().strip("{}")):
        word = re.sub(r"^(path|file|filename|title)[=:]", "", word).strip("\"'")
        if word.lower() not in _LANGUAGES and (_PATH.match(word) or "/" in word):
            return word
        if ":" in word and "/" in word.partition(":")[2]:
            return word.partition(":")[2]
    lines = [line for line in before.splitlines() if line.strip()]
    found = _PATH_LINE.search(lines[-1]) if lines else None
    return found[1] if found is not None else ""
