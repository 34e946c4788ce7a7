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
from milo_bench.core.amounts import lone_mark
from milo_bench.suites.importing.field_kinds import is_date, shown_mark
from milo_bench.suites.importing.importer import Imported, ValueReaders

_TRUE: Final = frozenset(("true", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "prawda"))
_FALSE: Final = frozenset(("false", "falsch", "faux", "falso", "onwaar", "fałsz"))
_DAY_HEADING: Final = re.compile(
    r"\b(?!candidate|kandidat|mandat|updat)\w*(?:date|datum|tag|dag)s?\b|"
    r"\b(?:fecha|data|dated|day|received|due|deadline|born|birth|from|until|eingang|eingegangen|fällig\w*|frist|termin|"
    r"geburt|gültig\w*|ab|bis|échéance|reçu\w*|vencimiento|vencimento|nacimiento|scadenza)\b",
    re.IGNORECASE,
)
_DAYS: Final = range(20_000, 80_000)  # 1954 to 2119, as spreadsheets count days
_LONE_NUMBER: Final = re.compile(r"(\d+)[.,](\d{3})(?!\d)")
_OTHER_MARKS: Final = str.maketrans(".,", ",.")
_FIRST_DAY: Final = datetime.date(1899, 12, 30)
_SHORTENED: Final = re.compile(r"(\d)(?:[.,](\d+))?E\+?(\d{2,})", re.IGNORECASE)


class CellRow(Protocol):
    """A row of a table, whose values may be replaced."""

    @property
    def values(self) -> dict[str, Any]: ...

    @property
    def place(self) -> str: ...

    @property
    def numbers(self) -> Mapping[str, float]: ...


def read_cells(rows: Sequence[CellRow], columns: Iterable[str], result: Imported, readers: ValueReaders) -> None:
    """Replace the cells of each of ``columns`` by what they mean."""
    for column in columns:
        _settle_numbers(rows, column)
        written = [value for row in rows if (value := row.values.get(column)) not in (None, "")]
        read: Mapping[Any, Any] = {}
        said = ""
        if written and all(isinstance(value, str) for value in written):
            read, said = _meant(column, written, readers)
        elif written:
            read, said = _days(column, written, readers)
        if not read:
            continue
        for row in rows:
            value = row.values.get(column)
            if value in (None, ""):
                row.values[column] = None
            else:
                row.values[column] = read.get(value, value)
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


def _meant(column: str, written: Sequence[str], readers: ValueReaders) -> tuple[Mapping[Any, Any], str]:
    """What each text of a column is, and a sentence on it; nothing where the texts are texts."""
    folded = {value: value.strip().casefold() for value in written}
    if set(folded.values()) <= _TRUE | _FALSE:
        shown = ", ".join(f"'{value}'" for value in dict.fromkeys(written))
        return {value: plain in _TRUE for value, plain in folded.items()}, f"{shown} in '{column}' are true and false"
    if all(value.strip()[:1] in ("{", "[") for value in written):
        found = {value: _json(value) for value in written}
        if all(value is not None for value in found.values()):
            return found, f"'{column}' is a column of JSON"
    return _days(column, written, readers)


def _days(column: str, written: Sequence[Any], readers: ValueReaders) -> tuple[Mapping[Any, Any], str]:
    """The dates that day numbers are, in a column that is named after days and has nothing but these and dates."""
    if not _DAY_HEADING.search(column) or not all(isinstance(value, str | int) for value in written):
        return {}, ""
    days = {value: _day(value) for value in written if not is_date(value, readers)}
    if not days or not all(days.values()):
        return {}, ""
    first = next(iter(days))
    return days, f"'{column}' has a spreadsheet's day numbers: {first} is read as {days[first]}"


def _day(value: Any) -> str:
    """2025-12-28 for 46019; "" for what is no number of a day near ours."""
    plain = value.strip() if isinstance(value, str) else value
    number = int(plain) if isinstance(plain, int) or (isinstance(plain, str) and plain.isdecimal()) else 0
    return (_FIRST_DAY + datetime.timedelta(days=number)).isoformat() if number in _DAYS else ""


def _settle_numbers(rows: Sequence[CellRow], column: str) -> None:
    """Write what number cells show as texts of the column are written, and so that it is one number alone.

    A spreadsheet of a German office shows 7575.91 as "7.575,91 €", and its file says "#,##0.00 €".
    """
    texts = [value for row in rows if column not in row.numbers and isinstance(value := row.values.get(column), str)]
    marks = {mark for value in texts if (mark := shown_mark(value))}
    for row in rows:
        shown, number = row.values.get(column), row.numbers.get(column)
        if number is None or not isinstance(shown, str):
            continue
        shown = _certain(shown, number)
        if marks == {","} and shown_mark(shown) == ".":
            shown = shown.translate(_OTHER_MARKS)
        row.values[column] = shown


def _certain(shown: str, number: float) -> str:
    """ "1250 €" for "1,250 €" behind which 1250 is, and "1.2500" for "1.250": each can be read in one way only."""
    mark, lone = lone_mark(shown), _LONE_NUMBER.search(shown)
    if not mark or lone is None:
        return shown
    times = 100 if "%" in shown else 1000 if "‰" in shown else 1
    grouped = round(abs(number) * times) == int(lone[1] + lone[2])
    return _LONE_NUMBER.sub(r"\1\2" if grouped else rf"\1{mark}\g<2>0", shown, count=1)


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _is_shortened(value: Any) -> bool:
    match = _SHORTENED.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 40 else None
    return match is not None and int(match[3]) > len(match[2] or "")
