"""Numbers and dates as Chinese and Japanese offices write them in, the same with ASCII digits out.

"12万5千" is 125000, "壹仟贰佰伍拾" 1250, "二〇二五年三月" 2025年3月, "令和7年" 2025年.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

_DIGITS: Final = dict(
    zip("〇零○一二三四五六七八九壱壹弌弐贰貳参叁參肆伍陸陆柒捌玖两兩", "000123456789111222333456678922", strict=True)
)
_SMALL: Final = {
    "十": 10,
    "拾": 10,
    "百": 100,
    "佰": 100,
    "陌": 100,
    "千": 1000,
    "仟": 1000,
    "십": 10,
    "백": 100,
    "천": 1000,
}
_LARGE: Final = {"万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8, "兆": 10**12, "만": 10**4, "억": 10**8}
_MARKS: Final = "".join((*_DIGITS, *_SMALL, *_LARGE))
_NUMBER: Final = re.compile(rf"(?<![\d.,])[\d.,]*[{_MARKS}][\d.,{_MARKS}]*")
_SECTION: Final = re.compile(rf"(?P<size>[\d.,]+|[{''.join(_DIGITS)}]*)(?P<unit>[{''.join(_SMALL)}]?)")
_PART: Final = re.compile(rf"(?P<section>[^{''.join(_LARGE)}]+)(?P<unit>[{''.join(_LARGE)}]?)")
# The year before the first of each era.
_ERAS: Final = {"大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018, "民國": 1911, "民国": 1911}
_ERA: Final = re.compile(rf"(?P<era>{'|'.join(_ERAS)})\s?(?P<year>\d{{1,3}}|元)\s?年")

_KOREAN: Final = str.maketrans("년월일", "年月日")
_KOREAN_SPACE: Final = re.compile(r"(?<=[만억천백])\s(?=\d)")  # 12만 5천
_TOLD_BY: Final = 2  # numerals that make a number

_WEEKDAY: Final = re.compile(
    r"\s?(?:[（(][月火水木金土日](?:曜日?)?[)）]|[月火水木金土日]曜日?|(?:星期|周)[一二三四五六日天])"
)
_TIME: Final = re.compile(r"\s*(?:午前|午後|上午|下午)?\d{1,2}[時时点](?:\d{1,2}分)?$")


def with_digits(text: str) -> str:
    """``text`` with its Chinese, Japanese and Korean numerals as ASCII digits; what is no number stays."""
    text = _KOREAN_SPACE.sub("", text)
    return _NUMBER.sub(lambda match: _plain(match[0]), text) if any(mark in text for mark in _MARKS) else text


def numerals_in(text: str) -> Iterator[tuple[int, int, Decimal]]:
    """Numbers with Chinese or Japanese numerals in running text: where each starts and ends, and its value.

    A single numeral is a word more often than a number (一部, 千葉), unless it is the whole text.
    """
    if not any(mark in text for mark in _MARKS):
        return
    for match in _NUMBER.finditer(text):
        written = match[0].rstrip(".,")
        if len(written) < _TOLD_BY and written != text.strip():
            continue
        value = _value(written.lstrip(".,"))
        if value is not None:
            yield match.start() + len(written) - len(written.lstrip(".,")), match.start() + len(written), value


def with_western_years(text: str) -> str:
    """A date in a year of an era as one in a year of our calendar, its numerals as digits; other texts unchanged."""
    text = text.translate(_KOREAN) if "년" in text else text
    if "年" not in text:
        return text
    text = _TIME.sub("", _WEEKDAY.sub("", text.strip()))
    return _ERA.sub(_western, with_digits(text).replace("号", "日").replace("號", "日"))


def _western(match: re.Match[str]) -> str:
    year = 1 if match["year"] == "元" else int(match["year"])
    return f"{_ERAS[match['era']] + year}年"


def _plain(written: str) -> str:
    value = _value(written)
    return written if value is None else f"{value.normalize():f}"


def _value(written: str) -> Decimal | None:
    total, last = Decimal(0), 0
    for number, match in enumerate(_PART.finditer(written)):
        unit = _LARGE.get(match["unit"], 1)
        section = _section(match["section"])
        if section is None or (number and unit >= last):
            return None
        total, last = total + section * unit, unit
    return total if last else None


def _section(written: str) -> Decimal | None:
    """A number below ten thousand in numerals, or one in digits; None where its parts do not go down."""
    total, last = Decimal(0), 10**4
    for match in _SECTION.finditer(written):
        if not match[0]:
            continue
        size = _size(match["size"], bare=not match["unit"])
        unit = _SMALL.get(match["unit"], 1)
        if size is None or unit >= last:
            return None
        total, last = total + size * unit, unit
    return total


def _size(written: str, *, bare: bool) -> Decimal | None:
    if not written:
        return None if bare else Decimal(1)  # "千二百" is 1200
    digits = "".join(_DIGITS.get(mark, mark) for mark in written).replace(",", "")
    return Decimal(digits) if re.fullmatch(r"\d+(?:\.\d+)?", digits) else None
