"""A decision's load windows in; latency by load level and throughput with its knee out, a chart for each target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from milo_bench.decide.records import Decision, Figure, LoadEvidence
from milo_bench.report.charts import vega
from milo_bench.report.charts.style import BOUND, INK, TEXT, Chart, finish, series_scale, shape_scale

_WIDTH, _HEIGHT = 310, 190
# Where each figure of a window stands on the curve of shares answered.
_PLACES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def load_targets(decision: Decision) -> tuple[str, ...]:
    """Targets that have load windows, in the order in which they were measured."""
    return tuple(dict.fromkeys(one.window.target for one in decision.load))


def latency_chart(decision: Decision, target: str) -> Chart | None:
    """The quantiles of latency at each level of load; a level with losses ends below one and stays there."""
    rows: list[dict[str, Any]] = []
    tails: list[dict[str, Any]] = []
    names = []
    for evidence in _windows(decision, target):
        curve, lost = _curve(decision, evidence)
        if not curve:
            continue
        name = level_name(evidence)
        while name in names:
            name += ", again"  # the same level in another log, or a second time
        names.append(name)
        rows.extend({"level": name, "seconds": seconds, "share": share} for seconds, share in curve)
        if lost is not None and lost.value:
            tails.append({"level": name, "share": 1.0 - lost.value, "lost": lost.value})
    if len(rows) <= len(names):
        return None  # one quantile a level is no distribution
    seconds = [row["seconds"] for row in rows]
    wide = min(seconds) > 0 and max(seconds) / min(seconds) > 30
    x = vega.quantity(
        "seconds",
        title="seconds from intended start" + (" (logarithmic)" if wide else ""),
        scale={"type": "log" if wide else "linear", "zero": not wide, "nice": True},
        axis={"tickCount": 5, "format": ",~f", "grid": False},
    )
    y = vega.quantity("share", title=None, scale={"domain": [0, 1]}, axis={"format": "~%", "tickCount": 5})
    colour = vega.category("level", scale=series_scale(names), sort=names)
    shape = vega.category("level", scale=shape_scale(names), sort=names)
    layers = [
        vega.mark("line", rows, {"x": x, "y": y, "color": colour}, strokeWidth=1.4, opacity=0.7),
        vega.mark("point", rows, {"x": x, "y": y, "color": colour, "shape": shape}, filled=True, size=50, opacity=1),
    ]
    if tails:
        layers.append(
            vega.mark(
                "rule",
                tails,
                {"x": vega.fixed(0), "x2": vega.fixed(_WIDTH), "y": y, "color": colour},
                strokeDash=[4, 3],
                opacity=0.8,
            )
        )
    plot = vega.layered(
        layers, width=_WIDTH, height=_HEIGHT, title=vega.heading("share of requests answered", color=INK, offset=8)
    )
    lost_text = " A dashed line is the share ever answered. The rest timed out or failed." if tails else ""
    return Chart(
        "latency",
        f"{target}: latency by level of load",
        "Each mark is a measured quantile of latency at one load level. Lines only join them." + lost_text,
        finish(plot),
        target=target,
    )


def quantile_chart(decision: Decision, target: str) -> Chart | None:
    """Quantiles of latency against the level of load; None under two levels."""
    rows: list[dict[str, Any]] = []
    for evidence in _windows(decision, target, mode="closed") or _windows(decision, target, mode="open"):
        figures = _named(decision, evidence)
        for name in ("p50", "p95", "p99"):
            figure = figures.get(f"latency_{name}_s")
            if figure is not None and figure.value is not None:
                row = {
                    "level": _level(figures, evidence),
                    "quantile": name,
                    "seconds": figure.value,
                    "log": evidence.log,
                }
                if figure.low is not None and figure.high is not None:
                    row |= {"low": figure.low, "high": figure.high}
                rows.append(row)
    levels = sorted({row["level"] for row in rows})
    if len(levels) < 2:
        return None
    names = list(dict.fromkeys(row["quantile"] for row in rows))
    open_mode = not _windows(decision, target, mode="closed")
    x = _level_axis(levels, "requested requests per second" if open_mode else "concurrent streams")
    y = vega.quantity("seconds", title=None, scale={"zero": True, "nice": True}, axis={"tickCount": 5, "format": ",~f"})
    colour = vega.category("quantile", scale=series_scale(names), sort=names)
    shape = vega.category("quantile", scale=shape_scale(names), sort=names)
    layers = [
        vega.mark("line", rows, {"x": x, "y": y, "color": colour, "detail": vega.category("log")}, strokeWidth=1.6),
        vega.mark("point", rows, {"x": x, "y": y, "color": colour, "shape": shape}, filled=True, size=70, opacity=1),
    ]
    ranged = [row for row in rows if "low" in row]
    if ranged:
        layers.insert(
            0,
            vega.mark(
                "rule",
                ranged,
                {"x": x, "y": vega.same_axis(y, "low"), "y2": vega.end("high"), "color": colour},
                opacity=0.5,
            ),
        )
    plot = vega.layered(
        layers, width=_WIDTH, height=_HEIGHT, title=vega.heading("seconds from intended start", color=INK, offset=8)
    )
    about = "Quantiles of latency at each load level, with their intervals."
    return Chart("latency-by-load", f"{target}: latency against load", about, finish(plot), target=target)


def _level(figures: Mapping[str, Figure], evidence: LoadEvidence) -> float:
    level = figures.get("level")
    return evidence.window.level if level is None or level.value is None else level.value


def _level_axis(levels: Sequence[float], title: str) -> vega.Spec:
    """Doubling levels get equal distances; the ends leave room at both sides."""
    far = levels[0] > 0 and levels[-1] / levels[0] >= 8
    scale = (
        {"type": "log", "base": 2, "nice": False, "domain": [levels[0] / 1.15, levels[-1] * 1.15]}
        if far
        else {"domain": [0, levels[-1] * 1.05], "nice": False}
    )
    axis = {"values": levels, "format": ",~f", "grid": False} if len(levels) <= 12 else {"grid": False}
    return vega.quantity("level", title=title + (" (logarithmic)" if far else ""), scale=scale, axis=axis)


def throughput_chart(decision: Decision, target: str) -> Chart | None:
    """Requests per second against streams at once, with the knee where one was found; None under two levels."""
    rows: list[dict[str, Any]] = []
    for evidence in _windows(decision, target, mode="closed"):
        figures = _named(decision, evidence)
        rate = figures.get("requests_per_s")
        if rate is None or rate.value is None:
            continue
        for name, what in (("requests_per_s", "answered"), ("goodput_per_s", "within service level")):
            figure = figures.get(name)
            if figure is None or figure.value is None:
                continue
            row = {"level": _level(figures, evidence), "rate": figure.value, "what": what, "log": evidence.log}
            if evidence.window.client_bound:
                row["limit"] = "client at its limit"
            if figure.low is not None and figure.high is not None:
                row |= {"low": figure.low, "high": figure.high}
            rows.append(row)
    if len({row["level"] for row in rows}) < 2:
        return None
    names = list(dict.fromkeys(row["what"] for row in rows))
    levels = sorted({row["level"] for row in rows})
    x = _level_axis(levels, "concurrent streams")
    y = vega.quantity("rate", title=None, scale={"zero": True, "nice": True}, axis={"tickCount": 5, "format": ",~f"})
    colour = vega.category("what", scale=series_scale(names), legend=None if len(names) == 1 else {})
    shape = vega.category("what", scale=shape_scale(names), legend=None if len(names) == 1 else {})
    layers = [
        vega.mark("line", rows, {"x": x, "y": y, "color": colour, "detail": vega.category("log")}, strokeWidth=1.6),
        vega.mark("point", rows, {"x": x, "y": y, "color": colour, "shape": shape}, filled=True, size=70, opacity=1),
    ]
    ranged = [row for row in rows if "low" in row]
    if ranged:
        layers.insert(
            0,
            vega.mark(
                "rule",
                ranged,
                {"x": x, "y": vega.same_axis(y, "low"), "y2": vega.end("high"), "color": colour},
                opacity=0.5,
            ),
        )
    bound = [row for row in rows if "limit" in row and row["what"] == "answered"]
    if bound:
        layers.append(
            vega.mark(
                "text",
                bound,
                {"x": x, "y": y, "text": vega.category("limit")},
                dx=-7,
                dy=-7,
                align="right",
                fontSize=TEXT,
            )
        )
    knee = knee_of(decision, target)
    layers += _knee(knee, x)
    plot = vega.layered(
        layers, width=_WIDTH, height=_HEIGHT, title=vega.heading("requests per second", color=INK, offset=8)
    )
    about = "Requests answered per second at each number of concurrent streams."
    if knee is not None and knee.value is not None:
        about += " The dashed line is the knee: more streams add waiting but no throughput. Its band is the interval."
    return Chart("throughput", f"{target}: throughput and knee", about, finish(plot), target=target)


def _knee(knee: Figure | None, x: vega.Spec) -> list[vega.Spec]:
    if knee is None or knee.value is None:
        return []
    layers = []
    if knee.low is not None and knee.high is not None:
        layers.append(
            vega.mark(
                "rect",
                [{"low": knee.low, "high": knee.high}],
                {"x": vega.same_axis(x, "low"), "x2": vega.end("high")},
                color=BOUND,
                opacity=0.15,
            )
        )

    line = [{"knee": knee.value, "text": "knee"}]
    layers.append(
        vega.mark(
            "rule",
            line,
            {"x": vega.same_axis(x, "knee")},
            color=BOUND,
            strokeDash=[4, 3],
            strokeWidth=1.6,
        )
    )
    layers.append(
        vega.mark(
            "text",
            line,
            {"x": vega.same_axis(x, "knee"), "y": vega.fixed(_HEIGHT - 10), "text": vega.category("text")},
            color=BOUND,
            align="left",
            dx=5,
        )
    )
    return layers


def knee_of(decision: Decision, target: str) -> Figure | None:
    """The knee of ``target`` as a figure, whatever name its window or measure gave it."""
    for id, figure in decision.figures.items():
        if figure.source.kind == "load" and id.startswith(f"load/{target}/") and "knee" in id.rpartition("/")[2]:
            return figure
    return None


def level_name(evidence: LoadEvidence) -> str:
    """``closed 4``: the mode and level of a window, as its figures' source names them."""
    return f"{evidence.window.mode} {evidence.window.level:g}"


def _windows(decision: Decision, target: str, mode: str = "") -> list[LoadEvidence]:
    found = [one for one in decision.load if one.window.target == target and mode in ("", one.window.mode)]
    return sorted(found, key=lambda one: (one.window.mode, one.window.level, one.log, one.window.started_s))


def _named(decision: Decision, evidence: LoadEvidence) -> Mapping[str, Figure]:
    return {name: decision.figures[id] for name, id in evidence.figures.items() if id in decision.figures}


def _curve(decision: Decision, evidence: LoadEvidence) -> tuple[Sequence[tuple[float, float]], Figure | None]:
    """Quantiles as (seconds, share of all requests), and the share that was never answered."""
    figures = _named(decision, evidence)
    points = [
        (figure.value, share)
        for name, share in _PLACES.items()
        if (figure := figures.get(f"latency_{name}_s")) is not None and figure.value is not None
    ]
    return points, figures.get("failure_share")
