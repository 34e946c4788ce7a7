"""English text in, the facts that can be looked up out: dates, times, money, numbers, ids, names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Final

from milo_bench.guards.dates import find_dates
from milo_bench.guards.facts.fact import Fact, FactKind
from milo_bench.guards.languages.marks import folded
from milo_bench.guards.names import find_names, name_words
from milo_bench.guards.values.found_at import StartPlaces, digits_in, in_small_letters, matches_at, starts_in

_SMALL: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALE: Final = {
    "hundred": 100, "thousand": 1_000, "lakh": 100_000, "lakhs": 100_000, "million": 1_000_000,
    "crore": 10_000_000, "crores": 10_000_000, "billion": 1_000_000_000,
}  # fmt: skip
_SHORT_SCALE: Final = {"k": 1_000, "m": 1_000_000, "mn": 1_000_000, "bn": 1_000_000_000, "b": 1_000_000_000}
SYMBOLS: Final = {
    "$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "£": "GBP", "gbp": "GBP", "pound": "GBP",
    "pounds": "GBP", "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "rm": "MYR", "myr": "MYR", "¥": "JPY",
    "jpy": "JPY", "yen": "JPY", "₹": "INR", "inr": "INR", "rupees": "INR", "chf": "CHF", "cad": "CAD", "aud": "AUD",
}  # fmt: skip
_MAX_DIGITS: Final = 40

# Every repetition is bounded, so that hostile text costs time in proportion to its length.
_NUM = r"\d{1,2}(?:,\d{2}){1,6},\d{3}(?:\.\d{1,20})?|\d{1,3}(?:,\d{3}){1,9}(?:\.\d{1,20})?|\d{1,40}(?:\.\d{1,20})?"
_NUMBER_WORD = "(?:" + "|".join([*sorted(_SMALL, key=len, reverse=True), *_SCALE]) + ")"
# "Two hundred and five" is one number, "two and five" are two.
_AND = r"(?:(?<=hundred)|(?<=thousand)|(?<=million)|(?<=billion)|(?<=lakh)|(?<=crore))\s+and\s+"
_IN_WORDS = rf"{_NUMBER_WORD}(?:(?:[\s-]+|{_AND}){_NUMBER_WORD}){{0,9}}"
_SCALED = rf"(?P<num>{_NUM})(?:\s?(?P<scale>hundred|thousand|lakhs?|crores?|million|billion|bn|mn|k|m|b)\b)?"
_UNIT = "minute|hour|day|week|fortnight|month|year"
_CURRENCY_WORD = r"dollars?|pounds?|euros?|rupees|yen|usd|gbp|eur|myr|jpy|inr|chf|cad|aud|rm"

CONTACT = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}|(?:https?://|www\.)[^\s<>\"')\]]+", re.IGNORECASE
)
ID = re.compile(
    r"(?<![\w-])(?:(?=[A-Za-z-]{1,20}\d)[A-Za-z]{1,8}(?:[-/]?[A-Za-z]{0,12}\d[\dA-Za-z]{0,40})(?:[-/][\dA-Za-z]{1,40}){0,6}"
    r"|\d{3,40}-?[A-Z]{1,2}|\d{1,20}(?:[A-Z]{2,8}\d{1,20})[\dA-Z]{0,40}"
    r"|\d{2,20}(?:-\d{2,20}){2,6}|\(?\d{3}\)?[ -]\d{3,4}[ -]?\d{4})(?![\w-])"
)
_TIME = re.compile(
    r"(?<![\w:.])(?P<h>\d{1,2})(?:[:.](?P<min>\d{2})(?::\d{2})?\s*(?P<ap>[ap]\.?m\b\.?)?|\s*(?P<ap2>[ap]\.?m\b\.?))(?![\d])",
    re.IGNORECASE,
)
# 2025-05-09T01:00: the mark between a date that was taken and its time.
AFTER_DATE = re.compile("(?<=\N{REPLACEMENT CHARACTER})T(?=\\d\\d:)")
_MONEY = re.compile(
    rf"(?P<cur>us\$|[$£€¥₹]|\b(?:{_CURRENCY_WORD})\s)\s?{_SCALED}"
    rf"|(?<![\w.,])(?P<num2>{_NUM})(?:\s?(?P<scale2>thousand|lakhs?|crores?|million|billion|bn|k|m))?\s?(?P<cur2>[$£€¥₹]|(?:{_CURRENCY_WORD})\b)"
    rf"|\b(?P<words>{_IN_WORDS})\s(?P<cur3>{_CURRENCY_WORD})\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(
    rf"(?:(?<![\w.,])(?P<num>{_NUM})|\b(?P<words>{_IN_WORDS}))\s?-?(?:%|per\s?cent\b|percent\b)", re.IGNORECASE
)
_BASIS_POINTS = re.compile(rf"(?<![\w.,])(?P<num>{_NUM})\s?-?(?:basis\s+points?|bps?)\b", re.IGNORECASE)
_DURATION = re.compile(
    rf"(?:(?<![\w.,])(?P<num>{_NUM})|\b(?P<words>{_IN_WORDS}))[\s-]+(?P<kind>(?:business|working|calendar)[\s-]+)?"
    rf"(?P<unit>{_UNIT})s?\b",
    re.IGNORECASE,
)
_ONE_UNIT = re.compile(
    r"\b(?:within|in|(?:deadline|period|notice|warranty) is|period of|takes|lasts)\s+(?P<one>(?:a|an|one)\s+"
    rf"(?P<kind>(?:business|working|calendar)\s+)?(?P<unit>{_UNIT}))\b(?!\s+(?:or|and)\b)",
    re.IGNORECASE,
)
_EACH_UNIT = re.compile(rf"\b(?:a|an|per|each|every)\s+({_UNIT})\b|/\s?(month|year)\b", re.IGNORECASE)
ORDINALS: Final = {
    "one": 1, "once": 1, "first": 1, "second": 2, "twice": 2, "double": 2, "both": 2, "couple": 2, "third": 3,
    "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "dozen": 12,
}  # fmt: skip
_ORDINAL = re.compile(rf"\b(?:{'|'.join(ORDINALS)})\b", re.IGNORECASE)
_IN_UNIT: Final = {"week": (7, "day"), "fortnight": (14, "day"), "year": (12, "month")}
TIMES_IN_UNIT: Final = tuple(times for times, _ in _IN_UNIT.values())
NUMBER_WORDS: Final = {**_SMALL, **_SCALE}
UNIT_WORDS: Final = _UNIT.replace("|", " ")
# Every line of a case is read, and most have no number: one look saves four.
_DIGIT = re.compile(r"\d")
_COUNTED = re.compile(rf"\d|\b{_NUMBER_WORD}")  # in lower case
# What each of the patterns cannot do without, in plain lower case: to look for it takes a fraction of the pattern.
_HAS_CURRENCY = re.compile(rf"[$£€¥₹]|(?:{_CURRENCY_WORD})\b")
_HAS_UNIT = re.compile(_UNIT)
# What a number in words begins with, and what an amount may begin with besides.
_NUMBER_WORDS: Final = re.compile("|".join(sorted((*_SMALL, *_SCALE))))
_CURRENCIES: Final = re.compile(rf"[$£€¥₹]|us\$|{_CURRENCY_WORD}")
_NUMBER = re.compile(rf"(?<![\w.,]){_SCALED}(?:st|nd|rd|th)?(?![\d]|[.,]\d)|\b(?P<words>{_IN_WORDS})\b", re.IGNORECASE)


def find_facts_english(text: str, *, day_first: bool = True) -> tuple[Fact, ...]:
    """The facts of ``text`` in order, none inside another."""
    found: list[Fact] = []
    taken: list[tuple[int, int]] = []
    rest = text

    def take(kind: FactKind, value: str, start: int, end: int) -> None:
        found.append(Fact(kind, value, text[start:end], start, end))
        taken.append((start, end))

    def left() -> str:
        nonlocal rest
        rest = _blotted(rest, taken)
        taken.clear()
        return rest

    for day in find_dates(text, day_first=day_first):
        take("date", day.value, day.start, day.end)
    left()
    if "@" in rest or "://" in rest or "www." in _lower(rest):
        for match in CONTACT.finditer(rest):
            end = match.start() + len(match[0].rstrip(".,;:"))
            take("id", text[match.start() : end].casefold(), match.start(), end)
    if _DIGIT.search(left()):
        rest = AFTER_DATE.sub(" ", rest)
        for match in _TIME.finditer(rest):
            if value := _time_value(match):
                take("time", value, *match.span())
        for match in ID.finditer(left()):
            take("id", id_value(match[0]), *match.span())
    lower = _lower(left())
    if _COUNTED.search(lower) or (_HAS_UNIT.search(lower) and _ONE_UNIT.search(rest)):
        _take_numbers(left, take)
    found.extend(
        Fact("name", name_words(text[start:end]), text[start:end], start, end) for start, end in find_names(left())
    )
    return tuple(sorted(found, key=lambda fact: fact.start))


def _blotted(text: str, taken: Iterable[tuple[int, int]]) -> str:
    """``text`` with a stand-in for each character that was ``taken``: a long record has a thousand such places."""
    pieces: list[str] = []
    at = 0
    for start, end in sorted(taken):
        if end > at:
            pieces += (text[at:start], "�" * (end - max(at, start)))
            at = end
    return "".join((*pieces, text[at:]))


def _lower(text: str) -> str:
    """``text`` in a case in which whatever a pattern that ignores case finds is written in small ASCII letters."""
    if text.isascii():
        return text.lower()
    # U+0345 is a mark that no word goes on with but that casefold makes a letter of.
    return folded(text.replace("\u0345", " "))


def _take_numbers(left: Callable[[], str], take: Callable[[FactKind, str, int, int], None]) -> None:
    """Money, percentages, lengths of time and bare numbers; ``left`` is the text without what was taken."""
    lower = _lower(left())
    small = in_small_letters(left())
    counted: StartPlaces = sorted({*digits_in(small), *starts_in(_NUMBER_WORDS, small)})
    if _HAS_CURRENCY.search(lower):
        for match in matches_at(_MONEY, left(), sorted({*counted, *starts_in(_CURRENCIES, small)})):
            if value := _money_value(match):
                take("money", value, match.start(), match.end())
    if "%" in lower or "cent" in lower:
        for match in matches_at(_PERCENT, left(), counted):
            if amount := _amount(match["num"], "", match["words"]):
                take("percent", f"{amount}%", *match.span())
    if "basis" in lower or "bp" in lower:
        for match in matches_at(_BASIS_POINTS, left(), counted):
            if amount := _amount(match["num"], "", None):
                take("percent", f"{plain_number(Decimal(amount) / 100)}%", *match.span())
    if _HAS_UNIT.search(lower):
        for match in matches_at(_DURATION, left(), counted):
            if amount := _amount(match["num"], "", match["words"]):
                take("duration", duration_value(amount, match["unit"], match["kind"] or ""), *match.span())
        for match in _ONE_UNIT.finditer(left()):
            take("duration", duration_value("1", match["unit"], match["kind"] or ""), match.start("one"), match.end())
    for match in matches_at(_NUMBER, left(), counted):
        if match["words"] and _lower(match["words"]) in ("one", "zero", *_SCALE):
            continue  # "one of", "no one", "a hundred": a word more than a figure
        if amount := _amount(match["num"], match["scale"] or "", match["words"]):
            take("number", amount, *match.span())


def _amount(digits: str | None, scale: str, words: str | None) -> str:
    """A number as plain decimal text without trailing zeros; "" where it is none."""
    if words:
        value: Decimal | None = _from_words(words)
    else:
        value = _from_digits(digits or "")
    if value is None:
        return ""
    if scale:
        value *= _SCALE.get(_lower(scale)) or _SHORT_SCALE[_lower(scale)]
    return plain_number(value)


def plain_number(value: Decimal) -> str:
    """``value`` without an exponent and without zeros behind its decimals."""
    plain = f"{value:f}"
    return (plain.rstrip("0").rstrip(".") if "." in plain else plain) or "0"


def _from_digits(digits: str) -> Decimal | None:
    if len(digits) > _MAX_DIGITS:
        return None
    try:
        return Decimal(digits.replace(",", ""))
    except InvalidOperation:
        return None


def _from_words(words: str) -> Decimal:
    total, current = 0, 0
    for word in re.findall(r"[a-z]+", _lower(words)):
        if word == "hundred":
            current = max(current, 1) * 100
        elif word in _SCALE:
            total += max(current, 1) * _SCALE[word]
            current = 0
        elif word != "and":
            current += _SMALL[word]
    return Decimal(total + current)


def duration_value(amount: str, unit: str, kind: str) -> str:
    kind = _lower(kind.strip(" -\t\n")).replace("working", "business").replace("calendar", "")
    times, unit = _IN_UNIT.get(_lower(unit), (1, _lower(unit)))
    if kind and times == 1:
        unit = f"{kind} {unit}"
    return f"{_amount(str(Decimal(amount) * times), '', None)} {unit}"


def durations_named(text: str) -> set[str]:
    """The lengths of time that "a day", "per week" or "/month" say."""
    if not _HAS_UNIT.search(_lower(text)):
        return set()
    return {duration_value("1", match[1] or match[2], "") for match in _EACH_UNIT.finditer(text)}


def ordinals(text: str) -> set[str]:
    """The figures that ordinals in words stand for: "second" may be 2. They support a figure."""
    lower = _lower(text)
    if not any(word in lower for word in ORDINALS):
        return set()
    return {str(ORDINALS[_lower(match[0])]) for match in _ORDINAL.finditer(text)}


def _money_value(match: re.Match[str]) -> str:
    currency = SYMBOLS[_lower((match["cur"] or match["cur2"] or match["cur3"]).strip())]
    amount = _amount(match["num"] or match["num2"], match["scale"] or match["scale2"] or "", match["words"])
    return f"{currency} {amount}" if amount else ""


def _time_value(match: re.Match[str]) -> str:
    hour, minute = int(match["h"]), int(match["min"] or 0)
    half = (match["ap"] or match["ap2"] or "")[:1].casefold()
    separator_is_dot = match["min"] is not None and match[0][match.end("h") - match.start()] == "."
    if hour > 23 or minute > 59 or (half and not 1 <= hour <= 12) or (separator_is_dot and not half):
        return ""
    if half:
        return f"{hour % 12 + (12 if half == 'p' else 0):02d}:{minute:02d}"
    return f"{hour:02d}:{minute:02d}" + ("?" if 1 <= hour <= 12 else "")


def id_value(text: str) -> str:
    return re.sub(r"[\s()-]+", "", text).upper() if text[:1].isdigit() or text[:1] == "(" else text.upper()
