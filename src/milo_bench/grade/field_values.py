"""A field's value in, its comparable form out: dates as ISO, numbers as decimals, text with its spaces made alike."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from milo_bench.core.amounts import ratio_sign
from milo_bench.guards.dates import normalise_date
from milo_bench.guards.quotes import plain_typography
from milo_bench.guards.values.amounts import read_amount

ValueKind: TypeAlias = Literal["text", "date", "number", "percent", "permille", "exact"]

ABSENT: Final = object()  # the key is not there, which is not the same as null

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_NOT_WORD = re.compile(r"[^\w\s]|_")


class Likeness(NamedTuple):
    """What two values of one field may differ in and still be the same."""

    kind: ValueKind = "text"
    whitespace: bool = True
    casefold: bool = False
    punctuation: bool = False
    day_first: bool = True
    languages: tuple[str, ...] = ("en",)
    unit: str = ""  # of numbers: "12 kg" is 12 where it is kg
    locale: str = ""  # "de-DE", or the language that the text around is in; "" reads numbers as English does


def kind_of(gold: Any) -> ValueKind:
    """date for an ISO date, number for a number, text for other text, exact for the rest."""
    if isinstance(gold, str):
        return "date" if _ISO.fullmatch(gold) else "text"
    if isinstance(gold, int | float) and not isinstance(gold, bool):
        return "number"
    return "exact"


def comparable(value: Any, likeness: Likeness) -> object:
    """A form that is equal exactly where two values count as the same. A date that is none stays
    apart from every date; a number may be written as text, with a sign, a currency and parted thousands; 12.5 is
    12.5 percent, or per mille where that is the kind.
    """
    if isinstance(value, str):
        value = unicodedata.normalize("NFC", value)  # an accent written apart is the same letter
        if likeness.kind == "date":
            found = normalise_date(value, day_first=likeness.day_first, languages=likeness.languages)
            return found or ("no date", value)
        if likeness.kind in ("percent", "permille"):
            return _ratio(value, likeness)
        if likeness.kind == "number":
            return _number(_without_unit(value, likeness.unit), likeness.locale)
        return value if likeness.kind == "exact" else _text(value, likeness)
    if (
        likeness.kind in ("number", "percent", "permille")
        and isinstance(value, int | float)
        and not isinstance(value, bool)
    ):
        return _number(str(value), "")
    # True == 1 and 1 == 1.0 in Python, and not in JSON: the type is part of the form.
    return (type(value).__name__, value) if not isinstance(value, int | float) else (isinstance(value, bool), value)


@lru_cache(maxsize=16_384)
def _text(value: str, likeness: Likeness) -> str:
    value = plain_typography(value)  # a program that sets type writes ’ for ', and ‑ for -
    if likeness.punctuation:
        value = _NOT_WORD.sub(" ", value)
    if likeness.casefold:
        value = value.casefold()
    return " ".join(value.split()) if likeness.whitespace or likeness.punctuation else value


def _without_unit(value: str, unit: str) -> str:
    plain = value.strip()
    cut = len(plain) - len(unit)
    return plain[:cut].rstrip() if unit and plain[cut:].casefold() == unit.casefold() else value


def _ratio(value: str, likeness: Likeness) -> object:
    """The number in the kind's own unit; one without a sign is in it already."""
    written, sign = ratio_sign(value)
    number = _number(written, likeness.locale)
    if sign and sign != likeness.kind and isinstance(number, Decimal):
        return number / 10 if sign == "permille" else number * 10
    return number


@lru_cache(maxsize=16_384)
def _number(value: str, locale: str) -> object:
    amount = read_amount(value, locale=locale)
    return ("no number", value) if amount is None else amount
