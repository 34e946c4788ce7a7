"""A decision's gates in; interval bars against the gate line out: a chart for each workload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from milo_bench.core.text import one_line
from milo_bench.decide.records import Candidate, Decision, Figure, GateResult
from milo_bench.report.charts.style import BOUND, INK, OUTCOMES, WIDTH, Chart, altair, finish, fit_label
from milo_bench.report.figures import part_text, range_text

_ROW = 38
_SIGNS = {"at_least": "at least", "at_most": "at most"}


def gate_chart(decision: Decision, workload: str) -> Chart | None:
    """Every gate of ``workload`` with the intervals of its candidates; None where it has no gates."""
    panels: dict[tuple[str, str, str, str], list[GateResult]] = {}
    for finding in decision.findings:
        for gate in finding.gates if finding.workload == workload else ():
            if not _can_be_drawn(decision, gate):
                continue
            panels.setdefault((gate.measure, gate.slice, gate.direction, gate.against), []).append(gate)
    drawn = [_panel(decision, gates) for gates in panels.values()]
    if not drawn:
        return None
    alt = altair()
    name = decision.workload_titles.get(workload, workload)
    return Chart(
        "gates",
        f"{name}: intervals and thresholds",
        "Each gate has a row for each target: the measured value as a dot, its interval as a bar, the threshold as a "
        "vertical line. A tick passes, a cross fails. A question mark is undecided: the interval includes the "
        "threshold, or nothing was measured.",
        finish(alt.vconcat(*drawn, spacing=14)),
        workload=workload,
    )


def _can_be_drawn(decision: Decision, gate: GateResult) -> bool:
    """A probe passes or fails; there is no interval to draw."""
    if gate.measure.startswith("probe:"):
        return False
    bound = decision.figures.get(gate.bound)
    return gate.figure in decision.figures and bound is not None


def _panel(decision: Decision, gates: Sequence[GateResult]) -> Any:
    alt = altair()
    bounds = {decision.figures[gate.bound].value for gate in gates}
    rows = [_row(decision, gate, number) for number, gate in enumerate(gates)]
    axis = scale_of([decision.figures[id] for gate in gates for id in (gate.figure, gate.bound)])
    x = alt.X(
        "value:Q",
        title=None,
        scale=alt.Scale(domain=[axis.low, axis.high], nice=False, zero=False),
        axis=alt.Axis(tickCount=5, format=axis.format),
    )
    y = alt.Y("row:N", axis=None, sort=[row["row"] for row in rows], scale=alt.Scale(paddingInner=0, paddingOuter=0))
    colour = alt.Color(
        "outcome:N",
        legend=None,
        scale=alt.Scale(domain=list(OUTCOMES), range=[colour for _, colour in OUTCOMES.values()]),
    )
    down = 9
    known = [row for row in rows if "value" in row]
    layers = [
        _layer(rows).mark_text(align="left", baseline="middle", dy=-8).encode(x=alt.value(0), y=y, text="label:N"),
        _layer(rows)
        .mark_text(align="right", baseline="middle", dy=-8, fontSize=11)
        .encode(x=alt.value(WIDTH), y=y, text="said:N"),
        _layer([row for row in rows if "bound" in row])
        .mark_tick(orient="vertical", color=BOUND, thickness=2.5, height=20, yOffset=down)
        .encode(x=alt.X("bound:Q"), y=y),
        *_bars(rows, y, colour, down),
        _layer(known).mark_point(filled=True, size=60, yOffset=down, opacity=1).encode(x=x, y=y, color=colour),
    ]
    first = gates[0]
    bound = part_text(decision.figures[first.bound])
    said = f"{_SIGNS[first.direction]} {bound}" if len(bounds) == 1 else f"{_SIGNS[first.direction]} the threshold"
    if first.against == "baseline":
        said += " (baseline with margin)"
    title = f"{measure_text(first.measure, first.slice)}: {said}{', safety' if first.safety else ''}"
    return alt.layer(*layers).properties(
        width=WIDTH, height=_ROW * len(rows), title=alt.TitleParams(one_line(title, 64), color=INK, offset=6)
    )


def _layer(rows: Sequence[dict[str, Any]]) -> Any:
    alt = altair()
    return alt.Chart(alt.Data(values=list(rows)))


def _bars(rows: Sequence[dict[str, Any]], y: Any, colour: Any, down: int) -> list[Any]:
    """Closed intervals as bars; an end that the data do not bound runs to the edge of the plot."""
    alt = altair()
    layers = []
    closed = [row for row in rows if "low" in row and "high" in row]
    if closed:
        layers.append(
            _layer(closed)
            .mark_rule(strokeWidth=6, opacity=0.55, yOffset=down, strokeCap="round")
            .encode(x="low:Q", x2="high:Q", y=y, color=colour)
        )
    for end, edge in (("low", WIDTH), ("high", 0)):
        other = "high" if end == "low" else "low"
        half = [row for row in rows if end in row and other not in row]
        if half:
            layers.append(
                _layer(half)
                .mark_rule(strokeWidth=6, opacity=0.35, yOffset=down, strokeDash=[8, 3])
                .encode(x=f"{end}:Q", x2=alt.value(edge), y=y, color=colour)
            )
    return layers


def _row(decision: Decision, gate: GateResult, number: int) -> dict[str, Any]:
    figure, bound = decision.figures[gate.figure], decision.figures[gate.bound]
    row: dict[str, Any] = {
        "row": f"{number}",
        "outcome": gate.outcome,
        "label": fit_label(f"{OUTCOMES[gate.outcome][0]} {candidate_text(gate.candidate)}", said_text(figure)),
        "said": said_text(figure),
    }
    for name, number_ in (
        ("value", figure.value),
        ("low", figure.low),
        ("high", figure.high),
        ("bound", bound.value),
    ):
        if number_ is not None:
            row[name] = number_
    return row


def candidate_text(candidate: Candidate) -> str:
    """The candidate without its workload: what tells the rows of one workload's chart apart."""
    return candidate.text.removeprefix(f"{candidate.workload}/")


def said_text(figure: Figure) -> str:
    """``87% (81–91%)``: the value and what the data bound."""
    inside = range_text(figure)
    return f"{part_text(figure)} ({inside})" if inside else part_text(figure)


def measure_text(name: str, slice: str) -> str:
    """``recall, escalate``; ``source spans, checked``: short, for a title."""
    kind, _, value = slice.partition("=")
    if name == "check_pass_rate" and kind == "check":
        return f"{value.replace('_', ' ')}, checked"
    said = name.removesuffix("_s").replace("_", " ")
    parts = [part if part.startswith("words") else part.partition("=")[2] for part in slice.split(" & ")]
    return f"{said}, {', '.join(parts)}" if slice else said


@dataclass(frozen=True)
class AxisRange:
    """Ends of an axis in the figures' unit and how its ticks are written."""

    low: float
    high: float
    format: str


def scale_of(figures: Sequence[Figure]) -> AxisRange:
    """An axis that shows every value, interval and bound of ``figures`` with room at both sides."""
    numbers = [n for figure in figures for n in (figure.value, figure.low, figure.high) if n is not None]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    share = bool(figures) and figures[0].unit == "share"
    least = 0.02 if share else 1e-9
    room = max((high - low) * 0.12, least, abs(high) * 0.02)
    start, end = low - room, high + room
    if low >= 0 and (start < 0 or low < 0.25 * high):
        start = 0.0
    if share:
        end = min(end, 1.0)
    if end <= start:
        end = start + 1.0
    unit = figures[0].unit if figures else ""
    return AxisRange(start, end, "~%" if share else "$,~f" if unit == "USD" else ",~f")
