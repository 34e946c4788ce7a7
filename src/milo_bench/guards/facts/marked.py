"""A text in, what its facts can be made of out, so that a text that cannot state a fact is not read for it.

Whatever is asked here is answered yes where the text might state the fact by any rule of any language, and no only
where it cannot: a date needs the figure of its day or year, an amount its digits in order or a number in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from milo_bench.core.once import once
from milo_bench.guards.facts.abroad import shares_of
from milo_bench.guards.facts.english import NUMBER_WORDS, ORDINALS, TIMES_IN_UNIT, UNIT_WORDS
from milo_bench.guards.facts.implied import lengths_of
from milo_bench.guards.packs.read import languages_of, read_pack, words
from milo_bench.guards.values.month_names import months_in
from milo_bench.guards.values.number_words import halves, number_words, parts_of_number_words, words_for_one

# Letters of Europe's languages, in which lower case is one letter for one, with their usual marks. Of any other text
# nothing is told but that it must be read: its digits and letters may be written in other ways.
_USUAL: Final = re.compile(
    "[\x00-\u00ac\u00ae-\u012f\u0132-\u0148\u014a-\u017e\u2010-\u2027\u2030-\u203f\u20a0-\u20bf]*"
)
_FIGURES: Final = re.compile(r"[0-9]+")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_PARTED: Final = re.compile(r"[\s_‐-]+")
# More digits than a decimal keeps exactly, so that they are not those of the amount.
_MOST_DIGITS: Final = 20
_LONG_NUMBER: Final = re.compile(rf"\d(?:\W?\d){{{_MOST_DIGITS}}}")


class Marks(NamedTuple):
    """``figures`` are a text's runs of digits, a space before and behind each; ``digits`` are they on end.

    ``values``: its numbers in words of one word each, as plain decimals, in any language. ``joined``: it may have one
    of several words. ``measures``: it may have a share or a length of time without a number ("half", "a week").
    ``months``: those that it names, in any language. ``unusual``: nothing is told of it.
    """

    figures: str
    digits: str
    months: frozenset[int]
    values: frozenset[str]
    joined: bool
    measures: bool
    unusual: bool


May: TypeAlias = Callable[[Marks], bool]
_NO_MONTHS: Final[frozenset[int]] = frozenset()
_NO_VALUES: Final[frozenset[str]] = frozenset()
UNUSUAL: Final = Marks("", "", _NO_MONTHS, _NO_VALUES, joined=True, measures=True, unusual=True)


@lru_cache(maxsize=1 << 15)  # a packet's lines come again with each variant of it, and where answers cite them
def marks_of(text: str) -> Marks:
    """The marks of ``text``."""
    if not text.isascii() and not _USUAL.fullmatch(text):
        return UNUSUAL
    found = _FIGURES.findall(text)
    digits = "".join(found)
    if len(digits) > _MOST_DIGITS and _LONG_NUMBER.search(text):
        return UNUSUAL
    said = _LETTERS.findall(text.casefold())
    once_each = frozenset(said)
    numbers = {word for word in once_each if _values_of(word) is not None}
    counting = [place for place, word in enumerate(said) if word in numbers] if numbers else []
    values: frozenset[str] = _NO_VALUES.union(*(_values_of(said[place]) or () for place in counting))
    return Marks(
        figures=f" {' '.join(found)} ",
        digits=digits,
        months=_NO_MONTHS.union(*map(_months().__getitem__, _months().keys() & once_each)),
        values=values,
        joined=any(_goes_on(said, place) for place in counting),
        measures=not _measuring().isdisjoint(once_each),
        unusual=False,
    )


def _goes_on(words: list[str], place: int) -> bool:
    """Whether the number word at ``place`` may be part of a number of several words."""
    if words[place] not in _parts() and _glued().fullmatch(words[place]):
        return True
    before = next((word for word in reversed(words[max(0, place - 2) : place]) if word not in _joiners()), "")
    after = next((word for word in words[place + 1 : place + 3] if word not in _joiners()), "")
    return any(word in _of_one() or _values_of(word) is not None for word in (before, after) if word)


def is_told_of(language: str) -> bool:
    """Whether marks tell of the words of ``language`` (ISO 639-1)."""
    return language in languages_of("facts")


def date_may_stand(value: str) -> tuple[May, ...]:
    """Texts that may state the date ``value`` (as of ``FoundDate``), those first that state it as a rule."""
    day, year = _with_figure(value[-2:], value[-2:].lstrip("0")), _with_figure(value[:4], value[2:4])
    written = value[2:4] if value.startswith("--") else value[5:7]
    number, figure = int(written), _with_figure(written, written.lstrip("0"))

    def in_month(marks: Marks) -> bool:
        return number in marks.months or figure(marks)

    def on_day(marks: Marks) -> bool:
        return day(marks) and in_month(marks)

    if value.startswith("--"):
        return (on_day,)
    if len(value) == len("2025-03"):
        return (lambda marks: year(marks) and in_month(marks),)
    return (
        lambda marks: year(marks) and on_day(marks),
        on_day,
        lambda marks: number in marks.months and year(marks),  # "March 2025", which may be any day of it
    )


def time_may_stand(value: str) -> May:
    hour = int(value[:2]) % 12
    hours = {hour, hour + 12, 12 if hour == 0 else hour}
    return _with_figure(*{written for one in hours for written in (str(one), f"{one:02d}")})


def amount_may_stand(amount: str) -> May:
    """Texts that may state ``amount`` as a number, of money or percent, or as a length of time in any unit."""
    return _amount_may_stand(amount, in_other_words=amount in _OF_ONE_UNIT)


def share_may_stand(value: str) -> May:
    """Texts that may state the percentage ``value``."""
    return _amount_may_stand(value[:-1], in_other_words=value in _shares() or value[:-1] in _OF_ONE_UNIT)


def length_may_stand(value: str) -> May:
    """Texts that may state the length of time ``value``."""
    amount = value.partition(" ")[0]
    return _amount_may_stand(amount, in_other_words=value in _lengths() or amount in _OF_ONE_UNIT)


def _amount_may_stand(amount: str, *, in_other_words: bool) -> May:
    if amount == "1":
        return anywhere  # so many words may say it
    written = frozenset(_of_units(amount))
    parts = tuple({_significant(one) for one in written})

    def may(marks: Marks) -> bool:
        if marks.joined or (in_other_words and marks.measures) or not written.isdisjoint(marks.values):
            return True
        return bool(marks.digits) and any(part in marks.digits for part in parts)

    return may


def digits_may_stand(value: str) -> May:
    """Texts that have all digits of ``value`` on end, whatever is written between them."""
    digits = "".join(_FIGURES.findall(value))
    return lambda marks: digits in marks.digits


def anywhere(_: Marks) -> bool:
    return True


def _with_figure(*figures: str) -> May:
    wanted = tuple(f" {figure} " for figure in figures)
    return lambda marks: any(figure in marks.figures for figure in wanted)


def _significant(amount: str) -> str:
    """The digits of ``amount`` without zeros at its ends: they are the same in "1.2 million" and "1,200,000"."""
    return amount.replace(".", "").strip("0")


# What "a week", "a fortnight", "a month" and "a year" come to, without a figure or a number in words.
_OF_ONE_UNIT: Final = frozenset(map(str, TIMES_IN_UNIT))
_BY_ITSELF: Final = 100  # a part of number words that is also a number


def _of_units(amount: str) -> Iterator[str]:
    """``amount``, and what it is in the longer units that are counted as so many shorter ones."""
    yield amount
    for times in TIMES_IN_UNIT:
        in_unit = Decimal(amount) / times
        if in_unit * times == Decimal(amount):
            yield f"{in_unit:f}"


@lru_cache(maxsize=1 << 15)
def _values_of(word: str) -> frozenset[str] | None:
    """What ``word``, in lower case, comes to as a number by itself in any language; None where it is no part of one."""
    known = _counting().get(word)
    if known is not None:
        return known
    begun = next((one for one in NUMBER_WORDS if word.startswith(one)), None)
    if begun and word.startswith("per", len(begun)):  # "tenpercent"
        return _counting()[begun]
    return _NO_VALUES if _glued().fullmatch(word) else None


@once
def _counting() -> dict[str, frozenset[str]]:
    """By number word, what it comes to by itself: nothing for a half, a size such as "mln", and parts of numbers."""
    found = {word: {str(value)} for word, value in NUMBER_WORDS.items()}
    for word, value in ORDINALS.items():
        found.setdefault(word, set()).add(str(value))
    for language in languages_of("facts"):
        numbers = number_words(language) | {
            word: value for word, value in parts_of_number_words(language).items() if value >= _BY_ITSELF
        }
        for word, value in numbers.items():
            found.setdefault(word, set()).add(str(value))
        for word in (*numbers, *halves(language), *read_pack("amounts", language).get("scales", ())):
            for part in _PARTED.split(word.casefold()):
                found.setdefault(part, set())
    return {word: frozenset(values) for word, values in found.items()}


@once
def _of_one() -> frozenset[str]:
    """Words for one that are articles too: "a" and "first" are looked for in no text, and they go on as a number."""
    return frozenset(word for language in languages_of("facts") for word in words_for_one(language))


@once
def _joiners() -> frozenset[str]:
    packs = (read_pack("facts", language) for language in languages_of("facts"))
    return frozenset(str(pack.get("joiner", "")).casefold() for pack in packs)


@once
def _measuring() -> frozenset[str]:
    """The longest word of each share and length of time in words, and the units of time."""
    said = [UNIT_WORDS]
    for language in languages_of("facts"):
        pack = read_pack("facts", language)
        said += [text for table in ("shares", "lengths", "units") for text in pack.get(table, {}).values()]
    return frozenset(
        max(_LETTERS.findall(one.casefold()), key=len, default="") for text in said for one in text.split()
    )


@once
def _parts() -> frozenset[str]:
    """What number words are made of where they are written together."""
    return frozenset(part for language in languages_of("facts") for part in parts_of_number_words(language))


@once
def _glued() -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(sorted(map(re.escape, _parts()), key=len, reverse=True)) or '(?!)'})+")


@once
def _months() -> dict[str, frozenset[int]]:
    """By its name, also with an ordinal written to it ("3rdMay"), which month a word may be in some language."""
    found: dict[str, set[int]] = {}
    for language in languages_of("facts"):
        ordinals = {"", "of", "st", "nd", "rd", "th", *words("dates", language, "ordinals")}
        for name, month in months_in(language).items():
            for written in (f"{ordinal}{name}" for ordinal in ordinals):
                for word in _LETTERS.findall(written.casefold()):
                    found.setdefault(word, set()).add(month)
    return {word: frozenset(months) for word, months in found.items()}


@once
def _shares() -> frozenset[str]:
    return frozenset(share for language in languages_of("facts") for share in shares_of(language))


@once
def _lengths() -> frozenset[str]:
    return frozenset(length for language in languages_of("facts") for length in lengths_of(language))
