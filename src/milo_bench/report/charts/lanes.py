"""Gates in, lanes of mistakes on one axis out: the allowed part shaded, the range with its deciding end, the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import escape

from milo_bench.core.units import figure as amount
from milo_bench.decide.records import Decision, GateOutcome, GateResult
from milo_bench.report.pages.mistakes import mistake

WIDTH: Final = 380
_LEFT, _RIGHT = 2.0, 240.0
_LABEL = 246.0  # units that a lane's name may take: then comes how its gate came out
_SIZE = 12.0
_SCALES: Final = (0.2, 0.5, 1.0)
_WORDS: Final = {"pass": "passes", "fail": "fails", "undecided": "undecided"}


@dataclass(frozen=True)
class Lane:
    """One gate as shares of mistakes, so that left is better. ``k`` mistakes of ``n`` where they are counted."""

    label: str
    value: float
    low: float | None
    high: float | None
    bound: float
    k: int | None
    n: int | None
    outcome: GateOutcome


def lane_of(decision: Decision, gate: GateResult, more: str = "") -> Lane | None:
    """The gate as a lane; None where it is no share of mistakes."""
    figure, bound = decision.figures.get(gate.figure), decision.figures.get(gate.bound)
    if figure is None or bound is None or gate.against != "bound" or figure.unit != "share":
        return None
    if figure.value is None or bound.value is None:
        return None
    label = f"{mistake(gate.measure, gate.slice)}{more}"
    ends = (figure.low, figure.high)
    if gate.direction == "at_most":
        return Lane(label, figure.value, *ends, bound.value, figure.k, figure.n, gate.outcome)
    low, high = (None if end is None else 1 - end for end in (ends[1], ends[0]))
    k = None if figure.k is None or figure.n is None else figure.n - figure.k
    return Lane(label, 1 - figure.value, low, high, 1 - bound.value, k, figure.n, gate.outcome)


def scale_for(lanes: Sequence[Lane]) -> float:
    """The end of the axis on which every lane of a page fits."""
    most = max((max(lane.bound, lane.high or 0.0, lane.value) for lane in lanes), default=0.0)
    return next((scale for scale in _SCALES if most <= scale), _SCALES[-1])


def lanes_svg(lanes: Sequence[Lane], scale: float) -> str:
    """A drawing of ``lanes`` below each other; "" where there is none. Everything it shows is in its label."""
    if not lanes:
        return ""
    height = 54 * len(lanes) - 7
    said = " ".join(_said(lane) for lane in lanes)
    parts = [_lane(lane, 54.0 * place, scale, last=lane is lanes[-1]) for place, lane in enumerate(lanes)]
    return (
        f'<svg class="lanes" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(said)}">'
        f"{''.join(parts)}</svg>"
    )


def _said(lane: Lane) -> str:
    counted = f"{lane.k:,} of {lane.n:,}" if lane.k is not None and lane.n is not None else amount(lane.value, "share")
    return (
        f"{lane.label}: {counted}, range {amount(lane.low, 'share')} to {amount(lane.high, 'share')}, allowed at most "
        f"{amount(lane.bound, 'share')}: {_WORDS[lane.outcome]}."
    )


def _lane(lane: Lane, top: float, scale: float, *, last: bool) -> str:
    def at(value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * min(max(value, 0.0), scale) / scale

    y, gate = top + 24, at(lane.bound)
    low, high = (at(lane.value if end is None else end) for end in (lane.low, lane.high))
    decides, other = (low, high) if lane.outcome == "fail" else (high, low)
    counted = f"{lane.k:,} of {lane.n:,}" if lane.k is not None and lane.n is not None else amount(lane.value, "share")
    end, word = (lane.low, "at least") if lane.outcome == "fail" else (lane.high, "at most")
    found = [
        f'<text class="t" x="{_LEFT}" y="{top + 10}"{_narrowed(lane.label)}>{escape(lane.label)}</text>',
        f'<rect class="zone" x="{_LEFT}" y="{y - 9}" width="{gate - _LEFT:.1f}" height="18"/>',
        f'<path class="axis" d="M{_LEFT} {y}H{_RIGHT}"/><path class="gate" d="M{gate:.1f} {y - 11}v22"/>',
        f'<g class="{lane.outcome}"><path class="bar" d="M{low:.1f} {y}H{max(high, low + 0.1):.1f}"/>',
        f'<path class="cap" d="M{decides:.1f} {y - 6.5}v13M{other:.1f} {y - 3}v6"/>',
        f"{_mark(lane.outcome, at(lane.value), y)}</g>",
        f'<g class="{lane.outcome}">{_mark(lane.outcome, 258, top + 6)}<text class="o" x="268" y="{top + 10}">'
        f"{_WORDS[lane.outcome]}</text></g>",
        f'<text x="253" y="{top + 25}">{counted}</text>',
    ]
    if end is not None:
        found.append(f'<text class="s" x="253" y="{top + 38}">{word} {amount(end, "share")}</text>')
    middle = min(max(gate, 30.0), _RIGHT - 30)
    if last:
        found.append(_axis(y + 20, scale, middle))
    found.append(
        f'<text class="gl" x="{middle:.1f}" y="{y + 20}" text-anchor="middle">gate {amount(lane.bound, "share")}</text>'
    )
    return "".join(found)


def _narrowed(label: str) -> str:
    """Attributes that set a long name narrower, so that it ends before the outcome; "" for one that fits."""
    narrow, wide = sum(char in "fijlrtI.,:;' " for char in label), sum(char in "mwMW%" for char in label)
    taken = _SIZE * (0.36 * narrow + 0.88 * wide + 0.6 * (len(label) - narrow - wide))
    return f' textLength="{_LABEL:g}" lengthAdjust="spacingAndGlyphs"' if taken > _LABEL else ""


def _axis(y: float, scale: float, gate: float) -> str:
    """The numbers under the lowest lane, apart from those that the gate's own would run into."""
    found = []
    for share, anchor in ((0.0, "start"), (scale / 2, "middle"), (scale, "end")):
        x = _LEFT + (_RIGHT - _LEFT) * share / scale
        if abs(x - gate) > 52:
            found.append(f'<text class="xs" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{amount(share, "share")}</text>')
    return "".join(found)


def _mark(outcome: GateOutcome, x: float, y: float) -> str:
    match outcome:
        case "pass":
            return f'<circle class="dot" cx="{x:.1f}" cy="{y}" r="4.5"/>'
        case "fail":
            return f'<path class="cross" d="M{x - 4:.1f} {y - 4}l8 8M{x + 4:.1f} {y - 4}l-8 8"/>'
        case _:
            return f'<circle class="ring" cx="{x:.1f}" cy="{y}" r="4.4"/>'
