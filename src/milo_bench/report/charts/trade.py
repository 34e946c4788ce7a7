"""A decision's measures and replays in; quality against latency and cost, and the frontier of policies out."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from milo_bench.core.text import one_line
from milo_bench.decide.records import Candidate, Decision, Figure, Replay
from milo_bench.report.charts import vega
from milo_bench.report.charts.labels import AxisRange, candidate_text, measure_text, scale_of
from milo_bench.report.charts.style import (
    FAINT,
    INK,
    SERIES,
    Chart,
    finish,
    series_scale,
    shape_scale,
)

_PANEL = 142
_HEIGHT = 210
_QUALITY = ("accuracy", "field_accuracy", "citation_coverage", "pass_rate")
_LATENCY = ("latency_p95_s", "latency_p50_s")
_COST = "cost_usd_mean"
_MOST_POINTS = 6
_FRONTIER = (310, 140)  # pixels of the frontier's plot
# Where a letter may be beside its point, the usual place first.
_BESIDE = ((9, -9), (9, 11), (-9, -9), (-9, 11), (22, -2), (-22, -2), (9, -24), (-9, -24), (22, -16), (-22, -16))
_APART = 13  # pixels between the middles of two letters, or of a letter and a point
_LEGEND_CHARACTERS = 50


def trade_chart(decision: Decision, workload: str) -> Chart | None:
    """Quality of every candidate of ``workload`` against its latency and its cost; None with fewer than two."""
    candidates = candidates_of(decision, workload)
    quality = _quality_key(decision, workload, candidates)
    if quality is None:
        return None
    latency = next((name for name in _LATENCY if _with(decision, candidates, (quality, name))), "")
    panels = [
        (name, title, _with(decision, candidates, (quality, name)))
        for name, title in (
            (latency, f"{latency.split('_')[1] if latency else ''} latency"),
            (_COST, "cost per fixture"),
        )
        if name
    ]
    panels = [panel for panel in panels if len(panel[2]) > 1]
    if not panels:
        return None
    shown = sorted({candidate for _, _, some in panels for candidate in some})
    y_axis = scale_of([_figure(decision, candidate, quality) for candidate in shown])
    names = [one_line(candidate_text(candidate), 40) for candidate in shown]
    drawn = []
    for number, (name, title, some) in enumerate(panels):
        rows = [
            {
                "who": one_line(candidate_text(candidate), 40),
                **_ends("x", _figure(decision, candidate, name)),
                **_ends("y", _figure(decision, candidate, quality)),
            }
            for candidate in some
        ]
        x_axis = scale_of([_figure(decision, candidate, name) for candidate in some])
        unit = _figure(decision, some[0], name).unit
        drawn.append(
            _points(
                rows,
                names,
                vega.quantity(
                    "x",
                    title=f"{title}, {'seconds' if unit == 's' else unit} ←",
                    scale={"domain": [0.0, x_axis.high], "nice": False},
                    axis={"tickCount": 3, "format": x_axis.format, "labelFlush": False},
                ),
                vega.quantity(
                    "y",
                    title=None,
                    scale={"domain": [y_axis.low, y_axis.high], "nice": False, "zero": False},
                    axis={"format": y_axis.format, "tickCount": 5, "labels": number == 0},
                ),
                width=_PANEL if len(panels) > 1 else 2 * _PANEL,
            )
        )
    name = decision.workload_titles.get(workload, workload)
    title = f"{name}: quality against {' and '.join(_words(panel[0]) for panel in panels)}"
    quality_name, slice = _split(quality)
    whole = {
        "hconcat": drawn,
        "spacing": 12,
        "title": vega.heading(f"{one_line(measure_text(quality_name, slice), 50)} ↑", color=INK, offset=8),
    }
    return Chart(
        "trade",
        title,
        "Each point is a candidate, with its intervals as bars. Better is up and to the left. Both panels share the "
        "quality axis. A candidate without a figure for a panel is left out of it.",
        finish(whole),
        workload=workload,
    )


def _points(rows: Sequence[dict[str, Any]], names: Sequence[str], x: vega.Spec, y: vega.Spec, width: int) -> vega.Spec:
    colour = vega.category("who", scale=series_scale(names))
    shape = vega.category("who", scale=shape_scale(names))
    wide = [row for row in rows if "x_low" in row and "x_high" in row]
    tall = [row for row in rows if "y_low" in row and "y_high" in row]
    layers = []
    if wide:
        layers.append(
            vega.mark(
                "rule",
                wide,
                {"x": vega.same_axis(x, "x_low"), "x2": vega.end("x_high"), "y": y, "color": colour},
                opacity=0.6,
            )
        )
    if tall:
        layers.append(
            vega.mark(
                "rule",
                tall,
                {"x": x, "y": vega.same_axis(y, "y_low"), "y2": vega.end("y_high"), "color": colour},
                opacity=0.6,
            )
        )

    layers.append(
        vega.mark("point", rows, {"x": x, "y": y, "color": colour, "shape": shape}, filled=True, size=90, opacity=1)
    )
    return vega.layered(layers, width=width, height=_HEIGHT)


def frontier_chart(decision: Decision, workload: str) -> Chart | None:
    """Routing policies replayed for the chosen target: share automated against error that passes; at most six points.

    The choice, the work as it is and people alone come first, then those on the frontier. Of policies in one place one
    is drawn; all of them are in the table.
    """
    replays = _drawn(decision, workload)
    pairs = [(replay, _pair(decision, replay)) for replay in replays]
    known = [(replay, pair) for replay, pair in pairs if pair is not None]
    if not known:
        return None
    rows = [
        {
            "policy": one_line(replay.title, 120),
            "letter": chr(ord("A") + number % 26),
            "state": "chosen" if replay.chosen else "on the frontier" if replay.on_frontier else "other",
            **_ends("x", automated),
            **_ends("y", error),
        }
        for number, (replay, (automated, error)) in enumerate(known)
    ]
    states = ["chosen", "on the frontier", "other"]
    shown = [state for state in states if any(row["state"] == state for row in rows)]
    x_axis = scale_of([automated for _, (automated, _) in known])
    y_axis = scale_of([error for _, (_, error) in known])
    x = vega.quantity(
        "x",
        title="share automated →",
        scale={"domain": [x_axis.low, x_axis.high], "nice": False},
        axis={"format": "~%", "tickCount": 5},
    )
    y = vega.quantity(
        "y", title=None, scale={"domain": [0.0, y_axis.high], "nice": False}, axis={"format": "~%", "tickCount": 5}
    )
    colour = vega.category(
        "state", scale={"domain": states, "range": [SERIES[1], SERIES[0], FAINT]}, legend={"values": shown}
    )
    layers = [
        vega.mark(
            "line",
            [row for row in rows if row["state"] != "other"],
            {"x": x, "y": y, "order": vega.quantity("x")},
            color=FAINT,
            strokeDash=[4, 3],
            strokeWidth=1.2,
        ),
        vega.mark(
            "rule",
            [row for row in rows if "y_low" in row and "y_high" in row],
            {"x": x, "y": vega.same_axis(y, "y_low"), "y2": vega.end("y_high"), "color": colour},
            opacity=0.5,
        ),
        vega.mark(
            "point",
            rows,
            {
                "x": x,
                "y": y,
                "color": colour,
                "shape": vega.category(
                    "state",
                    scale={"domain": states, "range": ["diamond", "circle", "square"]},
                    legend={"values": shown},
                ),
            },
            filled=True,
            size=110,
            opacity=1,
        ),
        *(
            vega.mark(
                "text",
                some,
                {"x": x, "y": y, "text": vega.category("letters")},
                align="left" if right > 0 else "right",
                dx=right,
                dy=down,
                fontWeight="bold",
            )
            for (right, down), some in _placed_letters(rows, x_axis, y_axis).items()
        ),
    ]
    title = vega.heading("undetected errors ↓", color=INK, offset=8)
    plot = vega.layered(layers, width=_FRONTIER[0], height=_FRONTIER[1], title=title)
    name = decision.workload_titles.get(workload, workload)
    return Chart(
        "frontier",
        f"{name}: routing policies, replayed",
        "Each letter is a routing policy replayed on held-out attempts: its automated share against its undetected "
        "errors, with intervals. The diamond is the chosen one, with the guardrails that go live.",
        finish({"vconcat": [plot, _legend(rows)], "spacing": 8}),
        workload=workload,
    )


def _drawn(decision: Decision, workload: str) -> list[Replay]:
    taken = next((choice.target for choice in decision.choices if choice.workload == workload), "")
    every = [one for one in decision.replays if one.workload == workload]
    mine = [one for one in every if one.target == taken] or every
    mine.sort(
        key=lambda one: (not one.chosen, bool(one.remedies), one.remedies != ("human_review",), not one.on_frontier)
    )
    places: dict[tuple[float | None, float | None], Replay] = {}
    for one in mine:
        pair = _pair(decision, one)
        if pair is not None:
            places.setdefault((pair[0].value, pair[1].value), one)
    kept = {one.id for one in list(places.values())[:_MOST_POINTS]}
    return [one for one in decision.replays if one.id in kept]


def _letters(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One label for all policies that stand in the same place."""
    places: dict[tuple[float, float], list[str]] = {}
    for row in rows:
        places.setdefault((row["x"], row["y"]), []).append(row["letter"])
    return [{"x": x, "y": y, "letters": ", ".join(letters)} for (x, y), letters in places.items()]


