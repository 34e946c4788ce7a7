"""The expected values of imported cases in, the kind of each field, its checks and the answer's schema out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from milo_bench.config.written import Problem
from milo_bench.core.amounts import lone_mark, parse_amount
from milo_bench.suites.importing.importer import CheckEntry, Imported, ImportedCase

_MONTH: Final = r"[^\W\d_]{3,10}"
_DATE: Final = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ]{1,2}\d{1,2}[-/. ]{1,2}\d{2,4}|"
    rf"\d{{1,2}}(?:st|nd|rd|th)?[-/. ]{{0,2}}(?:of )?{_MONTH}\b[-/., ]*(?:\d{{4}}|\d{{2}})\b|"
    rf"{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b"
)
_NUMERIC_DATE: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](?:\d{4}|\d{2})")
_LEADING_ZERO: Final = re.compile(r"0\d")
_LONE: Final = re.compile(r"(\d[.,]\d{3})(?!\d)")
_DECIMALS: Final = re.compile(r"\d([.,])(?:\d{1,2}|\d{4,})(?=\D*$)")
_NOT_THERE: Final = frozenset(
    ("-", "--", "–", "—", "?", "na", "n/a", "n.a.", "#n/a", "none", "null", "nil", "unknown", "k.a.", "k. a.", "keine")
)


def field_checks(cases: Sequence[ImportedCase], fields: Sequence[str], result: Imported) -> list[CheckEntry]:
    kinds: dict[str, str] = {}
    month_first = False
    for name in fields:
        _empty_words(cases, name, result)
        values = [value for value in _values(cases, name) if value is not None]
        if _are_dates(values):
            kinds[name] = "date"
            month_first |= _has_month_first(values, name, result)
        elif _are_amounts(values):
            kinds[name] = "number"
            _settle_marks(cases, name, result)
            if any(isinstance(value, str) for value in values):
                result.guesses.append(f"'{name}' is a column of numbers: 12.5 and '12.50' are the same answer")
        elif _are_percentages(values):
            kinds[name] = "percent"
            result.guesses.append(f"'{name}' is a column of percentages: '12.5%' and 12.5 are the same answer")
    exact: dict[str, Any] = {"fields": list(fields)}
    if kinds:
        exact["kinds"] = kinds
    if month_first:
        exact["day_first"] = False
    checks: list[CheckEntry] = ["answer_present", "json_reading", "schema", {"exact_fields": exact}]
    if any(value is None for name in fields for value in _values(cases, name)):
        checks.append("null_when_missing")
    return checks


def _empty_words(cases: Sequence[ImportedCase], name: str, result: Imported) -> None:
    """A dash or 'n/a' among dates and numbers says that there is none: the expected answer is null."""
    holders = [case.expect["fields"] for case in cases if case.expect]
    words = [holder for holder in holders if str(holder.get(name)).strip().casefold() in _NOT_THERE]
    words = [holder for holder in words if holder.get(name) is not None]
    others = [holder[name] for holder in holders if holder.get(name) is not None and holder not in words]
    if words and (_are_dates(others) or _are_amounts(others) or _are_percentages(others)):
        listed = ", ".join(sorted({f"'{holder[name]}'" for holder in words}))
        result.guesses.append(f"{listed} in '{name}' is read as empty ({len(words)} of {len(holders)} rows)")
        for holder in words:
            holder[name] = None


def _settle_marks(cases: Sequence[ImportedCase], name: str, result: Imported) -> None:
    """Write "1.250" as "1.250,00" in a column where other values show that a comma begins decimals, and the like."""
    holders = [
        case.expect["fields"] for case in cases if case.expect and isinstance(case.expect["fields"].get(name), str)
    ]
    shown = {mark for holder in holders if (mark := _shown_mark(holder[name]))}
    doubtful = [holder for holder in holders if lone_mark(holder[name])]
    if len(shown) != 1 or not doubtful:
        return
    (decimal,) = shown
    first = doubtful[0][name]
    for holder in doubtful:
        zeros = "0" if lone_mark(holder[name]) == decimal else f"{decimal}00"
        holder[name] = _LONE.sub(rf"\g<1>{zeros}", holder[name], count=1)
    result.guesses.append(f"'{first}' in '{name}' is {doubtful[0][name]}, as other rows are written")


def _shown_mark(value: str) -> str:
    """What begins decimals in a number that can be read in one way only; "" where it has no decimals."""
    found = _DECIMALS.search(value)
    return found[1] if found and not lone_mark(value) and parse_amount(value) is not None else ""


def _values(cases: Sequence[ImportedCase], name: str) -> list[Any]:
    return [case.expect["fields"].get(name) for case in cases if case.expect]


def _are_dates(values: Iterable[Any]) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and sum(isinstance(v, str) and bool(_DATE.match(v.strip())) for v in given) >= 0.9 * len(given)


def _are_amounts(values: Sequence[Any]) -> bool:
    """Numbers, or texts that are numbers as people write them. Leading zeros are an identifier's."""

    def is_amount(value: Any) -> bool:
        if isinstance(value, bool):
            return False
        if isinstance(value, int | float):
            return True
        return isinstance(value, str) and not _LEADING_ZERO.match(value) and parse_amount(value) is not None

    return bool(values) and all(is_amount(value) for value in values)


def _are_percentages(values: Sequence[Any]) -> bool:
    return bool(values) and all(
        isinstance(value, str) and value.strip().endswith("%") and parse_amount(value.strip()[:-1]) is not None
        for value in values
    )


def _has_month_first(values: Sequence[Any], name: str, result: Imported) -> bool:
    """Whether numeric dates are written with the month first; what cannot be told is said."""
    parts = [match for value in values if isinstance(value, str) and (match := _NUMERIC_DATE.fullmatch(value.strip()))]
    firsts = {int(match[1]) > 12 for match in parts if int(match[1]) > 12 or int(match[2]) > 12}
    if firsts == {True, False}:
        said = f"dates of '{name}' have the day first in some rows and the month first in others"
        result.not_carried.append(Problem(name, said, "write all of them as 2025-12-28."))
    elif firsts == {False}:
        example = next(match[0] for match in parts if int(match[2]) > 12)
        result.guesses.append(f"dates of '{name}' have the month first, as in {example}")
        return True
    elif parts and not firsts:
        said = f"dates of '{name}' are read with the day first. No row shows whether that is right"
        result.not_carried.append(Problem(name, said, "write them as 2025-12-28, or set day_first in suite.yaml."))
    return False


def field_schema(cases: Sequence[ImportedCase], fields: Sequence[str]) -> dict[str, Any]:
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    properties = {}
    for name in fields:
        types = sorted({kinds[type(value)] for value in _values(cases, name) if type(value) in kinds}) or ["string"]
        values = [value for value in _values(cases, name) if value is not None]
        if _are_amounts(values) or _are_percentages(values):
            types = sorted({*types, "number", "string"} - {"integer"})
        properties[name] = {"type": [*types, "null"]}
    return {"type": "object", "properties": properties, "required": list(fields), "additionalProperties": False}
