"""Lines of print with their places on a page in, blocks in the order in which people read them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

_LEAST_LINES: Final = 3  # of each column of prose
_LEAST_WORDS: Final = 3  # of a line in one: the cells of a table have fewer
_LEAST_LETTERS: Final = 12  # of a line in a script without spaces
_FILLED: Final = 0.55  # of a column's width: lines of prose end near its edge
_PLACES: Final = 41  # where a gap between columns is looked for
_MOST_ACROSS: Final = 0.35  # of the lines, such as a heading over both columns
_MARGIN: Final = 0.25  # of the page, in which no gap between two columns is


@dataclass(frozen=True)
class Box:
    """A line of print: its edges in pixels, what it says, and the reader's confidence in that, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float
    text: str
    confidence: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def rows_in_order(boxes: Sequence[Box]) -> list[list[Box]]:
    """Rows from the top down, each from left to right. Two columns of prose are read one after the other.

    A table keeps its rows: the lines of its columns are short.
    """
    return [row for block in _blocks(boxes) for row in _rows(block)]


def _blocks(boxes: Sequence[Box]) -> list[list[Box]]:
    gap = _gap(boxes)
    if gap is None:
        return [list(boxes)]
    blocks: list[list[Box]] = []
    band: list[Box] = []

    def close() -> None:
        left, right = [one for one in band if one.right <= gap], [one for one in band if one.left >= gap]
        blocks.extend([left, right] if _is_prose(left) and _is_prose(right) else [list(band)])
        band.clear()

    for box in sorted(boxes, key=lambda one: one.middle):
        if box.left < gap < box.right:
            close()
            blocks.append([box])
        else:
            band.append(box)
    close()
    return [block for block in blocks if block]


def _gap(boxes: Sequence[Box]) -> float | None:
    """Where two columns are apart: the middle of the places that few lines cross; None for a page with one column."""
    if len(boxes) < 2 * _LEAST_LINES:
        return None
    start, end = min(box.left for box in boxes), max(box.right for box in boxes)
    step = (end - start) * (1 - 2 * _MARGIN) / (_PLACES - 1)
    places = [start + (end - start) * _MARGIN + number * step for number in range(_PLACES)]
    crossed = [sum(box.left < place < box.right for box in boxes) for place in places]
    least = min(crossed)
    if least > _MOST_ACROSS * len(boxes):
        return None
    free = [place for place, count in zip(places, crossed, strict=True) if count == least]
    return free[len(free) // 2]


def _is_prose(column: Sequence[Box]) -> bool:
    if len(column) < _LEAST_LINES:
        return False
    width = max(box.right for box in column) - min(box.left for box in column)
    long = [len(box.text.split()) >= _LEAST_WORDS or _is_long_without_spaces(box.text) for box in column]
    return 2 * sum(long) > len(long) and median(box.right - box.left for box in column) >= _FILLED * width


def _is_long_without_spaces(text: str) -> bool:
    return len(text) >= _LEAST_LETTERS and any(ord(letter) > 0x2E80 for letter in text)


def _rows(boxes: Sequence[Box]) -> list[list[Box]]:
    """Boxes whose middles are on one level, from left to right; the rows from the top down."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda one: one.middle):
        last = rows[-1] if rows else []
        if last and last[0].top < box.middle < last[0].bottom:
            last.append(box)
        else:
            rows.append([box])
    return [sorted(row, key=lambda one: one.left) for row in rows]
