"""A JSON answer of extracted facts in, its rows in one plain form out."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_LINE = re.compile(r"\d{1,6}")


class FactRow(NamedTuple):
    """``numbers``: the lines that the row names; ``hedged``: left to human review's wording, and not called certain."""

    fact: str
    numbers: tuple[int, ...]
    confidence: str
    needs_human_wording: bool

    @property
    def hedged(self) -> bool:
        return self.needs_human_wording and self.confidence != "high"


def read_rows(answer: Any, key: str) -> tuple[FactRow, ...]:
    """The rows under ``key``; what is no row is left to the schema's check."""
    rows = answer.get(key) if isinstance(answer, dict) else None
    found = []
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or not isinstance(row.get("fact"), str):
            continue
        line = row.get("source_line")
        numbers = tuple(int(number) for number in _LINE.findall(str(line))) if isinstance(line, str | int) else ()
        found.append(
            FactRow(row["fact"], numbers, str(row.get("confidence", "")), row.get("needs_human_wording") is True)
        )
    return tuple(found)
