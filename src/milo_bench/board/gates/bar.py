"""A figure, its bound and earlier intervals in, the places of a drawing out, in which left is always better. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from milo_bench.decide.records import Figure, GateOutcome

WIDTH = 96
_EDGE = 4


def gate_bar(
    figure: Figure,
    bound: float | None,
    direction: Literal["at_least", "at_most"],
    outcome: GateOutcome,
    earlier: Sequence[tuple[float, float]] = (),
) -> dict[str, Any]:
    """Places from 0 to 96: ``value``, ``low``, ``high``, ``gate``, the ``good`` part, the ``cap`` of the end that
    decides, and ``earlier`` intervals. Empty where there is no value.
    """
    if figure.value is None or bound is None:
        return {}
    flip = direction == "at_least"
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    ends = [low, high, figure.value, bound, *(end for pair in earlier for end in pair)]
    left, right = min(ends), max(ends)
    room = (right - left) * 0.08 or abs(right) * 0.1 or 0.1
    left, right = left - room, right + room

    def at(value: float) -> float:
        share = (value - left) / (right - left)
        return round(_EDGE + (WIDTH - 2 * _EDGE) * (1 - share if flip else share), 1)

    gate = at(bound)
    cap = {"pass": low if flip else high, "fail": high if flip else low}.get(outcome)
    return {
        "value": at(figure.value),
        "low": min(at(low), at(high)),
        "high": max(at(low), at(high)),
        "gate": gate,
        "good": [_EDGE, round(max(0.0, gate - _EDGE), 1)],
        "cap": at(cap if cap is not None else (low if flip else high)),
        "earlier": [sorted((at(one), at(other))) for one, other in earlier],
    }
