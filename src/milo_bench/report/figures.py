"""A figure and the part asked for in, the text that a page shows out; the only place where a figure becomes text."""

from __future__ import annotations

import math
from collections.abc import Mapping

from milo_bench.core.records import Interval
from milo_bench.core.units import figure as amount
from milo_bench.core.units import interval_text
from milo_bench.decide.records import Figure, FigurePart, LinkedText, Ref

_TIMES = frozenset({"hour", "week", "month", "quarter", "year"})
_WRITTEN_OUT = frozenset({"USD", *_TIMES})
_SYMBOLS = frozenset({"s", "min", "W", "kW", "Wh", "kWh", "share", "count"})
_CLOCK = frozenset({"s", "min"})  # tokens/s stays tokens/s; packet/month becomes packets per month


def part_text(figure: Figure, part: FigurePart = "value") -> str:
    """``94%``; an em dash where the data give no such part, ``endless`` where a sum never ends."""
    match part:
        case "n" | "k":
            count = figure.n if part == "n" else figure.k
            return "—" if count is None else f"{count:,}"
        case "low":
            return _amount(figure.low, figure.unit)
        case "high":
            return _amount(figure.high, figure.unit)
        case "about" if figure.value is not None:
            return _amount(_two_digits(figure.value), figure.unit)
        case _:
            if figure.value is None:
                return "endless" if figure.note == "endless" else "—"
            return _amount(figure.value, figure.unit)


def whole_text(figure: Figure) -> str:
    """``84% (71–92%, n = 50)``; for a stated range ``$9,750 ($7,500–$12,000)``."""
    inside = [range_text(figure)] if range_text(figure) else []
    if figure.n is not None:
        inside.append(f"n = {figure.n:,}")
    text = part_text(figure)
    return f"{text} ({', '.join(inside)})" if inside else text


def range_text(figure: Figure) -> str:
    """``71–92%``; empty where neither end is known or both are the value itself."""
    if figure.low is None and figure.high is None:
        return ""
    if figure.low == figure.high == figure.value:
        return ""
    head, _, tail = figure.unit.partition("/")
    if head not in _WRITTEN_OUT and (not tail or tail in _CLOCK):
        interval = Interval(figure.low, figure.high, figure.confidence or 0.0, figure.method)
        return interval_text(interval, figure.unit)
    low, high = _amount(figure.low, figure.unit), _amount(figure.high, figure.unit)
    if figure.low is None:
        return f"≤ {high}"
    if figure.high is None:
        return f"≥ {low}"
    shared = low.partition(" ")[2]
    return f"{low.partition(' ')[0]}–{high}" if shared and high.endswith(f" {shared}") else f"{low}–{high}"


def plain_text(figures: Mapping[str, Figure], text: LinkedText) -> str:
    """A sentence with its figures written out: ``Keep 94% (88–97%, n = 70) …``."""
    return "".join(part if isinstance(part, str) else _reference_text(figures, part) for part in text)


def _reference_text(figures: Mapping[str, Figure], reference: Ref) -> str:
    figure = figures[reference.figure]
    return whole_text(figure) if reference.whole else part_text(figure, reference.part)


def source_text(figure: Figure) -> str:
    """``measure recall[class=escalate] of escalation/local_8b``: where the figure comes from, in one line."""
    source = figure.source
    joined = " = " if source.kind == "economics" else ": " if source.kind == "assumption" else " of "
    return f"{source.kind} {source.key}{joined}{source.of}" if source.of else f"{source.kind} {source.key}"


def _two_digits(value: float) -> float:
    """``value`` away from zero to two significant digits: 13,483 becomes 14,000, and 128 becomes 130."""
    if not value:
        return value
    unit = 10.0 ** max(0, math.floor(math.log10(abs(value))) - 1)
    return math.copysign(math.ceil(abs(value) / unit) * unit, value)


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "—"
    head, _, tail = unit.partition("/")
    if head == "USD":
        sign = "−" if value < 0 else ""
        size = abs(value)
        text = f"{sign}${size:,.0f}" if size >= 1_000 else f"{sign}{amount(size, 'USD')}" if size else "$0"
        return f"{text} per {tail}" if tail else text
    if unit == "count":
        return amount(value, "" if value % 1 else "count")
    if head in _TIMES:
        return f"{amount(value, '')} {_plural(head, value)}" + (f" per {tail}" if tail else "")
    if head and tail and tail not in _CLOCK:
        return f"{amount(value, '')} {_plural(head, value)} per {tail}"
    return amount(value, unit)


def _plural(thing: str, value: float) -> str:
    if value == 1 or thing in _SYMBOLS:
        return thing
    return f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
