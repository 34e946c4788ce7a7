"""Text in, ISO dates out: common forms by pattern, rarer ones by dateparser, impossible ones not at all.

The order of day and month is an argument, never guessed: with ``day_first`` 03/04/2025 is 3 April,
and 12/28/2017 is no date. A two-digit year from 00 to 68 is 2000 to 2068, from 69 to 99 it is 1969
to 1999 (the POSIX rule). Years outside 1900 to 2100 are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Any, Final

from milo_bench.core.records import Frozen
from milo_bench.guards.languages.marks import unmarked
from milo_bench.guards.values.dates_in_text import NamedDate, named_dates, short_dates
from milo_bench.guards.values.east_asian import with_western_years
from milo_bench.guards.values.found_at import digits_in, matches_at, starts_in
from milo_bench.guards.values.month_names import read_written

MAX_CHARS: Final = 64  # nothing longer is one date
ENGLISH: Final = ("en",)

_MONTH_NAMES = (
    ("jan", "uary"), ("feb", "ruary"), ("mar", "ch"), ("apr", "il"), ("may", ""), ("jun", "e"),
    ("jul", "y"), ("aug", "ust"), ("sep", "tember"), ("oct", "ober"), ("nov", "ember"), ("dec", "ember"),
)  # fmt: skip
_MONTHS: Final = {start: number for number, (start, _) in enumerate(_MONTH_NAMES, 1)}
_MONTH = "(?:" + "|".join(f"{start}(?:{rest})?" if rest else start for start, rest in _MONTH_NAMES) + "|sept)"
_WEEKDAY = r"(?:mon|tue(?:s)?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_DASHES: Final[dict[int, str]] = str.maketrans(
    dict.fromkeys("‐‑‒–—―−﹣－", "-") | {"\u00a0": " ", "\u202f": " ", "／": "/", "’": "'"}
)
_OCR_DIGITS = str.maketrans("lI|OoS", "111005")

_DIGIT = re.compile(r"\d")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_TIME = (
    r"(?:\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\.\d+)?\s*(?:[ap]\.?m\.?)?|\d{1,2}\s*[ap]\.?m\.?|\d{1,2}h\d{0,2})"
    r"\s*(?:z|utc|gmt|hrs?|[+-]\d{2}:?\d{2})?"
)
_AROUND = re.compile(
    rf"^(?:(?:date|dated|due|due on|on|am|den|datum|fällig am|le|el|il)\b\s*:?\s*)?(?:{_WEEKDAY}\.?,?\s+)?(.*?)"
    rf"(?:(?:\s*,?\s+(?:at\s+)?|\s*t\s*)\(?{_TIME}\)?)?(?:,?\s+\(?{_WEEKDAY}\)?)?$"
)
_YEAR_FIRST = re.compile(r"(\d{4})\s?([-/. ])\s?(\d{1,2})\s?\2\s?(\d{1,2})")
_YEAR_LAST = re.compile(r"(\d{1,2})\s?([-/. ])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})")
_HAN = re.compile(r"(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?日")
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_ISO_WEEK = re.compile(r"(\d{4})-?w(\d{2})-?([1-7])")
_ROMAN_MONTH = re.compile(r"(\d{1,2})\s?[-/. ]\s?(i{1,3}|iv|vi{0,3}|ix|xi{0,2})\s?[-/. ]\s?(\d{4})")
_ROMAN: Final = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_DAY_NAME = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?(?:\s+(?:day\s+)?of)?[-/., ]*({_MONTH})[-/., ']*(\d{{4}}|\d{{2}})")
_NAME_DAY = re.compile(rf"({_MONTH})[-/. ]*(\d{{1,2}})(?:st|nd|rd|th)?(?:\s*,\s*|[-/. ]\s*)'?(\d{{4}}|\d{{2}})")
_NAME_YEAR_FIRST = re.compile(rf"(\d{{4}})[-/., ]+({_MONTH})[-/., ]+(\d{{1,2}})")
_OCR_SHAPE = re.compile(r"([\dlI|OoS]{1,4})([-/.])([\dlI|OoS]{1,2})\2([\dlI|OoS]{1,4})")


_COMPARED = re.compile(r"\s*[<>≤≥~≈±]")
# A span of days, an open end or a guess is not one date, whatever parts of it could be read as one.
_A_SPAN = re.compile(
    r"[<>~≈±+?]"
    r"|\d{1,2}(?:st|nd|rd|th|\.)?\s*[-/&+]\s*\d{1,2}(?:st|nd|rd|th|\.)?\s*[^\W\d]"  # 28-30 September
    r"|[^\W\d]\.?\s*\d{1,2}(?:st|nd|rd|th)?\s*[-/&+]\s*\d{1,2}\b(?!\d|[-/.]\d)"  # September 28-30
    r"|[-/]\s*(?:\.{2,3}|…)?\s*$",
)
_NOT_ONE_DAY = re.compile(
    r"\b(?:from|since|after|before|until|till|to|through|thru|between|onwards?|starting|beginning|ending|by|about|"
    r"around|circa|approx\w*|or|and|either|not|week|during|within|"
    r"von|vom|bis|ab|seit|nach|vor|zwischen|oder|und|etwa|ca|du|au|depuis|avant|après|entre|ou|et|jusqu|dès|vers|"
    r"desde|hasta|antes|después|o|dal|dalle|dopo|prima|fino|oppure|tot|vanaf|sinds|na|voor|tussen|"
    r"od|po|przed|lub|até|depois|ou)\b",
    re.IGNORECASE,
)


class FoundDate(Frozen, frozen=True):
    """A date at ``start`` to ``end`` of a text.

    ``value`` is ``YYYY-MM-DD`` where all three parts stand there, ``YYYY-MM`` for a month of a
    year, ``--MM-DD`` for a day of a month without a year.
    """

    value: str
    text: str
    start: int
    end: int


def normalise_date(text: str, *, day_first: bool = True, languages: tuple[str, ...] = ENGLISH) -> str | None:
    """The one full date that ``text`` is, as ``YYYY-MM-DD``; None for anything else.

    A weekday before it and a time after it are cut off; a time zone never moves the day. Of
    misread characters only letters between digits of a numeric date are put right (``l2/O3/2025``).
    Month names of the languages in ``packs/dates`` are always read; ``languages`` are ISO 639 codes of further ones.
    Relative dates ("yesterday") are none.
    """
    if match := _ISO.fullmatch(text):
        return _checked(match[1], match[2], match[3])
    text = with_western_years(unmarked(text).text)
    if not 6 <= len(text) <= MAX_CHARS:
        text = text.strip()
        if not 6 <= len(text) <= MAX_CHARS:
            return None
    return _normalise(text, day_first, languages) if _DIGIT.search(text) else None


@lru_cache(maxsize=4096)
def is_date(text: str) -> bool:
    """Whether ``text`` is one full date in figures or with a month's name, the day or the month first.

    It tells what a column of a table has, so it must be quick on any text: forms that dateparser alone knows are none.
    """
    text = with_western_years(unmarked(text).text).translate(_DASHES).strip()
    if not 6 <= len(text) <= MAX_CHARS or not _DIGIT.search(text):
        return False
    match = _AROUND.match(" ".join(text.split()).strip("()[]<>\"'.,;: ").casefold())
    core = match[1].strip("()[], ") if match else ""
    known = [_by_pattern(core, day_first) for day_first in (True, False)]
    return any(known) or (known == [None, None] and _by_words(text, True, ENGLISH) is not None)


@lru_cache(maxsize=16_384)
def _normalise(text: str, day_first: bool, languages: tuple[str, ...]) -> str | None:
    if _COMPARED.match(text) and not text.rstrip().endswith(">"):
        return None
    plain = " ".join(text.translate(_DASHES).split()).strip("()[]<>\"'.,;: ")
    if match := _OCR_SHAPE.fullmatch(plain):
        plain = _put_digits_right(match) or plain
    core_match = _AROUND.match(plain.casefold())
    core = core_match[1].strip("()[], ") if core_match else plain.casefold()
    if (known := _by_pattern(core, day_first)) is not None:
        return known or None
    text = text.translate(_DASHES).strip()
    return _by_words(text, day_first, languages) or _by_dateparser(text, day_first, languages)


def _by_pattern(core: str, day_first: bool) -> str | None:
    """The date; "" where the form is known but no such day exists; None where the form is unknown."""
    if match := _YEAR_FIRST.fullmatch(core):
        return _checked(match[1], match[3], match[4]) or ""
    if match := _YEAR_LAST.fullmatch(core):
        day, month = (match[1], match[3]) if day_first else (match[3], match[1])
        return _checked(match[4], month, day) or ""
    if match := _HAN.fullmatch(core):
        return _checked(match[1], match[2], match[3]) or ""
    if match := _COMPACT.fullmatch(core):
        return _checked(match[1], match[2], match[3]) or ""
    if match := _ROMAN_MONTH.fullmatch(core):
        return _checked(match[3], str(_ROMAN.index(match[2]) + 1), match[1]) or ""
    if match := _ISO_WEEK.fullmatch(core):
        return _day_of_week(match)
    if match := _DAY_NAME.fullmatch(core):
        return _checked(match[3], match[2], match[1]) or ""
    if match := _NAME_DAY.fullmatch(core):
        return _checked(match[3], match[1], match[2]) or ""
    if match := _NAME_YEAR_FIRST.fullmatch(core):
        return _checked(match[1], match[2], match[3]) or ""
    return None


_TIME_BEHIND = re.compile(
    r"[,\s]+(?:(?:um|à|a las|alle(?: ore)?|om|o(?: godz\.?)?|às|at)\s+)?\d{1,2}"
    r"(?:(?:[:.]\d{2}|\s?h\s?\d{0,2})(?:\s?(?:uhr|uur|h))?|\s?(?:uhr|uur|heures?|horas|ore))$",
    re.IGNORECASE,
)


def _by_words(text: str, day_first: bool, languages: tuple[str, ...]) -> str | None:
    """The date where it is written with words of a language of ``packs/dates``; None where dateparser may know more."""
    if _A_SPAN.search(text):
        return None
    found = read_written(_TIME_BEHIND.sub("", text), day_first=day_first, languages=languages)
    return _checked(found.year, str(found.month), found.day) if found else None


def _day_of_week(match: re.Match[str]) -> str:
    """The day of a week of a year (ISO 8601), "" where there is none."""
    try:
        found = date.fromisocalendar(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return ""
    return found.isoformat() if 1900 <= found.year <= 2100 else ""


def _checked(year: str, month: str, day: str) -> str | None:
    """The parts as an ISO date, or None where there is no such day."""
    year_number = int(year)
    if len(year) == 2:
        year_number += 2000 if year_number <= 68 else 1900
    month_number = int(month) if month.isdigit() else _MONTHS[month[:3].casefold()]
    if not 1900 <= year_number <= 2100:
        return None
    try:
        return date(year_number, month_number, int(day)).isoformat()
    except ValueError:
        return None


def _put_digits_right(match: re.Match[str]) -> str | None:
    """A numeric date with letters for digits, where every part holds at least one true digit."""
    parts = (match[1], match[3], match[4])
    if not all(any(mark.isdigit() for mark in part) for part in parts):
        return None
    if any(len(part) == 4 and sum(mark.isdigit() for mark in part) < 3 for part in parts):
        return None
    return match[2].join(part.translate(_OCR_DIGITS) for part in parts)


def _by_dateparser(text: str, day_first: bool, languages: tuple[str, ...]) -> str | None:
    """dateparser's strict reading, held against the text: day and year must stand in it as digits."""
    if _NOT_ONE_DAY.search(text) or _A_SPAN.search(text):
        return None
    digits = re.findall(r"\d+", text)
    letters = sum(mark.isalpha() for mark in text)
    if not 2 <= len(digits) <= 6 or letters < 3 or not text[:1].isalnum():
        return None
    import dateparser  # 0.3 s to import, and most runs never come here

    settings: dict[str, Any] = {
        "STRICT_PARSING": True,
        "REQUIRE_PARTS": ["day", "month", "year"],
        "DATE_ORDER": "DMY" if day_first else "MDY",
        "PREFER_LOCALE_DATE_ORDER": False,
        "PARSERS": ["absolute-time"],
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    try:
        found = dateparser.parse(text, languages=list(languages), settings=settings)
    except Exception:  # dateparser raises many things on odd text, and each means "no date"
        return None
    if found is None or not 1900 <= found.year <= 2100:
        return None
    numbers = {int(number) for number in digits}
    if found.day not in numbers or not {found.year, found.year % 100} & numbers:
        return None
    return date(found.year, found.month, found.day).isoformat()


# Month names in running text must be capitalised: "may" and "march" are words.
_NAMED = "(?:" + "|".join(
    f"{start.capitalize()}(?:{rest})?|{start.upper()}(?:{rest.upper()})?" if rest else "May|MAY"
    for start, rest in _MONTH_NAMES
) + "|Sept|SEPT)"  # fmt: skip
_NAMED_MONTH = re.compile(_NAMED)
_IN_TEXT = re.compile(
    # The last day of "12-14 May 2025".
    rf"(?:(?<=(?<![\w./-])\d-)|(?<=(?<![\w./-])\d\d-))(?P<d6>\d{{1,2}})(?:st|nd|rd|th)?\s(?P<m6>{_NAMED})\b\.?"
    r"(?:,?\s+(?P<y6>\d{4})\b)?"
    r"|(?<![\w./-])(?:"
    r"(?P<y1>\d{4})(?P<s1>[-/.])(?P<m1>\d{1,2})(?P=s1)(?P<d1>\d{1,2})(?=T\d|(?![\w-]|[./]\d))"
    r"|(?P<a2>\d{1,2})(?P<s2>[-/.])(?P<b2>\d{1,2})(?P=s2)(?P<y2>\d{4}|\d{2})(?![\w-]|[./]\d)"
    rf"|(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?[-/.\s]{{0,2}}(?P<m3>{_NAMED})\b\.?"
    r"(?:,?\s+(?P<y3>\d{4})\b|[-/']\s?(?P<z3>\d{4}|\d{2})\b)?"
    rf"|(?P<m4>{_NAMED})\b\.?[\s-](?P<d4>\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.]\d)(?:,?\s+(?P<y4>\d{{4}})\b)?"
    rf"|(?P<m5>{_NAMED})\b\.?,?\s+(?P<y5>\d{{4}})\b"
    r")"
)


def find_dates(text: str, *, day_first: bool = True, language: str = "en") -> tuple[FoundDate, ...]:
    """Dates in running text, in order; partial ones too (``--03-14``, ``2025-03``).

    Month names are those of ``language`` and English; without a year ("7.4.", "7/4") a date is read in the form that
    the language has for it.
    """
    if language == "en" and not _DIGIT.search(text):
        return ()  # most lines have no figure, and every date has one
    return _find_dates(text, day_first, language)


@lru_cache(maxsize=256)  # the dates of a text are asked for, then the days of its ranges
def _find_dates(text: str, day_first: bool, language: str) -> tuple[FoundDate, ...]:
    found = []
    plain = _with_plain_dashes(text)
    if language != "en":
        found = list(_abroad(text, named_dates(plain, language)))
        plain = _without(plain, found)
    for match in matches_at(_IN_TEXT, plain, sorted({*digits_in(plain), *starts_in(_NAMED_MONTH, plain)})):
        value = _value(match, day_first)
        if value is not None:
            start, end = match.span()
            found.append(FoundDate(value, text[start:end], start, end))
    if language != "en":
        plain = _without(plain, found)
        found.extend(_abroad(text, short_dates(plain, language)))
    return tuple(sorted(found, key=lambda day: day.start))


def _with_plain_dashes(text: str) -> str:
    """``text.translate(_DASHES)``: one character for one, so offsets hold. A long text has few of them, or none."""
    if not text.isascii():
        for mark, plain in _DASHES.items():
            text = text.replace(chr(mark), plain)
    return text


def _abroad(text: str, dates: Iterable[NamedDate]) -> Iterator[FoundDate]:
    for one in dates:
        if one.day:
            value = _checked(one.year or "2024", str(one.month), str(one.day))
            value = value if one.year or value is None else f"-{value[4:]}"
        else:
            value = f"{one.year}-{one.month:02d}" if 1 <= one.month <= 12 else None
        if value is not None:
            yield FoundDate(value, text[one.start : one.end], one.start, one.end)


def _without(text: str, found: Iterable[FoundDate]) -> str:
    for one in found:
        text = f"{text[: one.start]}{'�' * (one.end - one.start)}{text[one.end :]}"
    return text


def _value(match: re.Match[str], day_first: bool) -> str | None:
    part = match.groupdict()
    if part["y1"]:
        return _checked(part["y1"], part["m1"], part["d1"])
    if part["y2"]:
        day, month = (part["a2"], part["b2"]) if day_first else (part["b2"], part["a2"])
        return _checked(part["y2"], month, day)
    if part["m5"]:
        return f"{part['y5']}-{_MONTHS[part['m5'][:3].casefold()]:02d}"
    month = part["m3"] or part["m4"] or part["m6"]
    day = part["d3"] or part["d4"] or part["d6"]
    year = part["y3"] or part["z3"] or part["y4"] or part["y6"]
    if year:
        return _checked(year, month, day)
    in_leap_year = _checked("2024", month, day)
    return f"-{in_leap_year[4:]}" if in_leap_year else None


def same_date(one: str, other: str) -> bool:
    """Whether two values of ``FoundDate`` can be one day: the parts that both have agree."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if short.startswith("--"):
        return len(long) == 10 and long.endswith(short[1:])
    return not long.startswith("--") and long.startswith(f"{short}-")
