"""A text of any script and a width in, its lines for a terminal out: nothing cut, each kept in its own direction."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from milo_bench.report.terminal.console import END_OF_ISOLATE, ISOLATE, ISOLATION

_RIGHT_TO_LEFT: Final = ("R", "AL", "AN")
_NEVER_FIRST: Final = frozenset("。、，．・：；？！」』）】〉》〕］｝ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ")


def in_lines(text: Text, width: int, console: Console) -> Text:
    """``text`` broken to ``width`` columns; a run without blanks, as in Japanese, is broken where the line is full.

    No line begins with a mark that ends something in Chinese or Japanese: its last character comes along.
    """
    lines = [line for part in text.split("\n", allow_blank=True) for line in _lines_of(part, width, console)]
    return Text("\n", overflow="fold").join(map(_isolated, lines))


def _lines_of(part: Text, width: int, console: Console) -> Iterator[Text]:
    left = list(part.wrap(console, width, overflow="fold"))
    while left:
        line = left.pop(0)
        if line.cell_len > width:  # something was put before it
            *whole, rest = line.wrap(console, width, overflow="fold")
            if left and _is_wide(rest.plain[-1:]) and _is_wide(left[0].plain[:1]):
                left[0] = Text.assemble(rest, left[0])
            else:
                left.insert(0, rest)
            left = [*whole, *left]
        elif left and left[0].plain[:1] in _NEVER_FIRST and len(line.plain) > 1:
            left[0] = Text.assemble(line[-1:], left[0])
            yield line[:-1]
        else:
            yield line


def _is_wide(mark: str) -> bool:
    return bool(mark) and unicodedata.east_asian_width(mark) in "WF"


def _isolated(line: Text) -> Text:
    if not any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in line.plain):
        return line
    return Text.assemble((ISOLATE, ISOLATION), line, (END_OF_ISOLATE, ISOLATION))
