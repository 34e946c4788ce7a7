"""A number and its unit in, the text that people read out; the only place where a number becomes text.

Three significant digits, ``94%``, ``1.42 s``, ``396 MiB``, ``$4,150 per month``, ``n = 1,204``. What a figure of a
decision rests on is said in ``report.figures``.
"""

from __future__ import annotations

import math

from milo_bench.core.records import Interval, Measure

NOTHING = "—"  # where there is no value
_MINUS = "\u2212"
_WHOLE_DOLLARS = 1_000
_SPELLED = frozenset({"hour", "week", "month", "quarter", "year"})
# Written with "/": 38 tokens/s, 12 J/request. Anything else per something is written out: 900 packets per month.
_CLOCK = frozenset({"s", "min"})
_COUNTED = frozenset({"streams", "tokens", "words", "requests"})


def figure(value: float | None, unit: str) -> str:
    """``value`` with its unit; an em dash where there is none.

    ``unit`` is as measures and economics write it: ``share``, ``s``, ``bytes``, ``USD/month``, ``tokens/s``.
    """
    return NOTHING if value is None else "".join(_parts(value, unit))


def between(low: float | None, high: float | None, unit: str) -> str:
    """``21–58%``, ``1.1–1.9 s``, ``$7,500–$12,000 per month``; ``≥ 3 s`` for an open end, "" without any end."""
    if low is None and high is None:
        return ""
    if high is None:
        return f"≥ {figure(low, unit)}"
    if low is None:
        return f"≤ {figure(high, unit)}"
    if unit.startswith("USD") and 1 <= abs(low) < _WHOLE_DOLLARS <= abs(high) < math.inf:
        low = float(round(low))  # cents beside thousands would say more than is known
    (first, its_unit), (last, last_unit) = _parts(low, unit), _parts(high, unit)
    if _of_many(low, unit) != _of_many(high, unit):
        first += its_unit
    # A dash between two signs would be read as one of them: −2.2 to −0.2%.
    dash = " to " if _MINUS in (first[:1], last[:1]) else "–"
    return f"{first}{dash}{last}{last_unit}"


def _of_many(value: float, unit: str) -> str:
    """What follows ``value``, as of many: "1 cent" and "2 cents" are of one unit."""
    return _parts(2.0 if value == 1 else value, unit)[1]


def sample(n: int) -> str:
    """``n = 1,204``."""
    return f"n = {n:,}"


def estimate(value: float | None, low: float | None, high: float | None, unit: str, n: int | None = None) -> str:
    """``84% (71–92%, n = 50)``; what is not known is left out."""
    inside = [part for part in (between(low, high, unit), sample(n) if n is not None else "") if part]
    return f"{figure(value, unit)} ({', '.join(inside)})" if inside else figure(value, unit)


def interval_text(interval: Interval | None, unit: str) -> str:
    """``between`` of an interval; "" where there is none."""
    return "" if interval is None else between(interval.low, interval.high, unit)


def measure_text(measure: Measure) -> str:
    """``84% (71–92%, n = 50)``."""
    low, high = (measure.interval.low, measure.interval.high) if measure.interval else (None, None)
    return estimate(measure.value, low, high, measure.unit, measure.n)


def change(value: float, unit: str) -> str:
    """How much more or less: ``+3.2 points`` of a share, ``−0.4 s``; a sign always."""
    return "".join(_change(value, unit))


def change_text(value: float | None, low: float | None, high: float | None, unit: str) -> str:
    """``−3.1 s (−4 to −2.2)``; ``no interval`` where the data do not give both ends, "" without a value."""
    if value is None:
        return ""
    if low is None or high is None:
        return f"{change(value, unit)} (no interval)"
    (_, its_unit), (first, low_unit), (last, high_unit) = (_change(number, unit) for number in (value, low, high))
    if not its_unit == low_unit == high_unit:
        first, last = first + low_unit, last + high_unit
    return f"{change(value, unit)} ({first} to {last})"


def unit_written(value: float, unit: str) -> str:
    """What follows the number: ``%`` of 94%, `` s`` of 1.42 s; "" where nothing does."""
    return _parts(value, unit)[1]


def share(value: float) -> str:
    """A rate as per cent: 94%, 2.5%, 0%, 99.7%; never 0% or 100% for a rate that is not."""
    if value < 0:
        return f"{_MINUS}{share(-value)}"
    per_cent = value * 100
    if value in (0.0, 1.0) or 10 <= per_cent <= 90:
        return f"{per_cent:.0f}%"
    text = f"{per_cent:.1f}"
    if text in ("0.0", "100.0"):
        return "<0.1%" if value < 0.5 else ">99.9%"
    return f"{text.removesuffix('.0')}%"


