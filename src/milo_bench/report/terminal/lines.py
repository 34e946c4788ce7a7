"""A text of any script and a width in, its lines for a terminal out: nothing cut, each kept in its own direction."""

from __future__ import annotations

import unicodedata
from typing import Final

from rich.console import Console
from rich.text import Text

from milo_bench.report.terminal.console import END_OF_ISOLATE, ISOLATE, ISOLATION

_RIGHT_TO_LEFT: Final = ("R", "AL", "AN")


def in_lines(text: Text, width: int, console: Console) -> Text:
    """``text`` broken to ``width`` columns; a run without blanks, as in Japanese, is broken where the line is full."""
    lines = text.wrap(console, width, overflow="fold")
    return Text("\n", overflow="fold").join(map(_isolated, lines))


def _isolated(line: Text) -> Text:
    if not any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in line.plain):
        return line
    return Text.assemble((ISOLATE, ISOLATION), line, (END_OF_ISOLATE, ISOLATION))
