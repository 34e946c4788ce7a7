"""A coder's answer in, the change that it proposes out: a unified diff, or whole files by path; nothing is applied."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from milo_bench.core.text import file_lines
from milo_bench.roles.paths import why_not_inside

_MOST_BYTES: Final = 2 << 20
_LONGEST_PATH: Final = 1_000
_DEEPEST_PATH: Final = 100
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
    ``level`` is how many folders git strips from the names in the diff.
    """

    diff: str = ""
    files: dict[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    problem: str = ""
    outside: str = ""
    link: bool = False
    level: int = 1


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
    if (why := _too_long(files)) != "":
        return Edits(problem=why)
    outside = next((why for path in files if (why := why_not_inside(path))), "")
    return Edits(files=files, paths=tuple(files), outside=outside)


def _is_diff(text: str) -> bool:
    return bool(_HEADER.search(text)) and (bool(_HUNK.search(text)) or "deleted file mode" in text or _moves(text))


def _moves(text: str) -> bool:
    return "diff --git " in text and ("rename from " in text or "new file mode" in text or "new mode" in text)


def _from_diff(diff: str) -> Edits:
    level, paths = _paths(diff)
    if level is None:
        return Edits(problem="the diff names files with and without a/ and b/")
    if not paths:
        return Edits(problem="the diff names no file")
    if (why := _too_long(paths)) != "":
        return Edits(problem=why)
    outside = next((why for path in paths if (why := why_not_inside(path))), "")
    return Edits(diff=diff, paths=paths, outside=outside, link=bool(_LINK_MODE.search(diff)), level=level)


def _paths(diff: str) -> tuple[int | None, tuple[str, ...]]:
    """How many folders to strip from the names in a diff, None where that is unclear, and every path, old and new.

    Names are those of the headers; where hunks are miscounted they are read line by line.
    """
    try:
        named = [name for file in PatchSet(diff) for name in (file.source_file, file.target_file)]
    except (UnidiffParseError, ValueError, IndexError):
        named = []
    lines = file_lines(diff)
    pairs = pairwise(lines)
    if not named:
        headers = [pair for pair in pairs if pair[0].startswith("--- ") and pair[1].startswith("+++ ")]
        named = [line[4:] for pair in headers for line in pair]
    prefixed = {name.startswith(("a/", "b/")) for one in named if (name := _bare(one)) not in ("", "/dev/null")}
    level = None if len(prefixed) > 1 else 0 if prefixed == {False} else 1
    found = dict.fromkeys(_stripped(one, level) for one in named)
    for line in lines:
        if line.startswith("diff --git "):
            found |= dict.fromkeys(_stripped(one, level) for one in line[len("diff --git ") :].split(" "))
        elif line.startswith(("rename from ", "rename to ", "copy from ", "copy to ")):
            found[_bare(line.split(" ", 2)[2])] = None
    found.pop("", None)
    return level, tuple(found)


def _bare(written: str) -> str:
    return written.split("\t")[0].strip().strip('"')


def _stripped(written: str, level: int | None) -> str:
    """A name as git takes it, without its first folder where that is a/ or b/; "" for no file."""
    name = _bare(written)
    if name in ("", "/dev/null"):
        return ""
    return name[2:] if level and name.startswith(("a/", "b/")) else name


def _too_long(paths: Iterable[str]) -> str:
    """Why a path cannot be that of a file, "" where each can."""
    if any(len(path) > _LONGEST_PATH or path.count("/") > _DEEPEST_PATH for path in paths):
        return f"a path has more than {_LONGEST_PATH} characters or {_DEEPEST_PATH} folders"
    return ""


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