def seconds(value: float) -> str:
    """840 µs, 12.3 ms, 1.42 s, 75 s, 3 min 20 s, 2 h 5 min."""
    if not math.isfinite(value):
        return "never"
    if value < 0:
        return f"{_MINUS}{seconds(-value)}"
    if value < 1e-3:
        return f"{value * 1e6:.0f} µs" if value else "0 s"
    if value < 1:
        return f"{number(value * 1e3)} ms"
    if value < 120:
        return f"{number(value)} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def byte_count(value: float) -> str:
    """1,023 B, 212 MiB, 4.7 GiB (binary multiples)."""
    if value < 0:
        return f"{_MINUS}{byte_count(-value)}"
    size, unit = float(value), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:,.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"


def dollars(value: float) -> str:
    """$9,750, $185.50, $0.20, $0.0031, <$0.0001: whole dollars from a thousand on, two digits of what is small."""
    size = abs(value)
    sign = _MINUS if value < 0 else ""
    if not math.isfinite(value):
        return f"{sign}endless"
    if size >= _WHOLE_DOLLARS:
        return f"{sign}${size:,.0f}"
    if size >= 0.1:
        return f"{sign}${size:.2f}".removesuffix(".00")
    if size >= 0.0001:
        return f"{sign}${number(size, 2)}"
    return (">−$0.0001" if value < 0 else "<$0.0001") if size else "$0"


def number(value: float, digits: int = 3) -> str:
    """``value`` to so many significant digits, without an exponent and without zeros at the end: 1,240, 0.042."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{abs(value):,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{_MINUS}{text}" if value < 0 else text


def p_value(p: float) -> str:
    """``p = 0.034``, ``p < 0.001``."""
    return f"p = {number(p, 2)}" if p >= 0.001 else "p < 0.001"


def two_digits_up(value: float) -> float:
    """``value`` away from zero to two significant digits, for what is said to be about so many: 13,483 gives 14,000."""
    if not value:
        return value
    step = 10.0 ** max(0, math.floor(math.log10(abs(value))) - 1)
    return math.copysign(math.ceil(abs(value) / step) * step, value)


def _parts(value: float, unit: str) -> tuple[str, str]:
    """The number as it is written, and what follows it: ``("1.42", " s")``, ``("94", "%")``, ``("$5", " per month")``.

    A time of several units is one text: ``("3 min 20 s", "")``.
    """
    head, _, per = unit.partition("/")
    if head == "USD":
        return dollars(value), f" per {per}" if per else ""
    if head in _SPELLED or (per and per not in _CLOCK):
        return number(value), f" {_plural(head, value)}" + (f" per {per}" if per else "")
    match unit:
        case "share":
            return share(value)[:-1], "%"
        case "percent":
            return number(value), "%"
        case "s":
            return _split(seconds(value))
        case "bytes":
            return _split(byte_count(value))
        case "count":
            return number(value) if value % 1 else f"{value:,.0f}", ""
        case "points":
            return number(value, 4), " points"  # 599.6 of 600 must not read as all of them
        case "" | "1":  # a quotient of two like things has the unit 1
            return number(value), ""
        case _:
            space = "" if unit.startswith("/") else " "  # 5/s
            return number(value), f"{space}{unit[:-1] if value == 1 and unit in _COUNTED else unit}"


def _split(text: str) -> tuple[str, str]:
    if text.count(" ") != 1:
        return text, ""
    written, _, unit = text.partition(" ")
    return written, f" {unit}"


def _change(value: float, unit: str) -> tuple[str, str]:
    if unit == "share":
        points = round(value * 100, 1)
        written, its_unit = f"{abs(points):.1f}".removesuffix(".0"), " points"
        value = points
    else:
        written, its_unit = _parts(abs(value), unit)
    return f"{_MINUS if value < 0 else '+'}{written}", its_unit


def things(count: float | None, noun: str) -> str:
    """``noun`` for that many: "fixture" for one, "fixtures" for any other number."""
    return noun if count == 1 else f"{noun}s"


def _plural(thing: str, value: float) -> str:
    if value == 1 or thing in _CLOCK or not thing.islower():  # W, kWh and J are written alike for one and many
        return thing
    if thing.endswith("s"):
        return thing
    return f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
