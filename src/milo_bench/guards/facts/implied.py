"""The text of sources in, what it states in another form than it is looked up in out: values that support a fact."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from milo_bench.core.amounts import decimal_mark, parse_amount
from milo_bench.core.once import once
from milo_bench.guards.dates import find_dates
from milo_bench.guards.facts.english import plain_number
from milo_bench.guards.packs.read import read_pack

_FIRST_DAY: Final = re.compile(
    r"(?<![\d.,/-])(?P<day>\d{1,2})(?:\.|st|nd|rd|th|er|º|o)?\s{0,3}"
    r"(?:[-–—/]|\b(?:to|and|bis|und|au|et|al|y|e|a|ao|t/m|tot|en|do|i)\b)\s{0,3}$",
    re.IGNORECASE,
)
_BEFORE: Final = 16  # characters in front of a date
_FISCAL: Final = re.compile(r"(?<!\d)(?P<century>19|20)\d\d\s?[/–-]\s?(?P<year>\d\d)(?!\d)")
_GROUPED: Final = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_QUARTER: Final = re.compile(
    r"\b(?:(?P<word>first|second|third|fourth|premier|deuxième|troisième|quatrième|erste[ns]?|zweite[ns]?|dritte[ns]?"
    r"|vierte[ns]?|primer|segundo|tercer|cuarto|primo|secondo|terzo|quarto|primeiro|terceiro|eerste|tweede|derde|vierde"
    r"|pierwsz\w+|drug\w+|trzeci\w*|czwart\w+)|(?P<digit>[1-4])(?:\.|st|nd|rd|th|er|ème|e|º|°)?)\s"
    r"(?:quarter|quartal|kwartaal|trimestre|kwartał)",
    re.IGNORECASE,
)
# What each of them ends with: to look for it takes a fraction of the pattern.
_QUARTERS: Final = re.compile(r"\s(?:quarter|quartal|kwartaal|trimestre|kwartał)", re.IGNORECASE)
_NUMBERED: Final = (
    (("vierte", "fourth", "quatri", "cuarto", "quarto", "vierde", "czwart"), 4),
    (("dritte", "third", "troisi", "tercer", "terzo", "terceiro", "derde", "trzeci"), 3),
    (("zweite", "second", "deuxi", "segundo", "tweede", "drug"), 2),
)
# By the thousand: what an office may write as the next smaller or larger unit.
_MEASURE: Final = re.compile(
    r"(?<![\w.,])(?P<number>\d{1,3}(?:[ ,.]\d{3})+(?:[.,]\d{1,6})?|\d{1,9}(?:[.,]\d{1,6})?)\s?"
    r"(?P<unit>kg|kilos?|kilogramm?e?s?|g|gramm?e?s?|l|litres?|liters?|litros?|litri|liter|litry|litr[óo]w|ml|millilit\w+"
    r"|km|kilom[eéè]t\w+|m|met(?:er|re)s?|metros?|metri|mètres?|metr[óo]w|t|tonnes?|tonnen?|toneladas?|ton)\b",
    re.IGNORECASE,
)


def days_that_ranges_begin(text: str, *, day_first: bool, language: str) -> Iterator[str]:
    """The first days of "12–14 May 2025" and "du 3 au 7 mars", whose month and year are those of the last ones."""
    for found in find_dates(text, day_first=day_first, language=language):
        match = _FIRST_DAY.search(text[max(0, found.start - _BEFORE) : found.start])
        if match and found.value[-3:-2] == "-" and 0 < int(match["day"]) < int(found.value[-2:]):
            yield f"{found.value[:-2]}{int(match['day']):02d}"


def years_of_spans(text: str) -> Iterator[str]:
    """2024 of "2023/24"."""
    return (f"{match['century']}{match['year']}" for match in _FISCAL.finditer(text))


def accounts_without_spaces(text: str) -> Iterator[str]:
    """An IBAN in groups of four, as it is written without spaces."""
    return (match[0].replace(" ", "") for match in _GROUPED.finditer(text))


def quarters_named(text: str) -> Iterator[str]:
    """Q3 of "the third quarter" and "3. Quartal"."""
    end = 0
    for noun in _QUARTERS.finditer(text):
        begin = next((place for place in range(noun.start(), end, -1) if text[place - 1].isspace()), end)
        match = _QUARTER.search(text, begin, noun.end())
        end = noun.end()
        if match is None:
            continue
        word = (match["word"] or "").casefold()
        number = next((number for begun, number in _NUMBERED if word.startswith(begun)), 1)
        yield f"Q{match['digit'] or number}"


def other_units(text: str, languages: Iterable[str]) -> Iterator[str]:
    """The figures of a weight, a volume or a distance in the unit a thousand times larger or smaller."""
    marks = {decimal_mark(language) for language in languages}
    for match in _MEASURE.finditer(text):
        for mark in marks:
            value = parse_amount(match["number"], decimal=mark)
            if value is not None:
                yield plain_number(value * 1000)
                yield plain_number(value / Decimal(1000))


def lengths_named(text: str, language: str) -> set[str]:
    """The lengths of time that words such as "half an hour" say: ``30 minute``."""
    pattern = _lengths(language)
    found = {match.lastgroup for match in pattern.finditer(text)} if pattern else set()
    return {one[1:].replace("_", " ") for one in found if one}


def lengths_of(language: str) -> frozenset[str]:
    """All lengths of time that words of ``language`` can say."""
    return frozenset(read_pack("facts", language).get("lengths", {}))


@once
def _lengths(language: str) -> re.Pattern[str] | None:
    table = read_pack("facts", language).get("lengths", {})
    each = "|".join(
        f"(?P<p{length.replace(' ', '_')}>{'|'.join(re.escape(word).replace('_', '[ -]') for word in said.split())})"
        for length, said in table.items()
    )
    return re.compile(rf"\b(?:{each})\b", re.IGNORECASE) if each else None
