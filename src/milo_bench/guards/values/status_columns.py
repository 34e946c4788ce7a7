"""A Markdown table in, whether a word in it is the value of its column of statuses out."""

from __future__ import annotations

import re
from typing import Final, Literal

_WORD: Final = re.compile(r"\w")
_RULE: Final = re.compile(r"(?=[^-]*+-)[|\s:-]++")  # under a table's head
_STATUS_CELL: Final = re.compile(r"\b(?:status|state|stage)\b", re.IGNORECASE)
_MOST_ROWS: Final = 40
_MOST_ROW_CHARS: Final = 1_000


def in_status_column(text: str, start: int, end: int) -> Literal["current", "change"] | None:
    """What a wording alone in its cell is, in a table with a column of statuses: of several rows the last counts."""
    line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    left, right = text.rfind("|", line_start, start), text.find("|", end, line_end)
    if right < 0 or _WORD.search(text, max(left, line_start), start) or _WORD.search(text, end, right):
        return None
    above = _rows_before(text, line_start)
    rule = next((number for number, row in enumerate(above) if _RULE.fullmatch(row)), None)
    if rule is None or rule + 1 >= len(above):
        return None
    cells = above[rule + 1].strip().strip("|").split("|")
    column = text[line_start:start].lstrip().removeprefix("|").count("|")
    if column >= len(cells) or not _STATUS_CELL.search(cells[column]):
        return None
    is_only = rule == 0 and text[line_end + 1 : line_end + 2] != "|"
    return "current" if is_only else "change"


def _rows_before(text: str, line_start: int) -> list[str]:
    """The rows of the table above the line, the nearest first, to just above its rule."""
    rows: list[str] = []
    end = line_start - 1
    while end > 0 and len(rows) < _MOST_ROWS and not (len(rows) > 1 and _RULE.fullmatch(rows[-2])):
        begin = text.rfind("\n", max(0, end - _MOST_ROW_CHARS), end) + 1
        row = text[begin:end]
        if "|" not in row:
            break
        rows.append(row.strip())
        end = begin - 1
    return rows