def _placed_letters(
    rows: Sequence[dict[str, Any]], x_axis: AxisRange, y_axis: AxisRange
) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """Labels by where each is put beside its point, in pixels right and down: so that none covers another."""
    width, height = _FRONTIER
    taken: list[tuple[float, float]] = []
    found: dict[tuple[int, int], list[dict[str, Any]]] = {}
    labels = _letters(rows)
    at = [
        (
            (row["x"] - x_axis.low) / ((x_axis.high - x_axis.low) or 1) * width,
            height - row["y"] / (y_axis.high or 1) * height,
        )
        for row in labels
    ]
    for row, (across, down) in sorted(zip(labels, at, strict=True), key=lambda pair: (pair[1][1], pair[1][0])):
        centres = {
            place: (across + place[0] + (4 if place[0] > 0 else -4) * len(row["letters"]), down + place[1])
            for place in _BESIDE
        }

        def crowding(place: tuple[int, int], centres: dict[tuple[int, int], tuple[float, float]] = centres) -> int:
            x, y = centres[place]
            near = [1 for u, v in (*taken, *at) if abs(x - u) < _APART and abs(y - v) < _APART]
            return len(near) + int(y > height)

        best = min(_BESIDE, key=crowding)
        taken.append(centres[best])
        found.setdefault(best, []).append(row)
    return found


