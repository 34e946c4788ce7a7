"""A figure, its bound and the direction of the gate in, a small drawing of the interval against the line out."""

from __future__ import annotations

from typing import Literal

from milo_bench.decide.records import Figure, GateOutcome

WIDTH, HEIGHT = 168, 20
_EDGE = 8
_MIDDLE = 11
_MARKS = {
    "pass": '<circle cx="{x}" cy="{y}" r="3.6"/>',
    "fail": '<path d="M{x} {y}m-3.4-3.4l6.8 6.8m0-6.8l-6.8 6.8" class="cross"/>',
    "undecided": '<circle cx="{x}" cy="{y}" r="3.2" class="open"/>',
}


def interval_bar(
    figure: Figure, bound: Figure | None, direction: Literal["at_least", "at_most"], outcome: GateOutcome
) -> str:
    """SVG without text: the good side shaded, the gate a line, the interval a bar, the value a mark by outcome.

    A disc passes, a cross fails, a ring is undecided. What it shows stands in words beside it. ""
    where the figure has no value.
    """
    if figure.value is None:
        return ""
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    ends = [low, high, figure.value] + ([bound.value] if bound and bound.value is not None else [])
    left, right = _axis(min(ends), max(ends), figure.unit == "share")

    def at(value: float) -> str:
        return f"{_EDGE + (WIDTH - 2 * _EDGE) * (value - left) / (right - left):.1f}"

    parts = [f'<path d="M{_EDGE} {_MIDDLE}H{WIDTH - _EDGE}" class="axis"/>']
    if bound is not None and bound.value is not None:
        line = at(bound.value)
        start, stop = (line, str(WIDTH - _EDGE)) if direction == "at_least" else (str(_EDGE), line)
        width = max(0.0, float(stop) - float(start))
        parts.append(f'<rect x="{start}" y="4" width="{width:.1f}" height="14" class="good"/>')
        parts.append(f'<path d="M{line} 1V19" class="gate"/>')
    parts.append(f'<path d="M{at(low)} {_MIDDLE}H{at(high)}" class="interval"/>')
    parts += [f'<path d="M{at(end)} 7.5v7" class="cap"/>' for end in (low, high)]
    parts.append(_MARKS[outcome].format(x=at(figure.value), y=_MIDDLE))
    return (
        f'<svg class="bar {outcome}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'aria-hidden="true">{"".join(parts)}</svg>'
    )


def _axis(low: float, high: float, is_share: bool) -> tuple[float, float]:
    """What the bar spans: everything shown with room at both ends, and never beyond 0 and 1 for a share."""
    room = (high - low) * 0.3 or abs(high) * 0.3 or 1.0
    left, right = low - room, high + room
    if is_share:
        left, right = max(0.0, left), min(1.0, right)
        if right - left < 0.05:
            left, right = max(0.0, right - 0.05), min(1.0, left + 0.05)
    elif low >= 0:
        left = max(0.0, left)
    return left, right
