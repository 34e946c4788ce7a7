"""Text in another language than English in, its facts out, by the words of ``packs/facts`` and ``packs/amounts``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from milo_bench.core.amounts import decimal_mark, parse_amount
from milo_bench.core.once import once
from milo_bench.guards.dates import find_dates
from milo_bench.guards.facts.english import AFTER_DATE, CONTACT, ID, SYMBOLS, duration_value, id_value, plain_number
from milo_bench.guards.facts.fact import Fact, FactKind
from milo_bench.guards.facts.names_abroad import find_names_abroad
from milo_bench.guards.names import name_words
from milo_bench.guards.packs.read import read_pack, words
from milo_bench.guards.values.amounts import currencies_in
from milo_bench.guards.values.east_asian import numerals_in, with_digits
from milo_bench.guards.values.number_words import NumberWords, find_number_words, halves

_SPACE = r"[ \t\u00a0\u202f]"
_NUM = rf"\d{{1,3}}(?:{_SPACE}\d{{3}}){{1,6}}(?!\d)(?:[.,]\d{{1,6}})?|\d{{1,20}}(?:[.,'’]\d{{1,20}}){{0,6}}"
_FREE = r"(?<![A-Za-zÀ-ɏ\d])(?<!\d[.,:'’/-])"  # other scripts may write on without a space
_NO_LETTER = "(?![A-Za-zÀ-ɏ])"  # a word of Latin letters ends here; Japanese writes on
_CODES = "EUR|USD|CHF|GBP|PLN|BRL|MXN|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|CZK|HUF|RON"
_TAKEN: Final = "�"


class _Patterns(NamedTuple):
    money: re.Pattern[str]
    percent: re.Pattern[str]
    percent_words: re.Pattern[str]
    basis_points: re.Pattern[str]
    duration: re.Pattern[str]
    one_unit: re.Pattern[str]
    number: re.Pattern[str]
    clock: re.Pattern[str]
    hour: re.Pattern[str] | None
    half: re.Pattern[str] | None


def find_facts_abroad(text: str, *, language: str, day_first: bool = True) -> tuple[Fact, ...]:
    """The facts of ``text`` in order, none inside another; numbers in words that have other meanings are left out."""
    found: list[Fact] = []
    rest = text
    patterns = _patterns(language)

    def take(kind: FactKind, value: str, start: int, end: int) -> None:
        nonlocal rest
        found.append(Fact(kind, value, text[start:end], start, end))
        rest = f"{rest[:start]}{_TAKEN * (end - start)}{rest[end:]}"

    for day in find_dates(text, day_first=day_first, language=language):
        take("date", day.value, day.start, day.end)
    for match in CONTACT.finditer(rest):
        end = match.start() + len(match[0].rstrip(".,;:"))
        take("id", text[match.start() : end].casefold(), match.start(), end)
    rest = AFTER_DATE.sub(" ", rest)
    for match in patterns.clock.finditer(rest):
        if value := _clock(match):
            take("time", value, *match.span())
    for match in ID.finditer(rest):
        if match[0].upper() not in _QUARTERS:
            take("id", id_value(match[0]), *match.span())
    rest = _words_as_figures(patterns.percent_words.sub(_as_percent, rest), language)
    for match in patterns.half.finditer(rest) if patterns.half else ():
        amount = Decimal(_scale(match["scale"], language)) / 2
        code = _code(match["cur"], language) if match["cur"] else ""
        take("money" if code else "number", f"{code} {plain_number(amount)}".strip(), *match.span())
    for match in patterns.money.finditer(rest):
        sort = "2" if match["cur2"] else ""
        amount_of = _amount(match[f"num{sort}"], (match[f"scale{sort}"], match[f"more{sort}"]), language)
        if amount_of:
            take("money", f"{_code(match[f'cur{sort}'], language)} {amount_of}", *match.span())
    for match in patterns.percent.finditer(rest):
        if amount_of := _amount(match["num"], (), language):
            take("percent", f"{amount_of}%", *match.span())
    for match in patterns.basis_points.finditer(rest):
        if amount_of := _amount(match["num"], (), language):
            take("percent", f"{plain_number(Decimal(amount_of) / 100)}%", *match.span())
    for match in patterns.duration.finditer(rest):
        if amount_of := _amount(match["num"], (), language):
            take("duration", duration_value(amount_of, *_unit(match["unit"], language)), *match.span())
    for match in patterns.one_unit.finditer(rest):
        if match["within"] or match["fused"]:
            start = match.start("one" if match["within"] else "unit2")
            take("duration", _one_unit(match, language), start, match.end())
    for match in patterns.hour.finditer(rest) if patterns.hour else ():
        if value := _clock(match):
            take("time", value, match.start("h"), match.end())
    for match in patterns.number.finditer(rest):
        if amount_of := _amount(match["num"], (match["scale"], match["more"]), language):
            take("number", amount_of, *match.span())
    found.extend(
        Fact("name", _name_value(text[start:end]), text[start:end], start, end)
        for start, end in find_names_abroad(_as_written(rest, text), language)
    )
    return tuple(sorted(found, key=lambda fact: fact.start))


def _name_value(name: str) -> str:
    """The words of a name that have capitals, in lower case; small words between them are no part of it."""
    return name_words(" ".join(word for word in name.split() if not word[:1].islower()))


def doubtful_numbers(text: str, language: str) -> Iterator[str]:
    """Figures that words with other meanings may stand for: "zweiten" may be 2, "einer" 1. They support a figure."""
    return (str(one.value) for one in find_number_words(text, language) if one.doubtful)


def durations_named_abroad(text: str, language: str) -> set[str]:
    """The lengths of time that "un mois" or "eine Woche" say, wherever they are; they support such a length."""
    found = _patterns(language).one_unit.finditer(text)
    return {_one_unit(match, language) for match in found}


def shares_named(text: str, language: str) -> set[str]:
    """The percentages that "half" or "deux tiers" say; they support such a percentage."""
    share = _share(language)
    found = {one.lastgroup for one in share.finditer(text)} if share else set()
    return _percentages(one[1:] for one in found if one)


def shares_of(language: str) -> set[str]:
    """All percentages that words of ``language`` can say."""
    return _percentages(read_pack("facts", language).get("shares", {}))


def _percentages(shares: Iterable[str]) -> set[str]:
    return {f"{percent}%" for share in shares for percent in _THIRDS.get(share, (share,))}


@once
def _share(language: str) -> re.Pattern[str] | None:
    table = read_pack("facts", language).get("shares", {})
    listed = sorted(table.items(), key=lambda one: -max(map(len, one[1].split())))
    each = "|".join(rf"(?P<p{percent}>{_choice(said.split())})" for percent, said in listed)
    return re.compile(rf"\b(?:{each})\b", re.IGNORECASE) if each else None


_THIRDS: Final = {"33": ("33", "33.3", "33.33"), "67": ("66", "66.7", "66.67", "67")}


def _one_unit(match: re.Match[str], language: str) -> str:
    return duration_value("1", *_unit(match["unit"] or match["unit2"], language))


_QUARTERS: Final = frozenset({"Q1", "Q2", "Q3", "Q4"})
_FIGURE_FOR_WORD = re.compile(r"\d+\x00*")


_PARTS_OF_A_NUMBER: Final = re.compile(r"(?<!\d)\d[\d.,]{0,30}(?P<size>[万萬億亿兆])\d[\d.,千百十万萬億亿]*")


def _as_one_number(match: re.Match[str]) -> str:
    """ "12万5千" as "12.5万": the figure that is no longer than what is written."""
    found = next(numerals_in(match[0]), None)
    if found is None or found[1] - found[0] != len(match[0]):
        return match[0]
    figure, length = plain_number(found[2]), len(match[0])
    if len(figure) <= length:
        return figure.ljust(length, chr(0))
    size = match["size"]
    figure = plain_number(found[2] / Decimal(with_digits(f"1{size}")))
    return f"{figure.ljust(length - 1, chr(0))}{size}" if len(figure) < length else match[0]


def _words_as_figures(text: str, language: str) -> str:
    """``text`` with its number words as figures, filled up with NUL so that offsets hold."""
    text = _PARTS_OF_A_NUMBER.sub(_as_one_number, text)
    for one in list(find_number_words(text, language)):
        figure = str(one.value)
        if _last_word(text, one.start) in words("facts", language, "clock_words"):
            continue  # "halb drei" is no three
        if not one.doubtful and len(figure) <= one.end - one.start:
            text = f"{text[: one.start]}{figure.ljust(one.end - one.start, chr(0))}{text[one.end :]}"
    return text


def _last_word(text: str, start: int) -> str:
    return text[max(0, start - 16) : start].rstrip().rpartition(" ")[2].casefold()


def _as_percent(match: re.Match[str]) -> str:
    return "%".ljust(len(match[0]), "\0")


def _as_written(rest: str, text: str) -> str:
    """``rest`` without the figures that were put in for words."""
    return "".join(mark if mark == _TAKEN or mark == text[i] else " " for i, mark in enumerate(rest))


@once
def _patterns(language: str) -> _Patterns:
    pack = read_pack("facts", language)
    number = rf"{_FREE}(?P<num>{_NUM})\x00*"
    scales = _choice(read_pack("amounts", language).get("scales", {}))
    scale = rf"(?:{_SPACE}?(?P<scale>{scales}){_NO_LETTER}\.?(?:{_SPACE}(?P<more>{scales}){_NO_LETTER}\.?)?)?"
    scale2 = scale.replace("<scale>", "<scale2>").replace("<more>", "<more2>")
    silent = _choice(words("amounts", language, "silent"))
    currency = rf"(?:[$£€¥₹円元]|zł\b|(?:{_CODES}|{_choice(currencies_in(language))}){_NO_LETTER})"
    beside = rf"{_SPACE}?(?:(?:{silent}){_SPACE}?){{0,2}}"
    units = _choice(word for said in pack.get("units", {}).values() for word in said.split())
    after = _choice(words("facts", language, "time_after"))
    before = _choice(words("facts", language, "time_before"))
    percent = _choice(words("facts", language, "percent"))
    ordinal = _choice(words("facts", language, "ordinal"))
    basis_points = _choice(words("facts", language, "basis_points"))
    within, one, fused = (_choice(words("facts", language, name)) for name in ("within", "one_unit", "within_fused"))
    half = _choice(halves(language))
    return _Patterns(
        money=re.compile(
            rf"(?<![A-Za-zÀ-ɏ])(?P<cur>US\$|R\$|{currency}){_SPACE}{{0,2}}{number}(?:[.,][-–—]{{1,2}})?{scale}"
            rf"|{number.replace('<num>', '<num2>')}(?:[.,][-–—]{{1,2}})?{scale2}{beside}(?P<cur2>{currency})",
            re.IGNORECASE,
        ),
        percent=re.compile(rf"{number}{_SPACE}?[%％]\x00*", re.IGNORECASE),
        percent_words=re.compile(rf"\b(?:{percent})\b", re.IGNORECASE),
        basis_points=re.compile(rf"{number}{_SPACE}?(?:{basis_points}){_NO_LETTER}", re.IGNORECASE),
        duration=re.compile(rf"{number}(?:{_SPACE}|-)?(?P<unit>{units}){_NO_LETTER}", re.IGNORECASE),
        one_unit=re.compile(
            rf"(?:\b(?P<within>(?:{within})){_SPACE}?|(?<!\w))(?P<one>(?:{one}))(?:{_SPACE}|(?<='))(?P<unit>{units}){_NO_LETTER}"
            rf"|\b(?P<fused>{fused}){_SPACE}(?P<unit2>{units}){_NO_LETTER}",
            re.IGNORECASE,
        ),
        number=re.compile(rf"{number}(?:{ordinal}(?![A-Za-zÀ-ɏ]))?(?!\d){scale}", re.IGNORECASE),
        clock=re.compile(
            rf"{_FREE}(?P<h>\d{{1,2}})(?::(?P<min>\d{{2}})(?::\d{{2}})?(?:{_SPACE}?(?:{after})\b)?"
            rf"|\.(?P<min2>\d{{2}}){_SPACE}?(?:{after})\b|{_SPACE}?h{_SPACE}?(?P<min3>\d{{2}})|{_SPACE}?(?:{after})\b)(?!\d)"
            rf"|\b(?:{before})\.?\s+(?P<h4>\d{{1,2}})\.(?P<min4>\d{{2}})(?!\d|[.,]\d)",
            re.IGNORECASE,
        ),
        hour=re.compile(rf"\b(?:{before})\.?\s+(?P<h>\d{{1,2}})(?![\d\x00]|[.,:]\d|{_SPACE}?[%€$])", re.IGNORECASE)
        if before != _NEVER and language in _BARE_HOURS
        else None,
        half=re.compile(rf"\b(?:{half})[\s-]+(?P<scale>{scales})\b\.?(?:{beside}(?P<cur>{currency}))?", re.IGNORECASE)
        if half != _NEVER and scales != _NEVER
        else None,
    )


_NEVER: Final = r"(?!)"
_BARE_HOURS: Final = frozenset({"it", "pl", "pt", "es"})  # "alle 9", "o 9": an hour without a word for it


def _choice(said: Iterable[str]) -> str:
    """Any of the words as a pattern, the longest first; ``_`` is a space."""
    made = sorted({re.escape(word).replace("_", r"\s+") for word in said}, key=len, reverse=True)
    return "|".join(made) or _NEVER


def _amount(digits: str, scales: Iterable[str | None], language: str) -> str:
    value = parse_amount(digits.replace("\u202f", " "), decimal=decimal_mark(language))
    if value is None:
        return ""
    for scale in scales:
        if scale:
            value *= _scale(scale, language)
    return plain_number(value)


def _scale(word: str, language: str) -> int:
    return int(read_pack("amounts", language)["scales"].get(word.casefold().rstrip("."), 1))


def _code(word: str, language: str) -> str:
    plain = word.casefold()
    return currencies_in(language).get(plain) or SYMBOLS.get(plain) or word.upper()


@once
def _units(language: str) -> dict[str, str]:
    table = read_pack("facts", language).get("units", {})
    return {word.replace("_", " ").casefold(): unit for unit, said in table.items() for word in said.split()}


def _unit(word: str, language: str) -> tuple[str, str]:
    """The English unit and "business" where it is one of working days."""
    kind, _, unit = _units(language)[" ".join(word.casefold().split())].rpartition(" ")
    return unit, kind


def _clock(match: re.Match[str]) -> str:
    groups = match.groupdict()
    hour = int(groups.get("h") or groups.get("h4") or 99)
    minute = int(next((groups[name] for name in ("min", "min2", "min3", "min4") if groups.get(name)), 0))
    if hour > 23 or minute > 59:
        return ""
    return f"{hour:02d}:{minute:02d}" + ("?" if 1 <= hour <= 12 else "")


__all__ = ["NumberWords", "doubtful_numbers", "durations_named_abroad", "find_facts_abroad", "shares_named"]