def _legend(rows: Sequence[dict[str, Any]]) -> vega.Spec:
    """The letters with the whole names of their policies, in as many lines as each takes."""
    lines: list[dict[str, Any]] = []
    for row in rows:
        wrapped = wrap(row["policy"], _LEGEND_CHARACTERS) or [""]
        for place, text in enumerate(wrapped):
            lines.append({"place": len(lines), "sign": "" if place else row["letter"], "line": text})
    y = vega.category("place", axis=None, sort=None)
    letters = vega.mark(
        "text", lines, {"x": vega.fixed(-22), "y": y, "text": vega.category("sign")},
        align="left", baseline="middle", fontWeight="bold",
    )  # fmt: skip
    names = vega.mark(
        "text", lines, {"x": vega.fixed(-6), "y": y, "text": vega.category("line")}, align="left", baseline="middle"
    )
    return vega.layered([letters, names], width=330, height=17 * len(lines))


def _pair(decision: Decision, replay: Replay) -> tuple[Figure, Figure] | None:
    found = [decision.figures.get(replay.live(name)) for name in ("automated_share", "error_passing_rate")]
    automated, error = found
    if automated is None or error is None or automated.value is None or error.value is None:
        return None
    return automated, error


def candidates_of(decision: Decision, workload: str) -> list[Candidate]:
    """Every candidate of ``workload`` that was measured; the baseline is one of them."""
    found = {finding.candidate for finding in decision.findings if finding.workload == workload}
    for text in decision.measures:
        name, _, rest = text.partition("/")
        if name == workload:
            parts = rest.split("/")
            decoding = "constrained" if parts[-1] == "constrained" else "free"
            variant = "/".join(parts[1:-1] if decoding == "constrained" else parts[1:])
            found.add(Candidate(workload, parts[0], variant, "constrained" if decoding == "constrained" else "free"))
    return sorted(candidate for candidate in found if candidate.text in decision.measures)


def _quality_key(decision: Decision, workload: str, candidates: Sequence[Candidate]) -> str | None:
    """What the policy asks at least of this workload, where two candidates have it; else a measure that they share."""
    asked = [
        f"{gate.measure}[{gate.slice}]" if gate.slice else gate.measure
        for finding in decision.findings
        if finding.workload == workload
        for gate in finding.gates
        if gate.direction == "at_least"
    ]
    for key in dict.fromkeys((*asked, *_QUALITY)):
        if len(_with(decision, candidates, (key,))) > 1:
            return key
    return None


def _with(decision: Decision, candidates: Sequence[Candidate], keys: Sequence[str]) -> list[Candidate]:
    return [
        candidate
        for candidate in candidates
        if all(
            (figure := decision.figures.get(f"measure/{candidate.text}/{key}")) is not None and figure.value is not None
            for key in keys
        )
    ]


def _figure(decision: Decision, candidate: Candidate, key: str) -> Figure:
    return decision.figures[f"measure/{candidate.text}/{key}"]


def _ends(axis: str, figure: Figure) -> dict[str, float]:
    named = ((axis, figure.value), (f"{axis}_low", figure.low), (f"{axis}_high", figure.high))
    return {name: number for name, number in named if number is not None}


def _split(key: str) -> tuple[str, str]:
    name, _, slice = key.partition("[")
    return name, slice.removesuffix("]")


def _words(name: str) -> str:
    return "cost" if name == _COST else "latency"
