"""Figures in SI units in, short readable text out."""

from __future__ import annotations

import math

from milo_bench.core.records import Interval, Measure


def seconds(value: float) -> str:
    """840 µs, 12.3 ms, 1.42 s, 75 s, 3 min 20 s, 2 h 5 min."""
    if not math.isfinite(value):
        return "never"
    size = abs(value)
    if size < 1e-3:
        return f"{value * 1e6:.0f} µs"
    if size < 1:
        return f"{_three(value * 1e3)} ms"
    if size < 120:
        return f"{_three(value)} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def byte_count(value: float) -> str:
    """1,023 B, 212 MiB, 4.7 GiB (binary multiples)."""
    size, unit = float(value), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if abs(size) < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if unit == "B" or abs(size) >= 100 else f"{size:.1f} {unit}"


def share(value: float) -> str:
    """A rate as per cent: 94%, 2.5%, 0%, 99.7%; never 0% or 100% for a rate that is not."""
    per_cent = value * 100
    if value in (0.0, 1.0):
        return f"{per_cent:.0f}%"
    if 10 <= per_cent <= 90:
        return f"{per_cent:.0f}%"
    text = f"{per_cent:.1f}"
    if text in ("0.0", "100.0"):
        return "<0.1%" if value < 0.5 else ">99.9%"
    return f"{text.removesuffix('.0')}%"


def figure(value: float | None, unit: str) -> str:
    """``value`` with its unit as people write it; an em dash where there is none."""
    if value is None:
        return "—"
    match unit:
        case "share":
            return share(value)
        case "percent":
            return f"{_three(value)}%"
        case "s":
            return seconds(value)
        case "bytes":
            return byte_count(value)
        case "USD":
            return f"${value:,.4f}" if abs(value) < 1 else f"${value:,.2f}"
        case "count":
            return f"{value:,.0f}"
        case "points":
            return f"{value:.4g} points"  # 599.6 of 600 must not read as all of them
        case _:
            return f"{_three(value)} {unit}".rstrip()


def unit_written(text: str) -> str:
    """What follows the number in a figure's text: ``%`` of ``94%``, `` s`` of ``1.42 s``; empty without a unit."""
    if text.endswith("%"):
        return "%"
    return "".join(text.rpartition(" ")[1:]) if " " in text else ""


def interval_text(interval: Interval | None, unit: str) -> str:
    """``21–58%`` or ``1.1–1.9 s``; an open end, or nothing, where the data do not bound it."""
    if interval is None:
        return ""
    if interval.low is None and interval.high is None:
        return ""
    if interval.high is None:
        return f"≥ {figure(interval.low, unit)}"
    if interval.low is None:
        return f"≤ {figure(interval.high, unit)}"
    low, high = figure(interval.low, unit), figure(interval.high, unit)
    if unit_written(low) == unit_written(high):
        low = low.removesuffix(unit_written(low))
    # A dash between two signs would be read as one of them: -2.2 to -0.2%.
    return f"{low} to {high}" if "-" in (low[:1], high[:1]) else f"{low}–{high}"


def measure_text(measure: Measure) -> str:
    """``84% (71–92%, n = 50)``."""
    inside = [part for part in (interval_text(measure.interval, measure.unit), f"n = {measure.n:,}") if part]
    return f"{figure(measure.value, measure.unit)} ({', '.join(inside)})"


def _three(value: float) -> str:
    """Three significant figures without an exponent."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
