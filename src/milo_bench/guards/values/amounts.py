"""One amount as an office writes it in, the number out; and whether its one mark could be read two ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Final

from milo_bench.core.amounts import (
    FRACTION_MARKS,
    MAX_CHARS,
    MIXED,
    DecimalMark,
    decimal_mark,
    lone_mark,
    parse_amount,
    plain_marks,
)
from milo_bench.core.once import once
from milo_bench.guards.languages.marks import unmarked
from milo_bench.guards.packs.read import languages_of, read_pack, words
from milo_bench.guards.sentences import languages_told
from milo_bench.guards.values.east_asian import with_digits
from milo_bench.guards.values.number_words import NumberWords, find_number_words

VALUES_VERSION: Final = "6"
_TOLD_BY: Final = 4000  # characters
_LONGEST: Final = MAX_CHARS + 32  # a number and the words beside it
# A sign may stand before the currency, behind the number, or both may be in brackets.
_PARTS = re.compile(
    rf"(?P<before>(?:[^\d(+.,{FRACTION_MARKS}-]|(?<=[^\W\d_])\.){{0,40}})"
    rf"(?P<core>[(+.,-]{{0,3}}[^\S\n]?(?:{MIXED}|\d[\d.,' ]*))(?P<after>.{{0,60}})",
    re.DOTALL,
)
_NO_CENTS = re.compile(r"(?<=\d)(?P<mark>[.,:/]) ?[-=]{1,2}(?=\D*$)")  # 1.250,-- and 1'250.- and 1 250:- and 1,250/-
# 1 250 € 50, 1 250 zł 50 gr, 12 euros et 50 centimes
_CENT = (
    r"(?:euro)?(?:cents?|cts?|centimes?|c[eéê]ntimos?|centesimi|centavos|gr|groszy|grosze|pence|p|rappen|rp|[øö]re"
    r"|bani|hal)"
)
_CENTS_BEHIND = re.compile(
    rf"(?P<whole>\d[\d.,' ]*?) ?(?P<sign>[€$£]|(?P<word>[^\W\d_]{{1,9}}\.?)) ?(?:(?:et|and|und|y|e|en|i) )?"
    rf"(?P<cents>\d\d?)(?: ?(?P<unit>{_CENT})\.?)?",
    re.IGNORECASE,
)
_CENTS_IN_WORDS = re.compile(rf"\s*{_CENT}\.?\s*", re.IGNORECASE)
_WITHOUT_CENTS = re.compile(
    r"[₫đ¥円원₩]|(?<![^\W\d_])(?:rp|idr|ft|huf|vnd|vnđ|krw|jpy|clp|isk)(?![^\W\d_])", re.IGNORECASE
)  # currencies that nobody writes with decimals
_IN_BRACKETS = re.compile(r"[(（](?P<words>[^()（）\d]{1,30})[)）]")  # 1,250円(税込)
_BOOK_MINUS = re.compile(r"\./\.\s*(?=[^\s\d]{0,4}\s?\d)")  # ./. 50,00: a minus in German books
_US = re.compile(r"\bU\.\s?S\.(?=\s?[^\W\d_]|\s?\$)")
_SAID_AGAIN = re.compile(r"(?P<one>[^()]{1,60}?)\s*\((?P<other>[^()]{1,60})\)\.?")  # 25 (twenty-five)
_YEN_ENDS = re.compile(r"(?<=\d)-$")  # ¥125,000-: no minus, but that nothing can be written behind it
_SIZE_FIRST = re.compile(r"(?<![^\W\d_])(?:[kmb]|mn|bn)\s?$", re.IGNORECASE)  # B2B
_THOUSANDS_OF = re.compile(r"(?<![^\W\d_])T(?=€|EUR\b|CHF\b)")  # T€, TEUR
_WORD = re.compile(r"[^\W\d_]{1,3}\$|[千万萬億亿]+|[^\W\d_]+(?:[-'][^\W\d_]+)*\.?|[^\s\w]|_")
_SYMBOL = re.compile(r"[a-z]{0,3}[$£€¥₹₽₺₩₪₫₱₴₦฿₡₾円元원]")
_CODES: Final = frozenset(  # ISO 4217
    """
    aed ars aud bgn brl cad chf clp cny cop czk dkk egp eur gbp hkd huf idr ils inr isk jpy krw mad mxn myr ngn nok nzd
    pen php pkr pln qar ron rsd rub sar sek sgd thb try twd uah usd vnd zar us sfr fr rm tl
    au nz hk nt rp rmb kd pte dem frf esp itl ats nlg bef grd skk sit vnđ đ dh dhs р can
    tnd dzd jod kwd bhd omr lkr kes ghs xof xaf bam mkd gel kzt byn रुपये रुपए रुपया rs re руб рублей рубля
    рубль грн лв ريال درهم دينار جنيه ليرة یورو ریال تومان ر س د إ ج م ك
    """.split()  # noqa: SIM905  a list of words reads better unquoted
)
_AND_BEFORE: Final = re.compile(r"\s(?:et|and|und|y|e|en|i)\s*$", re.IGNORECASE)
_MINUS: Final = frozenset(("minus", "negative", "negativ", "moins", "menos", "meno", "min"))
_PLUS: Final = frozenset(("plus", "positive", "positiv", "más", "più", "mais"))
_LEAST_ONE: Final = 3  # letters: "a" is no number, "one" is
_SILENT_MARKS: Final = frozenset(".,")


@lru_cache(maxsize=16_384)
def read_amount(text: str, *, locale: str = "") -> Decimal | None:
    """The one number that ``text`` is: "1.250,00 €", "CHF 1'250.–", "2,5 Mio. Euro", "₹1,25,000"; None for others.

    ``locale`` ("de-DE", or a language alone) decides on one mark with three digits behind it and on words of size
    that differ between languages ("billion"); without it such a number is read as English is.
    """
    if len(text) > _LONGEST:
        return None
    decimal = decimal_mark(locale) if locale else None
    language = locale.partition("-")[0].partition("_")[0].lower()
    plain = plain_marks(unmarked(text).text).strip()
    if (again := _SAID_AGAIN.fullmatch(plain)) is not None:
        one, other = (read_amount(again[name], locale=locale) for name in ("one", "other"))
        if one is not None and one == other:
            return one
    plain = _THOUSANDS_OF.sub("k ", _US.sub("US", _BOOK_MINUS.sub("-", with_digits(plain))))
    if not any(mark.isdigit() or mark in FRACTION_MARKS for mark in plain):
        return _in_words(plain, language)
    if plain[-2:-1].isdigit():
        plain = plain.removesuffix(".")  # the end of a sentence
    if language == "ja":
        plain = _YEN_ENDS.sub("", plain)
    plain = _IN_BRACKETS.sub(r" \g<words> ", plain).strip()
    if (behind := _CENTS_BEHIND.fullmatch(plain)) and (value := _with_cents(behind, decimal)) is not None:
        return value
    if no_cents := _NO_CENTS.search(plain):
        if no_cents["mark"] in ".,":
            decimal = "," if no_cents["mark"] == "," else "."  # what stands for the cents begins decimals
        plain = _NO_CENTS.sub("", plain)
    if (mark := lone_mark(plain)) and _WITHOUT_CENTS.search(plain):
        decimal = "," if mark == "." else "."  # "Rp 31.500" is no 31.5
    if (whole := parse_amount(plain, decimal=decimal)) is not None:
        return whole
    match = _PARTS.fullmatch(plain)
    if match is None:
        return None
    if any(mark.isdigit() for mark in match["after"]) or _SIZE_FIRST.search(match["before"]):
        return None
    sign, scale = _beside(f"{match['before']} {match['after']}", language)
    value = parse_amount(match["core"].strip(" '"), decimal=decimal) if scale else None
    return None if value is None else sign * value * scale


def numbers_in_words(text: str, language: str) -> Iterator[Decimal]:
    """What running text writes in number words of ``language``, with the word of size behind them: "two million".

    Of words with other meanings ("second") only "one" counts.
    """
    sum_so_far, last_end = Decimal(0), 0
    for one in find_number_words(text, language):
        follows = _WORD.match(text, one.end + 1)
        size = _scales(language).get(follows[0].casefold().rstrip(".")) if follows else None
        if one.doubtful and (one.value != 1 or (one.end - one.start < _LEAST_ONE and not size)):
            continue
        goes_on = sum_so_far and not text[last_end : one.start].strip(" ,")
        sum_so_far = (sum_so_far if goes_on else Decimal(0)) + one.value * Decimal(size or 1)
        last_end = follows.end() if follows and size else one.end
        yield sum_so_far
        if not size:
            sum_so_far = Decimal(0)


def _with_cents(behind: re.Match[str], decimal: DecimalMark | None) -> Decimal | None:
    """Euros and cents that are written apart; None where the words between them are none of money."""
    word = (behind["word"] or "").casefold().rstrip(".")
    if word and not (_of_money(word) if behind["unit"] else _is_currency(word)):
        return None
    if len(behind["cents"]) < 2 and not behind["unit"]:
        return None
    whole = parse_amount(behind["whole"], decimal=decimal)
    return None if whole is None or whole % 1 else whole + Decimal(behind["cents"]) / 100


def _in_words(said: str, language: str) -> Decimal | None:
    """The one number that ``said`` writes in words of ``language``, with words of money beside it; None for others."""
    language = language or "en"
    if language not in languages_of("facts"):
        return None
    if said.casefold().rstrip(".") in words("amounts", language, "zero"):
        return Decimal(0)
    for word, same in read_pack("amounts", language).get("spelt", {}).items():
        said = re.sub(rf"\b{word}\b", same, said, flags=re.IGNORECASE)
    whole, and_half = _and_half(said, language)
    found = list(find_number_words(whole, language))
    if len(found) == 2 and _CENTS_IN_WORDS.fullmatch(said, found[1].end) and found[1].value < 100:
        euros = _in_words(_AND_BEFORE.sub("", said[: found[1].start]), language)
        return None if euros is None else euros + Decimal(found[1].value) / 100
    if (before_last := _terms(whole, found, language)) is None:
        return None
    terms, smallest = before_last
    beside = f"{whole[: found[0].start]} {whole[found[-1].end :]}"
    if len(found) == 1 and found[0].doubtful and not beside.strip() and not and_half:
        return None
    sign, scale = _beside(beside, language)
    if not scale or (smallest and scale >= smallest):
        return None
    return sign * (terms + (Decimal(found[-1].value) + and_half) * scale)


def _and_half(said: str, language: str) -> tuple[str, Decimal]:
    """``said`` without "and a half", and that half."""
    lower = said.casefold()
    for form in sorted(words("amounts", language, "and_half"), key=len, reverse=True):
        at = lower.find(form)
        if at > 0 and len(lower) == len(said):
            return said[:at] + said[at + len(form) :], Decimal("0.5")
    return said, Decimal(0)


def _terms(said: str, found: list[NumberWords], language: str) -> tuple[Decimal, int] | None:
    """What numbers before the last add ("one million two hundred thousand" has a million before it), and the smallest
    size among them. None where the words between them are no sizes that get smaller.
    """
    total, last = Decimal(0), 0
    for one, then in pairwise(found):
        size = scale_of(_AND_BEFORE.sub("", said[one.end : then.start]).strip(" ,").casefold(), language)
        if size is None or size <= then.value or (last and size >= last):
            return None
        total, last = total + one.value * size, size
    return (total, last) if found else None


def _beside(said: str, language: str) -> tuple[int, int]:
    """The sign, and what the words beside a number multiply it by; 0 where one of them belongs to no amount."""
    scale, sign = 1, 1
    for match in _WORD.finditer(said):
        word = match[0].casefold().rstrip(".")
        if not word or word in _SILENT_MARKS:
            continue
        if (word == "-" and sign == 1 and match.start() == 0) or (word in _MINUS and sign == 1):
            sign = -1
        elif word in _PLUS:
            continue
        elif (size := scale_of(word, language)) is not None:
            scale *= size
        elif not _of_money(word):
            return sign, 0
    return sign, scale


def scale_of(word: str, language: str = "") -> int | None:
    """What a word of size beside a number multiplies it by; None for any other word."""
    if language and (own := read_pack("amounts", language).get("scales", {}).get(word)) is not None:
        return int(own)
    sizes = {int(size) for one in languages_of("amounts") if (size := _scales(one).get(word)) is not None}
    return sizes.pop() if len(sizes) == 1 else _scales("en").get(word)


@once
def _scales(language: str) -> dict[str, int]:
    return {str(word): int(size) for word, size in read_pack("amounts", language).get("scales", {}).items()}


@once
def currencies_in(language: str) -> dict[str, str]:
    """The ISO 4217 code by each word of a currency in one language."""
    table = read_pack("amounts", language).get("currencies", {})
    return {word.casefold(): code for code, said in table.items() for word in said.split()}


@lru_cache(maxsize=4096)
def _is_currency(word: str) -> bool:
    return word in _CODES or any(word in currencies_in(language) for language in languages_of("amounts"))


@lru_cache(maxsize=4096)
def _of_money(word: str) -> bool:
    if _SYMBOL.fullmatch(word) or word in _CODES:
        return True
    plain = word.replace("’", "'")
    parts = plain.split("'")  # d'euros
    return any(_is_money_in(plain, language) for language in languages_of("amounts")) or all(
        any(_is_money_in(part, language) or _is_money_in(f"{part}'", language) for language in languages_of("amounts"))
        for part in parts
    )


def _is_money_in(word: str, language: str) -> bool:
    return word in currencies_in(language) or word in words("amounts", language, "silent")


def other_reading(text: str, locale: str) -> Decimal | None:
    """What else "1,250" may mean where the language that it stands in begins decimals with that mark; None for most.

    ``locale`` is only recognised, not stated. "1,250" is 1.25 in German, and people who write 1250.00 as "1,250.00"
    write it too.
    """
    mark = lone_mark(text)
    if not mark or mark != "," or decimal_mark(locale) != ",":
        return None
    return read_amount(text)


def doubt_of(value: str, text: str) -> str:
    """Why ``value``, which belongs to ``text``, could be two numbers; "" where it could not."""
    if len(value) > _LONGEST or not lone_mark(value):
        return ""
    told = languages_told(text[:_TOLD_BY])
    if len(told) != 1 or (other := other_reading(value, told[0])) is None:
        return ""
    one = read_amount(value, locale=told[0])
    if one is None or one == other:
        return ""
    return f"is {one.normalize():f} as its text is written and {other.normalize():f} as English is"
