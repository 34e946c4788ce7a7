"""Running text in another language than English in, its dates with a month's name and its short numeric dates out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from milo_bench.core.once import once
from milo_bench.guards.languages.marks import folded
from milo_bench.guards.packs.read import words
from milo_bench.guards.values.month_names import months_in


class NamedDate(NamedTuple):
    """``year`` is "" where the text gives none, ``day`` 0 for a month of a year."""

    year: str
    month: int
    day: int
    start: int
    end: int


_HAN = re.compile(r"(?:(?P<y>\d{4}) ?年 ?)?(?P<m>\d{1,2}) ?月(?: ?(?P<d>\d{1,2}) ?日)?")
# "7.4." and "22.08.", "7/4", "7.04", "7-4": how the language writes a day without its year.
_SHORT: Final = {
    "de": r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.",
    "pl": r"(?<!godz\. )(?<!\bo )(?P<d>\d{1,2})\.(?P<m>\d{2})",
    "nl": r"(?:(?<=op )|(?<=van )|(?<=vanaf )|(?<=tot )|(?<=sinds ))(?P<d>\d{1,2})[-/](?P<m>\d{1,2})"
    r"|(?P<d2>\d{1,2})/(?P<m2>\d{1,2})",
}
_SLASH: Final = r"(?P<d>\d{1,2})/(?P<m>\d{1,2})"


def named_dates(text: str, language: str) -> Iterator[NamedDate]:
    """Dates with the name of a month, the year perhaps left out, and months of a year."""
    if language in ("ja", "zh"):
        for match in _HAN.finditer(text):
            if match["y"] or match["d"]:
                yield NamedDate(match["y"] or "", int(match["m"]), int(match["d"] or 0), *match.span())
        return
    for match in _named(language).finditer(text):
        month = months_in(language).get(folded(match["m"] or match["m2"]))
        if month is not None:
            yield NamedDate(match["y"] or match["y2"] or "", month, int(match["d"] or 0), *match.span())


def short_dates(text: str, language: str) -> Iterator[NamedDate]:
    """Numeric dates without a year, in the form that the language has for them."""
    for match in _short(language).finditer(text):
        groups = match.groupdict()
        day, month = int(groups["d"] or groups["d2"]), int(groups["m"] or groups["m2"])
        yield NamedDate("", month, day, *match.span())


@once
def _named(language: str) -> re.Pattern[str]:
    ordinal = "|".join(sorted(map(re.escape, words("dates", language, "ordinals")), key=len, reverse=True)) or "(?!)"
    between = "|".join(map(re.escape, words("dates", language, "between"))) or "(?!)"
    month = "|".join(sorted(map(re.escape, months_in(language)), key=len, reverse=True)) or "(?!)"
    joined = rf"\.?,?\s(?:(?:{between}l?)\s)?"
    return re.compile(
        rf"(?:(?<![\w.,/-])|(?<=\d-)|(?<=\d\.-))(?P<d>\d{{1,2}})(?:{ordinal})?[\s.-]{{0,2}}(?:(?:{between})\s)?(?P<m>{month})\b"
        rf"(?:(?:{joined}|[-/])(?P<y>\d{{4}})\b)?"
        rf"|\b(?P<m2>{month})\b{joined}(?P<y2>\d{{4}})\b",
        re.IGNORECASE,
    )


@once
def _short(language: str) -> re.Pattern[str]:
    if language in ("ja", "zh"):
        return re.compile("(?!)")
    form = _SHORT.get(language, _SLASH)
    return re.compile(rf"(?<![\w.,/-])(?:{form})(?![\w/-]|[.,]\d)", re.IGNORECASE)
