"""Cells of columns with expected values in, what they mean out: JSON, true and false, a spreadsheet's day numbers.

What a whole column shows is read so, and said.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from milo_bench.config.written import Problem
from milo_bench.suites.importing.importer import Imported

_TRUE: Final = frozenset(("true", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "prawda"))
_FALSE: Final = frozenset(("false", "falsch", "faux", "falso", "onwaar", "fałsz"))
_DAY_HEADING: Final = re.compile(
    r"\b(?:dated?|fecha|data|day|tag|received|eingang|fällig|échéance|vencimiento|vencimento|scadenza|termin)\b"
    r"|datum\b|dag\b",
    re.IGNORECASE,
)
_DAYS: Final = range(20_000, 80_000)  # 1954 to 2119, as spreadsheets count days
_FIRST_DAY: Final = datetime.date(1899, 12, 30)
_SHORTENED: Final = re.compile(r"(\d)(?:[.,](\d+))?E\+?(\d{2,})", re.IGNORECASE)


class CellRow(Protocol):
    """A row of a table, whose values may be replaced."""

    @property
    def values(self) -> dict[str, Any]: ...

    @property
    def place(self) -> str: ...


def read_cells(rows: Sequence[CellRow], columns: Iterable[str], result: Imported) -> None:
    """Replace the cells of each of ``columns`` by what they mean."""
    for column in columns:
        written = [value for row in rows if (value := row.values.get(column)) not in (None, "")]
        read: Mapping[str, Any] = {}
        said = ""
        if written and all(isinstance(value, str) for value in written):
            read, said = _meant(column, written)
        if not read:
            continue
        for row in rows:
            value = row.values.get(column)
            if value in (None, ""):
                row.values[column] = None
            else:
                row.values[column] = read[value]
        result.guesses.append(said)


def say_shortened(rows: Sequence[CellRow], columns: Iterable[str], result: Imported) -> None:
    """Name numbers of which a spreadsheet has left out the last digits, such as 1,23E+11."""
    for column in columns:
        lost = [row for row in rows if _is_shortened(row.values.get(column))]
        if lost:
            shown = str(lost[0].values[column])
            said = (
                f"'{shown}' in '{column}' was shortened by a spreadsheet ({len(lost)} rows): its last digits are lost"
            )
            result.not_carried.append(Problem(lost[0].place, said, "format the column as text, and export it again."))


def _meant(column: str, written: Sequence[str]) -> tuple[Mapping[str, Any], str]:
    """What each text of a column is, and a sentence on it; nothing where the texts are texts."""
    folded = {value: value.strip().casefold() for value in written}
    if set(folded.values()) <= _TRUE | _FALSE:
        shown = ", ".join(f"'{value}'" for value in dict.fromkeys(written))
        return {value: plain in _TRUE for value, plain in folded.items()}, f"{shown} in '{column}' are true and false"
    if all(value.strip()[:1] in ("{", "[") for value in written):
        found = {value: _json(value) for value in written}
        if all(value is not None for value in found.values()):
            return found, f"'{column}' is a column of JSON"
    if _DAY_HEADING.search(column) and all(value.strip().isdecimal() and int(value) in _DAYS for value in written):
        days = {value: (_FIRST_DAY + datetime.timedelta(days=int(value))).isoformat() for value in written}
        first = written[0]
        return days, f"'{column}' has a spreadsheet's day numbers: {first} is read as {days[first]}"
    return {}, ""


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _is_shortened(value: Any) -> bool:
    match = _SHORTENED.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 40 else None
    return match is not None and int(match[3]) > len(match[2] or "")
