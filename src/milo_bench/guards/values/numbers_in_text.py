"""Running text in, its numbers out as decimals, with the words beside them: minus, thousand, million, powers of ten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from milo_bench.core.amounts import DecimalMark, FoundAmount, find_amounts, plain_marks
from milo_bench.guards.values.amounts import scale_of
from milo_bench.guards.values.east_asian import numerals_in

_BEFORE: Final = 40  # characters in front of a number that are looked at
_SHORT: Final = 200  # characters of an answer that may be a fraction alone
_RAISED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_LETTERS: Final = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)  # are written against a number without a space
_POWER: Final = re.compile(
    r"(?<![\w.,])(?P<sign>-)?(?P<number>\d+(?:[.,]\d+)?)"
    r"(?:e(?P<e>[+-]?\d{1,3})(?!\w)|\s?(?:[x×*·⋅]|\\times|\\cdot)\s?10\s?(?:\^|\*\*)?\s?\{?(?P<ten>[+-]?\d{1,3}|[⁻⁺]?[⁰¹²³⁴-⁹]{1,3})\}?)",
    re.IGNORECASE,
)
_SIZED: Final = re.compile(r"(?P<number>\d)(?P<size>k|m|mn|bn|b|mio|mrd|tsd)\b\.?", re.IGNORECASE)
_MONEY: Final = re.compile(r"[$£€¥₹]\s?$|\b(?:usd|eur|gbp|chf|inr)\s?$", re.IGNORECASE)
# Not every word of size: "cents" and "mil" are one in some languages and not in others.
_SIZE_AFTER: Final = re.compile(
    r"[ \u00a0]?(?P<word>(?:mil(?:l?i|j)[oa]|billi|trilli|thousand|tausend|lakh|crore|mio|mrd|tsd|mn|bn)"
    r"[^\W\d_]{0,8})\b",
    re.IGNORECASE,
)
_MINUS_BEFORE: Final = re.compile(r"\b(?:minus|negative|negativ|moins|menos|meno)\s+(?:[$£€]\s?)?$", re.IGNORECASE)
_LATEX_MARK: Final = re.compile(r"(?<=\d)\{,\}(\d{3})(?!\d|\{)")  # 1{,}250, with spaces so that offsets hold
_FRACTION: Final = re.compile(
    r"(?:\\boxed|\\text|\W)*?(?:\\?d?frac\{(?P<a>\d{1,6})\}\{(?P<b>\d{1,6})\}|(?P<c>\d{1,6})\s?[/⁄]\s?(?P<d>\d{1,6}))\W*"
)


def numbers_in(text: str, *, decimal: DecimalMark | None = None) -> tuple[FoundAmount, ...]:
    """Every number in order: "1.25 million" and "1.25 × 10^6" are one each. A fraction counts where it is the whole
    text.
    """
    if len(text) <= _SHORT and (fraction := _fraction(text)) is not None:
        return (fraction,)
    plain = _LATEX_MARK.sub(r",\g<1>  ", plain_marks(text))
    found = [FoundAmount(value, start, end) for start, end, value in numerals_in(plain)]
    found += _powers(_without(plain, found))
    rest = _LETTERS.sub(" ", _without(plain, sorted(found, key=lambda one: one.start)))
    sizes = {match.end("number"): match for match in _SIZED.finditer(rest)}
    rest = _SIZED.sub(lambda match: f"{match['number']}{' ' * (len(match[0]) - 1)}", rest)
    for one in find_amounts(rest, decimal=decimal):
        found.append(_sized(one, plain, sizes.get(one.end)))
    return tuple(sorted(found, key=lambda one: one.start))


def _fraction(text: str) -> FoundAmount | None:
    match = _FRACTION.fullmatch(text)
    above, below = (match["a"] or match["c"], match["b"] or match["d"]) if match else ("", "")
    if match is None or int(below) == 0:
        return None
    return FoundAmount(
        Decimal(above) / Decimal(below), match.start(1 if match["a"] else 3), match.end(2 if match["a"] else 4)
    )


def _powers(text: str) -> Iterator[FoundAmount]:
    for match in _POWER.finditer(text):
        raised = int((match["e"] or match["ten"]).translate(_RAISED))
        value = Decimal(match["number"].replace(",", ".")).scaleb(raised)
        yield FoundAmount(-value if match["sign"] else value, *match.span())


def _without(text: str, found: list[FoundAmount]) -> str:
    pieces, at = [], 0
    for one in found:
        pieces += [text[at : one.start], "_" * (one.end - one.start)]
        at = one.end
    return "".join([*pieces, text[at:]])


def _sized(one: FoundAmount, text: str, attached: re.Match[str] | None) -> FoundAmount:
    """The number with its sign and size as words say them: 1.25k, €2.5m, 1,25 Mio., minus 5."""
    value, end = one.value, one.end
    before = text[max(0, one.start - _BEFORE) : one.start]
    after = _SIZE_AFTER.match(text, one.end)
    if attached is not None:
        word = attached["size"].casefold()
        scale = scale_of(word) if word != "m" or _MONEY.search(before) else None  # 5m are metres as well
        end = attached.end() if scale else end
    else:
        scale = scale_of(after["word"].casefold()) if after else None
        end = after.end() if after and scale else end
    if scale:
        value *= scale
    if value > 0 and _MINUS_BEFORE.search(before):
        value = -value
    return one._replace(value=value, end=end)
