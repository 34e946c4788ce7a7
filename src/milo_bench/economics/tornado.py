"""A figure in, what each assumption alone does to it out, the largest swing first."""

from __future__ import annotations

import math

from milo_bench.core.records import Frozen
from milo_bench.economics.figures import Sheet
from milo_bench.economics.formulas import none_if_infinite


class Bar(Frozen, frozen=True, omit_defaults=False):
    """``figure`` with ``assumption`` at its low and at its high end, all else at its base.

    ``swing`` is the distance between the two, in the figure's unit; None is endless.
    """

    figure: str
    assumption: str
    at_low: float | None
    at_high: float | None
    swing: float | None
    unit: str


def tornado(sheet: Sheet, figure: str) -> tuple[Bar, ...]:
    """One bar for each assumption that ``figure`` rests on and that has a range; sorted by swing, then by name."""
    unit = sheet.definitions[figure].unit.text if figure in sheet.definitions else ""
    bars: list[tuple[float, Bar]] = []
    for name in sheet.rests_on(figure):
        assumption = sheet.assumptions[name]
        if assumption.low == assumption.high:
            continue
        low = sheet.value_at(figure, {name: assumption.low})
        high = sheet.value_at(figure, {name: assumption.high})
        swing = 0.0 if low == high else abs(high - low)
        bars.append(
            (swing, Bar(figure, name, none_if_infinite(low), none_if_infinite(high), none_if_infinite(swing), unit))
        )
    bars.sort(key=lambda entry: (-entry[0] if math.isfinite(entry[0]) else -math.inf, entry[1].assumption))
    return tuple(bar for _, bar in bars)
