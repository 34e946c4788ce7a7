"""The expected values of imported cases in, the kind of each field, its checks and the answer's schema out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from milo_bench.config.written import Problem
from milo_bench.core.amounts import RATIOS, lone_mark, parse_amount, ratio_sign
from milo_bench.suites.importing.importer import CheckEntry, Imported, ImportedCase, ValueReaders

_DATE: Final = re.compile(  # in figures; what has a month's name is told by the readers, who know the names
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ]{1,2}\d{1,2}[-/. ]{1,2}\d{2,4}|"
    r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$"
)
_NUMERIC_DATE: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](?:\d{4}|\d{2})")
_DAY_FIRST: Final = re.compile(
    r"\b(?:(?P<day>[dtjg]{1,2}[-/. ]m{1,2}|dmy)|(?P<month>m{1,2}[-/. ][dtjg]{1,2}|mdy))", re.IGNORECASE
)
_LEADING_ZERO: Final = re.compile(r"0\d")
_LONE: Final = re.compile(r"(\d[.,]\d{3})(?!\d)")
_DECIMALS: Final = re.compile(r"\d([.,])(?:\d{1,2}|\d{4,})(?=\D*$)")
_MOST: Final = 0.8  # of a column's values show what it is; the others are compared as they are written
_MANY: Final = 0.4  # of the values of a column that is compared as text
_UNIT: Final = re.compile(r"(?P<number>.*\d)\s*(?P<unit>[^\W\d_]{1,12}[²³]?)", re.DOTALL)
_UNIT_HEADING: Final = re.compile(
    r".*(?:[(\[]\s*(?P<in>[^()\[\]]{1,12}?)\s*[)\]]|\b(?:in|en|em)\s+(?P<word>\S{1,12}))", re.DOTALL
)
_NAMED: Final = {"percent": "percentages", "permille": "per mille"}
_NOT_THERE: Final = frozenset((  # in English, then in the other languages that the bench speaks
    "-", "--", "–", "—", "?", "na", "n/a", "n.a.", "#n/a", "none", "null", "nil", "unknown", "tbd", "tba", "nan",
    "not available", "not known", "not stated",
    "k.a.", "k. a.", "k.a", "n.v.", "#nv", "unbekannt", "keine", "entfällt", "keine angabe", "nicht bekannt",
    "nicht angegeben", "ohne angabe",
    "n.c.", "n.d.", "s.o.", "inconnu", "inconnue", "néant", "aucun", "aucune", "non communiqué", "non renseigné",
    "non précisé", "sans objet",
    "s/d", "n/d", "n/c", "desconocido", "desconocida", "ninguno", "ninguna", "no consta", "sin datos", "no procede",
    "no indicado",
    "sconosciuto", "sconosciuta", "nessuno", "nessuna", "non indicato", "non noto", "non disponibile",
    "onbekend", "geen", "n.v.t.", "nvt", "n.b.", "niet bekend", "niet vermeld", "niet opgegeven",
    "brak", "nieznany", "nieznana", "nieznane", "b.d.", "nie dotyczy", "nie podano", "brak danych",
    "desconhecido", "desconhecida", "nenhum", "nenhuma", "não consta", "sem dados", "não indicado", "não se aplica",
))  # fmt: skip


def field_checks(
    cases: Sequence[ImportedCase], fields: Sequence[str], result: Imported, readers: ValueReaders
) -> list[CheckEntry]:
    """The checks of a JSON answer with ``fields``; values that could be read in two ways are said."""
    kinds: dict[str, str] = {}
    units: dict[str, str] = {}
    month_first = False
    for name in fields:
        _empty_words(cases, name, result, readers)
        values = [value for value in _values(cases, name) if value is not None]
        if _are_dates(values, readers):
            kinds[name] = "date"
            month_first |= _has_month_first(values, name, result)
            _say_others([value for value in values if not is_date(value, readers)], values, name, "date", result)
        elif _are_amounts(values, readers):
            kinds[name] = "percent" if (unit := _unit_of(name)) == "%" else "number"
            if unit and unit != "%" and readers.amount(f"5 {unit}") is None:
                units[name] = unit
            _settle_marks(cases, name, result)
            if any(isinstance(value, str) for value in values):
                result.guesses.append(f"'{name}' is a column of numbers: 12.5 and '12.50' are the same answer")
            others = [value for value in values if not _is_amount(value, readers)]
            _say_others(others, values, name, "number", result)
        elif unit := _unit_in(values, readers):
            kinds[name], units[name] = "number", unit
            result.guesses.append(
                f"'{name}' is a column of numbers in {unit}: '12.5 {unit}' and 12.5 are the same answer"
            )
        elif kind := _ratio_kind(values, readers):
            kinds[name] = kind
            _leave_plain_numbers(cases, name, result)
            sign = RATIOS[kind]
            result.guesses.append(f"'{name}' is a column of {_NAMED[kind]}: '12.5{sign}' and 12.5 are the same answer")
        else:
            _say_text(values, name, readers, result)
    exact: dict[str, Any] = {"fields": list(fields)}
    if kinds:
        exact["kinds"] = kinds
    if units:
        exact["units"] = units
    if month_first:
        exact["day_first"] = False
    checks: list[CheckEntry] = ["answer_present", "json_reading", "schema", {"exact_fields": exact}]
    if any(value is None for name in fields for value in _values(cases, name)):
        checks.append("null_when_missing")
    return checks


def _empty_words(cases: Sequence[ImportedCase], name: str, result: Imported, readers: ValueReaders) -> None:
    """A dash or 'n/a' among dates and numbers says that there is none: the expected answer is null."""
    holders = [case.expect["fields"] for case in cases if case.expect]
    words = [holder for holder in holders if str(holder.get(name)).strip().casefold() in _NOT_THERE]
    words = [holder for holder in words if holder.get(name) is not None]
    others = [holder[name] for holder in holders if holder.get(name) is not None and holder not in words]
    if words and (_are_dates(others, readers) or _are_amounts(others, readers) or _ratio_kind(others, readers)):
        listed = ", ".join(sorted({f"'{holder[name]}'" for holder in words}))
        result.guesses.append(f"{listed} in '{name}' is read as empty ({len(words)} of {len(holders)} rows)")
        for holder in words:
            holder[name] = None


def _settle_marks(cases: Sequence[ImportedCase], name: str, result: Imported) -> None:
    """Read "1.250" as 1250 in a column where other values show that a comma begins decimals, and the like.

    Where they show both, no answer is compared with such a value. Where they show neither, that is said.
    """
    written = [case for case in cases if case.expect and isinstance(case.expect["fields"].get(name), str)]
    shown = {mark for case in written if (mark := shown_mark(case.expect["fields"][name]))}
    doubtful = [case for case in written if lone_mark(case.expect["fields"][name])]
    if not doubtful:
        return
    first = str(doubtful[0].expect["fields"][name])
    if not shown:
        said = f"'{name}' has values in doubt ({len(doubtful)}): {_either(first)}, and no row shows which"
        result.guesses.append(f"{said}. Give the workload a locale in suite.yaml, such as de-DE")
        return
    if len(shown) > 1:
        for case in doubtful:
            said = f"{_either(str(case.expect['fields'][name]))}: other rows of '{name}' are written both ways"
            _leave_out(case, name, said, result)
        return
    (decimal,) = shown
    for case in doubtful:
        value = str(case.expect["fields"][name])
        number = parse_amount(value, decimal="," if decimal == "," else ".")
        if lone_mark(value) != decimal:
            case.expect["fields"][name] = _LONE.sub(rf"\g<1>{decimal}00", value, count=1)
        elif number is not None:
            case.expect["fields"][name] = float(number)
    number = parse_amount(first, decimal="," if decimal == "," else ".")
    mark = "comma" if decimal == "," else "point"
    if number is not None:
        read = f"'{first}' in '{name}' is read as {number.normalize():f}"
        result.guesses.append(f"{read}, because other rows have a {mark} before decimals")


def _either(value: str) -> str:
    one, other = parse_amount(value, decimal="."), parse_amount(value, decimal=",")
    numbers = sorted(number for number in (one, other) if number is not None)
    return f"'{value}' could be {' or '.join(f'{number.normalize():f}' for number in numbers)}"


def _leave_out(case: ImportedCase, name: str, said: str, result: Imported) -> None:
    """No answer is compared with the expected value of ``name``."""
    way = "12.5%" if "percent" in said else "1250 or 1250.00"
    result.not_carried.append(Problem(case.place, said, f"no answer is compared with it. Write it as {way}."))
    case.expect["fields"].pop(name)
    if not case.expect["fields"]:
        case.expect.clear()


def shown_mark(value: str) -> str:
    """The point or comma before the decimals of a number that can be read in one way only; "" where it has none."""
    found = _DECIMALS.search(value)
    return found[1] if found and not lone_mark(value) and parse_amount(value) is not None else ""


def _values(cases: Sequence[ImportedCase], name: str) -> list[Any]:
    return [case.expect["fields"].get(name) for case in cases if case.expect.get("fields")]


def is_date(value: Any, readers: ValueReaders) -> bool:
    return isinstance(value, str) and (_DATE.match(value.strip()) is not None or readers.is_date(value))


def _are_dates(values: Iterable[Any], readers: ValueReaders) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and sum(is_date(value, readers) for value in given) >= _MOST * len(given)


def _are_amounts(values: Sequence[Any], readers: ValueReaders) -> bool:
    """Numbers, or texts that are numbers as people write them. Leading zeros are an identifier's."""
    if any(isinstance(value, str) and _LEADING_ZERO.match(value) for value in values):
        return False
    found = sum(_is_amount(value, readers) for value in values)
    return bool(values) and found >= _MOST * len(values) and not any(isinstance(value, bool) for value in values)


