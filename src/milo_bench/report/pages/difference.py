"""A page as it lies there and as it should be in, each figure or text that differs out, with line and column."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

from msgspec import Struct

from milo_bench.core.records import Frozen

MOST_A_FILE = 50
_LONGEST = 160
_ALIGNED_AT_MOST = 4_000
# In texts and attributes of a page ``<`` is escaped: what opens this way is an element.
_SHOWN = re.compile(rb"<data\s[^<>]*?\bdata-(?:figure|record)=")


class PackageDifference(Frozen, frozen=True, omit_defaults=False):
    """One thing that is not as it should be.

    ``kind``: ``figure`` (``figure`` is its id, or the place of a recorded number), ``text`` (any other
    part of a file), ``file`` (missing, or unreadable), ``log`` (a run log that is not the one decided on)
    or ``decision`` (a part of decision.json that the evidence does not give). ``line`` and ``column``
    count from 1, 0 where there is none.
    """

    kind: str
    file: str
    figure: str
    package: str
    recomputed: str
    source: str = ""
    line: int = 0
    column: int = 0


class _Piece(Struct, frozen=True):
    """A tag, a text or a shown figure; what it is stands in ``content``, where in ``line`` and ``column``."""

    content: tuple[str, ...]
    figure: str
    line: int
    column: int

    @property
    def text(self) -> str:
        return self.content[-1]


class _Pieces(HTMLParser):
    """Cuts a page into pieces. A ``<data>`` element is one piece with its attributes and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[_Piece] = []
        self._open: tuple[str, tuple[str, ...], int, int] | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._close()
        line, column = self.getpos()
        given = {name: value or "" for name, value in attrs}
        content = (tag, *(f"{name}={value}" for name, value in attrs))
        if tag == "data" and ("data-figure" in given or "data-record" in given):
            self._open = (given.get("data-figure") or given.get("data-record", ""), content, line, column)
        else:
            self.pieces.append(_Piece((*content, f"<{' '.join(content)}>"), "", line, column + 1))

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._text += data
            return
        line, column = self.getpos()
        self.pieces.append(_Piece((data,), "", line, column + 1))

    def handle_endtag(self, tag: str) -> None:
        if tag == "data" and self._open is not None:
            self._close()
        line, column = self.getpos()
        self.pieces.append(_Piece(("/", f"</{tag}>"), "", line, column + 1))

    def _close(self) -> None:
        if self._open is not None:
            figure, content, line, column = self._open
            self.pieces.append(_Piece((*content, self._text), figure, line, column + 1))
            self._open, self._text = None, ""


def page_differences(name: str, found: bytes, wanted: bytes) -> tuple[PackageDifference, ...]:
    """What differs between two HTML pages; never empty where the bytes differ."""
    if found == wanted:
        return ()
    mine, theirs = _cut(found), _cut(wanted)
    named: list[PackageDifference] = []
    for left, right in _pairs(mine, theirs):
        if len(named) == MOST_A_FILE:
            break
        one = left or right
        assert one is not None
        figure = (right.figure if right else "") or (left.figure if left else "")
        named.append(
            PackageDifference(
                "figure" if figure else "text",
                name,
                figure,
                _said(left, right),
                _said(right, left),
                line=one.line,
                column=one.column,
            )
        )
    return tuple(named) or line_differences(name, found, wanted)


def line_differences(name: str, found: bytes, wanted: bytes) -> tuple[PackageDifference, ...]:
    """Lines that differ between two texts, each with the column where they part; never empty where the bytes do."""
    if found == wanted:
        return ()
    mine, theirs = found.split(b"\n"), wanted.split(b"\n")
    named: list[PackageDifference] = []
    for start, end, wanted_start, wanted_end in _unlike_lines(mine, theirs):
        for step in range(max(end - start, wanted_end - wanted_start)):
            if len(named) == MOST_A_FILE:
                return tuple(named)
            left = mine[start + step] if start + step < end else b""
            right = theirs[wanted_start + step] if wanted_start + step < wanted_end else b""
            column = _parts_at(left, right)
            said, should = _around(left, column), _around(right, column)
            named.append(PackageDifference("text", name, "", said, should, line=start + step + 1, column=column + 1))
    return tuple(named)


def _unlike_lines(mine: Sequence[bytes], theirs: Sequence[bytes]) -> Iterator[tuple[int, int, int, int]]:
    if max(len(mine), len(theirs)) <= _ALIGNED_AT_MOST:
        matcher = difflib.SequenceMatcher(None, mine, theirs, autojunk=False)
        yield from ((a, b, c, d) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal")
        return
    # Too long to align: line against line.
    for row in range(max(len(mine), len(theirs))):
        if mine[row : row + 1] != theirs[row : row + 1]:
            yield row, min(row + 1, len(mine)), row, min(row + 1, len(theirs))


def _parts_at(left: bytes, right: bytes) -> int:
    """The first column at which two lines differ, from 0."""
    same = next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
    return min(len(left), len(right)) if same is None else same


def shown_figures(page: bytes) -> int:
    """How many places of a page show a figure or a recorded number."""
    return sum(1 for _ in _SHOWN.finditer(page))


def _cut(page: bytes) -> list[_Piece]:
    parser = _Pieces()
    parser.feed(page.decode("utf-8", "replace"))
    parser.close()
    return parser.pieces


def _pairs(mine: Sequence[_Piece], theirs: Sequence[_Piece]) -> Iterator[tuple[_Piece | None, _Piece | None]]:
    if len(mine) == len(theirs):
        yield from (pair for pair in zip(mine, theirs, strict=True) if pair[0].content != pair[1].content)
        return
    start = 0
    while start < min(len(mine), len(theirs)) and mine[start].content == theirs[start].content:
        start += 1
    stop = 0
    while stop < min(len(mine), len(theirs)) - start and mine[-1 - stop].content == theirs[-1 - stop].content:
        stop += 1
    left, right = mine[start : len(mine) - stop], theirs[start : len(theirs) - stop]
    if max(len(left), len(right)) > _ALIGNED_AT_MOST:
        yield (left[0] if left else None, right[0] if right else None)
        return
    matcher = difflib.SequenceMatcher(None, [a.content for a in left], [b.content for b in right], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            for step in range(max(b - a, d - c)):
                yield (left[a + step] if a + step < b else None, right[c + step] if c + step < d else None)


def _said(one: _Piece | None, other: _Piece | None) -> str:
    """What a piece shows; where the texts agree, all of it, so that the attribute that differs is seen."""
    if one is None:
        return ""
    text = " ".join(one.content) if other is not None and one.text == other.text else one.text
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _around(line: bytes, column: int) -> str:
    text = line[max(0, column - _LONGEST // 2) : column + _LONGEST // 2].decode("utf-8", "replace")
    return text.strip()
