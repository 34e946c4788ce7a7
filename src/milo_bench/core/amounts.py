"""Text in, the numbers and amounts of money written in it out, as decimals.

A number may carry a sign before or after its currency, accounting brackets, a trailing minus, and
its thousands parted by commas, points, apostrophes or spaces. Where one separator with three
digits after it could be either ("1,250"), ``decimal`` decides; without it the English reading
holds: a comma parts thousands, a point begins decimals.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

DecimalMark: TypeAlias = Literal[".", ","]

# Languages that begin decimals with a comma, and countries that do otherwise than their language (Unicode CLDR).
_COMMA: Final = frozenset(
    """
    af be bg bs ca cs da de el es et eu fi fo fr fy gl hr hu hy id is it ka kk ky lb lo lt lv mk nb nl nn no pl ps pt rm
    ro ru sk sl sq sr sv tg tk tr tt uk uz vi wo
    """.split()  # noqa: SIM905  a list of words reads better unquoted
)
_OTHERWISE: Final = {
    "de": "CH LI", "fr": "RW", "it": "CH", "es": "SV PR HN PA US GT DO NI CU PE MX BZ", "ms": "BN ID",
    "ar": "MA MR LY TN DZ LB", "en": "ID SK DK RO NL HU FI LV PL LT EE GE CZ FR IT DE SI ES ZA BE SE AT NO UA PT",
}  # fmt: skip

MAX_CHARS: Final = 64  # nothing longer is one number

# One character for one, so that offsets hold.
_PLAIN: Final = str.maketrans(
    dict.fromkeys("‐‑‒–—―−﹣－➖", "-")
    | dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
    )
    | dict.fromkeys("’‘ʼ´`′", "'")
    | {"，": ",", "．": ".", "＋": "+", "（": "(", "）": ")", "￥": "¥", "￡": "£", "￦": "₩", "＄": "$"}
    | {"⁄": "/", "∕": "/"}
    | {chr(zero + digit): str(digit) for zero in (0xFF10, 0x0660, 0x06F0, 0x0966) for digit in range(10)}
    | {"٫": ".", "٬": ","}
)
_CURRENCY = (
    r"(?:(?:US|CA|AU|NZ|HK|SG|C|A|R|S|Mex)?\$|[£€¥₹₽₺₩₪₫₱₴₦฿]|"
    r"(?:usd|eur|gbp|chf|jpy|cny|inr|cad|aud|nzd|sek|nok|dkk|pln|czk|huf|ron|bgn|try|brl|mxn|zar|myr|sgd|hkd|rub|"
    r"rm|sfr|fr\.?|kr\.?|zł|zl|kč|kc|ft\.?|lei|rs\.?|euros?|dollars?|pounds?)(?![^\W\d_]))"
)
_GROUPED_BY_SPACE = r"\d{1,3}(?: \d{3})+(?!\d)(?:[.,]\d+)?"
_SEPARATED = r"\d+(?:[.,']\d+)*"
FRACTION_MARKS: Final = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
# 2½, 1 1/2 and ½. "1/2" alone may be a day or one of two.
MIXED: Final = (
    rf"(?:\d{{1,3}} ?[{FRACTION_MARKS}]|\d{{1,3}}[ -]\d{{1,2}}/(?:2|3|4|8|16|32)(?![\d/])|[{FRACTION_MARKS}])"
)
_CORE = rf"(?:{MIXED}|{_GROUPED_BY_SPACE}|{_SEPARATED}|[.,]\d+)"
_WHOLE = re.compile(
    rf"(?:{_CURRENCY}\s*+(?=\())?(?P<open>\()?\s*+(?P<sign>[+-])?\s*+(?:{_CURRENCY})?\s*+(?P<inner>[+-])?\s*+"
    rf"(?P<core>{_CORE}|\d+(?:[.,]\d+)?e[+-]?\d{{1,3}})(?P<trailing>-)?\s*+(?:{_CURRENCY})?(?P<after>-)?\s*+"
    rf"(?:(?P<close>\))\s*+(?:{_CURRENCY})?)?",
    re.IGNORECASE,
)
_IN_TEXT = re.compile(
    rf"(?P<open>\()?(?:(?<![\w.,'-])(?P<sign>[+-]) ?)?"
    rf"(?:(?<!\w){_CURRENCY} ?(?P<inner>-)?|(?:(?<![\w.,'])(?P<alone>-))?(?<![\w.,']))"
    rf"(?P<core>{MIXED}|{_GROUPED_BY_SPACE}|{_SEPARATED}|(?<![\w.,'])[.,]\d+)(?![.,']?\d)"
    rf"(?:(?P<trailing>-)(?= ?{_CURRENCY}|[ \t]*(?:$|[\n|;)])))?(?: ?{_CURRENCY}|(?!\w))(?P<close>\))?",
    re.IGNORECASE,
)
_LONE = re.compile(r"(?<![\d.,'])[1-9]\d{0,2}([.,])\d{3}(?![\d.,' ]*\d)")
_INDIAN = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}")


Ratio: TypeAlias = Literal["percent", "permille"]
RATIOS: Final[dict[str, str]] = {"percent": "%", "permille": "‰"}
_RATIO: Final = re.compile(
    r"(?P<number>.*?)\s*(?:(?P<percent>[%％﹪٪]|per ?cent\b|pct\b\.?|prozent\b|v\.? ?h\.|pour ?cents?\b|por ?ciento\b"
    r"|per ?cento\b|procente?n?t?\b|por ?cento\b)|(?P<permille>‰|per ?mille?\b|promille\b))\s*",
    re.IGNORECASE | re.DOTALL,
)


class FoundAmount(NamedTuple):
    """A number at ``start`` to ``end`` of a text; ``bracketed``: its minus sign is brackets around it."""

    value: Decimal
    start: int
    end: int
    bracketed: bool = False


def decimal_mark(locale: str) -> DecimalMark:
    """What begins decimals in a language or a language and a country: "," in ``de`` and ``de-DE``, "." in ``de-CH``."""
    language, _, region = locale.replace("_", "-").partition("-")
    comma = (language.lower() in _COMMA) != (region.upper() in _OTHERWISE.get(language.lower(), "").split())
    return "," if comma else "."


def lone_mark(text: str) -> DecimalMark | Literal[""]:
    """The one separator of a number that could part thousands or begin decimals ("1,250"); "" where there is none."""
    if len(text) > 2 * MAX_CHARS:
        return ""
    found = _LONE.findall(plain_marks(text))
    return found[0] if len(found) == 1 else ""


def ratio_sign(text: str) -> tuple[str, Ratio | Literal[""]]:
    """What is before a percent or per mille sign, or such a word, at the end of ``text``, and which of them it is."""
    found = _RATIO.fullmatch(text) if len(text) <= 2 * MAX_CHARS else None
    if found is None:
        return text, ""
    return found["number"], "percent" if found["percent"] else "permille"


def plain_marks(text: str) -> str:
    """``text`` with ASCII digits, separators, dashes and spaces, one character for one."""
    return text.translate(_PLAIN)


def parse_amount(text: str, *, decimal: DecimalMark | None = None) -> Decimal | None:
    """The one number that ``text`` is, with or without a currency; None for anything else."""
    if len(text) > MAX_CHARS:
        return None
    return _parsed(text, decimal)


@lru_cache(maxsize=16_384)
def _parsed(text: str, decimal: DecimalMark | None) -> Decimal | None:
    match = _WHOLE.fullmatch(text.translate(_PLAIN).strip())
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    signs = [mark for mark in (match["sign"], match["inner"], match["trailing"], match["after"]) if mark]
    if len(signs) + bool(match["open"]) > 1:
        return None
    value = _value(match["core"], decimal)
    if value is None:
        return None
    return -value if match["open"] or signs == ["-"] else value


def find_amounts(text: str, *, decimal: DecimalMark | None = None) -> tuple[FoundAmount, ...]:
    """Every number in running text, in order. A hyphen counts as a sign only where no word or number is before it."""
    found = []
    for match in _IN_TEXT.finditer(text.translate(_PLAIN)):
        value = _value(match["core"], decimal)
        if value is None:
            continue
        bracketed = bool(match["open"] and match["close"])
        before = match["sign"] == "-" or bool(match["inner"] or match["alone"])
        # "1,250.00-" in a column is how ledgers write a minus; "page 12-" is not.
        negative = bracketed or before or bool(match["trailing"] and re.search(r"[.,]\d\d$", match["core"]))
        found.append(FoundAmount(-value if negative else value, match.start("core"), match.end("core"), bracketed))
    return tuple(found)


def _value(core: str, decimal: DecimalMark | None) -> Decimal | None:
    """The number that digits with separators are; None where no way of writing numbers gives it."""
    if len(core) > MAX_CHARS:
        return None
    if core[-1] in FRACTION_MARKS or "/" in core:
        return _mixed(core)
    core = core.replace(" ", "'")
    marks = [mark for mark in core if mark in ".,'"]
    if not marks or "e" in core.casefold():
        return _decimal(core.replace(",", "."))
    last = marks[-1]
    kinds = set(marks)
    whole, _, fraction = core.rpartition(last)
    if len(kinds) == 1 and len(marks) == 1 and last != "'":
        could_group = len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
        if could_group and last == ("," if decimal != "," else "."):
            return _decimal(whole + fraction)
        return _decimal(f"{whole or '0'}.{fraction}")
    if len(kinds) == 1:  # one kind of mark, several times, or an apostrophe: thousands
        return _decimal(core.replace(last, "")) if _groups(core, last) else None
    if marks.count(last) == 1 and last != "'" and len(kinds) == 2:  # the last mark begins the decimals
        other = next(kind for kind in kinds if kind != last)
        return _decimal(f"{whole.replace(other, '')}.{fraction}") if _groups(whole, other) else None
    return None


def _mixed(core: str) -> Decimal | None:
    """A whole number and a fraction; None where it is no proper one ("3 4/2")."""
    if "/" in core:
        whole, _, fraction = core.replace("-", " ").partition(" ")
        above, below = map(int, fraction.split("/"))
    else:
        whole = core[:-1].strip()
        above, below = map(int, unicodedata.normalize("NFKC", core[-1]).split("\u2044"))
    return Decimal(whole or 0) + Decimal(above) / Decimal(below) if 0 < above < below else None


def _groups(whole: str, mark: str) -> bool:
    """Whether ``mark`` parts ``whole`` as thousands are parted: by threes, or the Indian way (1,25,000)."""
    first, *rest = whole.split(mark)
    by_threes = 1 <= len(first) <= 3 and all(len(group) == 3 for group in rest)
    return by_threes or (mark == "," and _INDIAN.fullmatch(whole) is not None)


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