def _is_amount(value: Any, readers: ValueReaders) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float) or (isinstance(value, str) and readers.amount(value) is not None)


def _say_others(
    others: Sequence[Any], values: Sequence[Any], name: str, kind: Literal["date", "number"], result: Imported
) -> None:
    if others:
        said = f"'{str(others[0])[:60]}' in '{name}' is not a {kind} ({len(others)} of {len(values)} values)"
        result.not_carried.append(Problem(name, said, f"it is compared as text. Write a {kind}, or leave it empty."))


def _say_text(values: Sequence[Any], name: str, readers: ValueReaders, result: Imported) -> None:
    """Name a column that is compared as text although many of its values are numbers or dates."""
    if any(not isinstance(value, str | int | float) or isinstance(value, bool) for value in values):
        return
    shown = [str(value) for value in values]
    numbers = [value for value in shown if readers.amount(ratio_sign(value)[0]) is not None]
    zeros = [value for value in numbers if _LEADING_ZERO.match(value)]
    if zeros and len(numbers) == len(shown):
        first = f"'{zeros[0][:60]}' begins with zero"
        result.guesses.append(f"'{name}' is compared as text, because {first}: without it, it is another answer")
        return
    for kind, found in (("numbers", numbers), ("dates", [value for value in shown if is_date(value, readers)])):
        other = next((value for value in shown if value not in found), "")
        if len(found) >= 2 and len(found) >= _MANY * len(shown) and other:
            said = (
                f"'{name}' is compared as text: {len(found)} of {len(shown)} values are {kind}, '{other[:60]}' is not"
            )
            result.not_carried.append(Problem(name, said, f"write {kind} in every row, or leave the others empty."))
            return


