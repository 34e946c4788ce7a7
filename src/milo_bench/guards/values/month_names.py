"""A date written out in words of some language in, its parts out, by the months and small words of ``packs/dates``."""

from __future__ import annotations

import re
from typing import NamedTuple

from milo_bench.core.once import once
from milo_bench.guards.languages.marks import folded
from milo_bench.guards.packs.read import languages_of, read_pack, words

_TOKEN = re.compile(
    r"(?P<number>\d{1,4})|(?P<word>[^\W\d_]+(?:-[^\W\d_]+)?)|(?P<mark>[\s.,/()º°ªᵉʳ'’-]+)|(?P<other>.)", re.S
)


_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


def _languages_of_months(text: str) -> set[str]:
    """The languages that have a month's name in ``text`` as one of theirs, where no other has it."""
    names = {folded(word) for word in re.findall(r"[^\W\d_]{3,}", text)}
    told = [{language for language in languages_of("dates") if name in months_in(language)} for name in names]
    return {language for found in told if len(found) == 1 for language in found}


class WrittenDate(NamedTuple):
    """Year, month and day as digits, or the year with two digits."""

    year: str
    month: int
    day: str


@once
def month_of() -> dict[str, int]:
    """The number of the month by each of its names and short forms, of all languages."""
    return {name: month for language in languages_of("dates") for name, month in months_in(language).items()}


@once
def months_in(language: str) -> dict[str, int]:
    """The number of the month by its names and short forms in one language, folded."""
    rows = read_pack("dates", language).get("months", ())
    return {folded(name): month for month, names in enumerate(rows, 1) for name in names.split()}


@once
def weekdays() -> frozenset[str]:
    return frozenset(folded(day) for language in languages_of("dates") for day in words("dates", language, "weekdays"))


@once
def _silent() -> frozenset[str]:
    found: set[str] = set(weekdays())
    for language in languages_of("dates"):
        for name in ("ordinals", "between", "before", "after"):
            found |= {folded(word.strip(".'’")) for word in words("dates", language, name)}
    return frozenset(found)


@once
def _is_until(word: str, language: str) -> bool:
    """Whether a short name of a weekday ("do" in Dutch) is a word in ``language`` that begins or ends a span."""
    return word in words("dates", language, "span")


def read_written(text: str, *, day_first: bool, languages: tuple[str, ...] = ()) -> WrittenDate | None:
    """The one date that ``text`` is: two numbers with a month's name, or three numbers with words beside them.

    A word that is a weekday in one language and "until" in another is the latter beside a month of that language, or
    where the text is in one of ``languages``.
    """
    told = {*languages, *_languages_of_months(text)}
    numbers: list[str] = []
    names: list[int] = []
    either = 0  # "mar" is a weekday and a month, "III" a number and a month
    for match in _TOKEN.finditer(text):
        if match["other"] or (match["mark"] and match["mark"].count("-") > 1):
            return None
        if match["number"]:
            numbers.append(match["number"])
        elif match["word"]:
            word = folded(match["word"]).strip("ᵉʳ")
            if (month := month_of().get(word)) is not None:
                if word in weekdays():
                    either = month
                else:
                    names.append(month)
            elif any(_is_until(word, language) for language in told):
                return None
            elif match["word"] in _ROMAN and len(numbers) == 1 and not either:
                either = _ROMAN.index(match["word"]) + 1
            elif word and word not in _silent():
                return None
    if not names and either:
        names = [either]
    if len(numbers) == 2 and len(names) == 1:
        first, last = numbers
        if len(first) == 4:
            return WrittenDate(first, names[0], last) if len(last) <= 2 else None
        return WrittenDate(last, names[0], first) if len(first) <= 2 and len(last) in (2, 4) else None
    if len(numbers) == 3 and not names:
        return _of_numbers(numbers, day_first)
    return None


def _of_numbers(numbers: list[str], day_first: bool) -> WrittenDate | None:
    first, second, third = numbers
    if len(first) == 4 and len(second) <= 2 and len(third) <= 2:
        return WrittenDate(first, int(second), third)
    if len(third) not in (2, 4) or len(first) > 2 or len(second) > 2:
        return None
    return WrittenDate(third, int(second), first) if day_first else WrittenDate(third, int(first), second)
