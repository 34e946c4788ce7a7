"""A cell's number and its format code in, what a person sees out; dates as 2025-12-28, whatever the office's country.

The codes are those of ECMA-376 part 1, section 18.8.31. A format that is none of them shows the plain number.
"""

from __future__ import annotations

import datetime
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

BUILTIN: Final = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "yyyy-mm-dd",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm",
    37: "#,##0 ;(#,##0)",
    38: "#,##0 ;(#,##0)",
    39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
}
_PIECE = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[([^\]]*)\]|(.)', re.DOTALL)
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_LAST_SERIAL: Final = 2_958_466  # the day after 9999-12-31


def shown_number(value: float, code: str, *, from_1904: bool = False) -> str | int | float:
    """The number as its cell shows it: text where the format says how, else a plain number."""
    section, signed = _section(code, value)
    pieces = [(match[1] or match[2] or "", match[3], match[4]) for match in _PIECE.finditer(section)]
    bare = "".join(plain or "" for _, _, plain in pieces)
    elapsed = next((bracket for _, bracket, _ in pieces if bracket and _ELAPSED.fullmatch(bracket)), None)
    if elapsed is not None:
        return _duration(value, bare)
    if _is_date(bare):
        return shown_date(value, bare, from_1904=from_1904)
    if not re.search(r"[0#?]", bare) or re.search(r"[eE][+-]", bare) or "/" in bare:
        return "" if not section else _literal(pieces) if bare == "" and section else plain_number(value)
    return _digits(value if signed else abs(value), pieces)


def plain_number(value: float) -> int | float:
    """1.0 is 1; what a spreadsheet adds beyond fifteen digits is not shown."""
    rounded = float(f"{value:.15g}") if value == value and abs(value) != float("inf") else value
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def shown_date(value: float, bare: str, *, from_1904: bool = False) -> str | int | float:
    """A serial day number as 2025-12-28, 2025-12-28 14:30 or 14:30, by what its format shows."""
    if not 0 <= value < _LAST_SERIAL:
        return plain_number(value)
    seconds = round((value % 1) * 86_400)
    days = int(value) + (1 if seconds == 86_400 else 0)
    time = str(datetime.timedelta(seconds=seconds % 86_400)).zfill(8)
    shown = re.sub(r"am/pm|a/p", "", bare, flags=re.IGNORECASE).lower()
    time = time if re.search(r"s", shown) else time[:5]
    if not re.search(r"[dy]", shown) and not re.fullmatch(r"m+", shown.strip()):
        return time
    # The spreadsheets of 1985 had a 29 February 1900, so days after it are one too many.
    first = datetime.date(1904, 1, 1) if from_1904 else datetime.date(1899, 12, 30 if days > 59 else 31)
    try:
        date = (first + datetime.timedelta(days=days)).isoformat()
    except OverflowError:
        return plain_number(value)
    return f"{date} {time}" if re.search(r"[hs]", shown) else date


def _section(code: str, value: float) -> tuple[str, bool]:
    """The part of the code for this value's sign, and whether a minus is still to be written."""
    parts: list[str] = []
    current, quoted, escaped = "", False, False
    for character in code:
        if character == ";" and not quoted and not escaped:
            parts.append(current)
            current = ""
            continue
        quoted ^= character == '"' and not escaped
        escaped = character == "\\" and not escaped
        current += character
    parts.append(current)
    if any(re.match(r"\[[<>=]", part.strip()) for part in parts):
        return parts[0], True  # conditions of one's own: the number itself is what counts
    if value < 0 and len(parts) > 1:
        return parts[1], False
    if value == 0 and len(parts) > 2:
        return parts[2], True
    return parts[0], True


def _is_date(bare: str) -> bool:
    return (
        bare.strip().lower() != "general"
        and re.search(r"[ymdhs]", re.sub(r"am/pm|a/p|e[+-]", "", bare, flags=re.I), re.I) is not None
    )


def _literal(pieces: list[tuple[str, str | None, str | None]]) -> str:
    return "".join(quoted for quoted, _, _ in pieces).strip()


def _duration(value: float, bare: str) -> str:
    minutes, seconds = divmod(round(abs(value) * 86_400), 60)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if value < 0 else ""
    return f"{sign}{hours}:{minutes:02}" + (f":{seconds:02}" if "s" in bare.lower() else "")


def _digits(value: float, pieces: list[tuple[str, str | None, str | None]]) -> str:
    """The number in the places that ``0``, ``#`` and ``?`` give, with everything written around and between them."""
    tokens = [_token(piece) for piece in pieces]
    mask = "".join(said for is_place, said in tokens if is_place)
    places = mask.rstrip(",")
    grouped = "," in places.partition(".")[0]
    number = Decimal(repr(value)) * (100 if any("%" in said for is_place, said in tokens if not is_place) else 1)
    number = number.scaleb(-3 * (len(mask) - len(places)))
    decimals = len(re.sub(r"[^0#?]", "", places.partition(".")[2]))
    rounded = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP) if abs(number) < 10**15 else number
    whole, _, fraction = f"{abs(rounded):f}".partition(".")
    point = next((at for at, (is_place, said) in enumerate(tokens) if is_place and said == "."), len(tokens))
    left = _whole(tokens[:point], whole.lstrip("0"), grouped=grouped)
    right = _fraction(tokens[point + 1 :], fraction)
    dot = "." if re.match(r"\d", right) else ""
    return f"{'-' if rounded < 0 else ''}{left}{dot}{right}".strip()


def _token(piece: tuple[str, str | None, str | None]) -> tuple[bool, str]:
    """Whether it is a place for a digit (or the point or comma between such), and what it says."""
    quoted, bracket, plain = piece
    if bracket is not None:
        return False, bracket[1:].partition("-")[0] if bracket.startswith("$") else ""
    return (plain in tuple("0#?.,"), plain) if plain is not None else (False, quoted)


def _whole(tokens: list[tuple[bool, str]], digits: str, *, grouped: bool) -> str:
    """The digits before the point, filled in from the right; what is left over goes to the first place."""
    first = next((at for at, (is_place, said) in enumerate(tokens) if is_place and said != ","), None)
    if first is None:
        return "".join(said for is_place, said in tokens if not is_place) + digits
    out: list[str] = []
    written = 0
    left = list(digits)
    for at in range(len(tokens) - 1, -1, -1):
        is_place, said = tokens[at]
        if not is_place:
            out.append(said)
        elif said != ",":
            while left or (said == "0" and at >= first):
                if grouped and written and written % 3 == 0:
                    out.append(",")
                out.append(left.pop() if left else "0")
                written += 1
                if at != first or not left:
                    break
    return "".join(reversed(out))


def _fraction(tokens: list[tuple[bool, str]], digits: str) -> str:
    out = []
    for is_place, said in tokens:
        if not is_place:
            out.append(said)
        elif said in "0#?":
            digit, digits = digits[:1] or "0", digits[1:]
            out.append(digit if said == "0" or digit != "0" or digits.strip("0") else "")
    return "".join(out)