def _unit_of(name: str) -> str:
    """The unit in a column's heading: ``weight (kg)``, ``share in %``; "" where there is none."""
    found = _UNIT_HEADING.fullmatch(name)
    return (found["in"] or found["word"] or "") if found else ""


def _unit_in(values: Sequence[Any], readers: ValueReaders) -> str:
    """The one unit that every text of a column has behind its number; "" where they have none or several."""
    found = [_UNIT.fullmatch(value.strip()) if isinstance(value, str) else None for value in values]
    units = {match["unit"] for match in found if match is not None and readers.amount(match["number"]) is not None}
    whole = all(match is not None and readers.amount(match["number"]) is not None for match in found)
    return units.pop() if whole and len(units) == 1 else ""


def _ratio_kind(values: Sequence[Any], readers: ValueReaders) -> str:
    """ "percent" or "permille" where most values have such a sign and the others are numbers; "" for other columns."""
    signs = [ratio_sign(value)[1] if isinstance(value, str) else "" for value in values]
    if sum(map(bool, signs)) <= len(signs) / 2 or any(isinstance(value, bool | list | dict) for value in values):
        return ""
    plain = [ratio_sign(value)[0] for value in values if isinstance(value, str)]
    if any(readers.amount(value) is None for value in plain):
        return ""
    return "permille" if set(signs) == {"permille"} else "percent"


def _leave_plain_numbers(cases: Sequence[ImportedCase], name: str, result: Imported) -> None:
    """Among percentages 0.125 may be 0.125% or 12.5%: no answer is compared with it."""
    for case in cases:
        value = case.expect.get("fields", {}).get(name)
        if value is not None and not (isinstance(value, str) and ratio_sign(value)[1]):
            _leave_out(case, name, f"'{value}' of '{name}' has no percent sign, and other rows have one", result)


def _has_month_first(values: Sequence[Any], name: str, result: Imported) -> bool:
    """Whether numeric dates are written with the month first; what cannot be told is said."""
    if day_first := _DAY_FIRST.search(name):
        return day_first["month"] is not None
    parts = [match for value in values if isinstance(value, str) and (match := _NUMERIC_DATE.fullmatch(value.strip()))]
    if all("." in match[0] for match in parts):
        return False  # with stops the day is always first
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


def field_schema(cases: Sequence[ImportedCase], fields: Sequence[str], readers: ValueReaders) -> dict[str, Any]:
    """The JSON Schema of an answer with ``fields``, each of them a value of its column's kinds or null."""
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    properties = {}
    for name in fields:
        types = sorted({kinds[type(value)] for value in _values(cases, name) if type(value) in kinds}) or ["string"]
        values = [value for value in _values(cases, name) if value is not None]
        if _are_amounts(values, readers) or _ratio_kind(values, readers) or _unit_in(values, readers):
            types = sorted({*types, "number", "string"} - {"integer"})
        properties[name] = {"type": [*types, "null"]}
    return {"type": "object", "properties": properties, "required": list(fields), "additionalProperties": False}
