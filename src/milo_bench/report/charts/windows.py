"""Load windows in, charts as SVG out: latency against load, distributions, throughput with its knee.

Every point is an aggregate or one of a sketch's at most 2,000 values. vl-convert is
imported when a chart is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.files import write_folder
from milo_bench.core.load_records import Quantile, TimeName
from milo_bench.core.records import LoadWindow, Measure
from milo_bench.core.units import figure, interval_text
from milo_bench.report.charts import vega
from milo_bench.report.terminal.load import level_text

WIDTH, HEIGHT = 560, 320
CURVE_POINTS = 200
_GREY = "#666666"
_BLUE, _ORANGE, _GREEN = "#1f5fa8", "#c45a00", "#2a7d4f"
_CONFIG: Final[vega.Spec] = {
    "view": {"stroke": None},
    "axis": {"labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal", "gridColor": "#e8e8e8"},
    "legend": {"labelFontSize": 11, "symbolStrokeWidth": 2, "orient": "bottom", "columns": 3, "labelLimit": 260},
}
_PERCENTILES: Final[Mapping[Quantile, str]] = {"p50": _BLUE, "p95": _ORANGE, "p99": _GREEN}
_CURVES: Final[tuple[tuple[TimeName, str], ...]] = (
    ("latency", "Time to the whole answer"),
    ("ttft", "Time to first token"),
)


def write_load_charts(
    windows: Sequence[LoadWindow], folder: Path, *, degradation: Sequence[Measure] = (), png: bool = False
) -> tuple[Path, ...]:
    """Write a chart a question and target into ``folder``; the paths written. Raises PrerequisiteError."""
    try:
        import vl_convert
    except ImportError:
        message = "Charts need the package vl-convert-python."
        raise PrerequisiteError(message, hint="pip install vl-convert-python") from None
    files: dict[str, str | bytes] = {}
    for number, target in enumerate(dict.fromkeys(window.target for window in windows), start=1):
        mine = [window for window in windows if window.target == target]
        knee = next((m for m in degradation if m.target == target and m.name == "knee_streams"), None)
        for name, spec in load_charts(mine, knee=knee).items():
            # A target's name is a person's text: it does not become a path.
            files[f"{number:02d}-{name}.svg"] = vl_convert.vegalite_to_svg(spec)
            if png:
                files[f"{number:02d}-{name}.png"] = vl_convert.vegalite_to_png(spec, scale=2)
    return tuple(write_folder(folder, files, hint="name another folder with --charts."))


def load_charts(windows: Sequence[LoadWindow], *, knee: Measure | None = None) -> dict[str, vega.Spec]:
    """Vega-Lite specifications of one target's windows, by name; a chart that has nothing to show is left out."""
    windows = [window for window in windows if window.mode != "single"]
    charts: dict[str, vega.Spec] = {}
    if not windows:
        return charts
    if len({window.level for window in windows}) > 1:
        charts["latency-against-load"] = _latency_against_load(windows)
        charts["throughput-against-load"] = _throughput(windows, knee)
    for name, title in _CURVES:
        curves = _curves(windows, name)
        if any(row["value_s"] is not None for row in curves):
            charts[f"distribution-{name.replace('_', '-')}"] = _distribution(curves, title, windows)
    return charts


def _load_title(windows: Sequence[LoadWindow]) -> str:
    return "Concurrent streams" if windows[0].mode == "closed" else "Requested requests per second"


def _latency_against_load(windows: Sequence[LoadWindow]) -> vega.Spec:
    rows = []
    for window in windows:
        latency = window.figures.distributions.latency
        for name in _PERCENTILES:
            value = latency.quantile(name)
            if value is None:
                continue
            low, high = latency.interval(name)
            rows.append(
                {
                    "level": window.level,
                    "quantile": name,
                    "value_s": value,
                    "low_s": low or value,
                    "high_s": high or value,
                }
            )
    missing = [
        {"level": window.level, "text": f"{lost} never answered"}
        for window in windows
        if (lost := window.figures.distributions.latency.infinite)
    ]
    x = vega.quantity("level", title=_load_title(windows), axis=_level_axis(windows), scale=_level_scale(windows))
    colour = vega.category(
        "quantile", title="", scale={"domain": list(_PERCENTILES), "range": list(_PERCENTILES.values())}
    )
    lines = vega.mark(
        "line",
        rows,
        {
            "x": x,
            "y": vega.quantity("value_s", title="Seconds from intended start"),
            "color": colour,
            "shape": vega.category("quantile", title="", scale={"domain": list(_PERCENTILES)}),
        },
        point={"filled": True, "size": 45},
    )
    bars = vega.mark(
        "rule", rows, {"x": x, "y": vega.quantity("low_s"), "y2": vega.end("high_s"), "color": colour}, opacity=0.45
    )
    layers = [bars, lines]
    if missing:
        layers.append(
            vega.mark(
                "text",
                missing,
                {"x": x, "y": vega.fixed(HEIGHT - 10), "text": vega.category("text")},
                fontSize=11,
                color=_GREY,
            )
        )
    return _finished(
        layers,
        "Latency against load",
        _subtitle(windows, "bars: 95% intervals"),
    )


def _throughput(windows: Sequence[LoadWindow], knee: Measure | None) -> vega.Spec:
    rows: list[dict[str, Any]] = []
    for window in windows:
        rows.append({"level": window.level, "rate": window.figures.requests_per_s, "what": "answered"})
        if window.figures.goodput_per_s is not None:
            rows.append({"level": window.level, "rate": window.figures.goodput_per_s, "what": "within service level"})
    x = vega.quantity("level", title=_load_title(windows), axis=_level_axis(windows), scale=_level_scale(windows))
    names = list(dict.fromkeys(row["what"] for row in rows))
    colour = vega.category("what", title="", scale={"domain": names, "range": [_BLUE, _GREEN][: len(names)]})
    lines = vega.mark(
        "line",
        rows,
        {
            "x": x,
            "y": vega.quantity("rate", title="Requests per second", scale={"zero": True}),
            "color": colour,
            "shape": vega.category("what", title="", scale={"domain": names}),
        },
        point={"filled": True, "size": 45},
    )
    layers = [lines]
    note = "no knee within the measured levels"
    if knee is not None and knee.value is not None:
        marked = {"level": knee.value, "text": f"knee at {figure(knee.value, knee.unit)}"}
        note = f"knee at {figure(knee.value, knee.unit)}"
        if knee.interval is not None and knee.interval.low is not None and knee.interval.high is not None:
            span = {"low": knee.interval.low, "high": knee.interval.high}
            note += f", 95% interval {interval_text(knee.interval, knee.unit)}"

            layers.insert(
                0,
                vega.mark(
                    "rect", [span], {"x": vega.quantity("low"), "x2": vega.end("high")}, opacity=0.15, color=_ORANGE
                ),
            )

        layers.append(vega.mark("rule", [marked], {"x": vega.quantity("level")}, color=_ORANGE, strokeDash=[5, 3]))
        layers.append(
            vega.mark(
                "text",
                [marked],
                {"x": vega.quantity("level"), "y": vega.fixed(HEIGHT - 12), "text": vega.category("text")},
                color=_ORANGE,
                align="left",
                dx=5,
                fontSize=12,
            )
        )
    title = "Throughput against concurrency" if windows[0].mode == "closed" else "Throughput against requested rate"
    return _finished(layers, title, _subtitle(windows, note if windows[0].mode == "closed" else ""))


def _curves(windows: Sequence[LoadWindow], name: TimeName) -> list[dict[str, Any]]:
    """Steps of each window's empirical distribution: the share of all requests answered within a time."""
    rows: list[dict[str, Any]] = []
    for order, window in enumerate(windows):
        sketch = window.figures.distributions.of(name)
        values, n, finite = sketch.values, sketch.n, sketch.finite
        if not values or not n:
            continue
        kept = range(len(values)) if len(values) <= CURVE_POINTS else _evenly(len(values), CURVE_POINTS)
        label = level_text(window) + (f" ({n - finite} of {n} never)" if n > finite else "")
        rows.append({"window": label, "order": order, "value_s": values[0], "share": 0.0})
        for at in kept:
            rows.append(
                {"window": label, "order": order, "value_s": values[at], "share": (at + 1) / len(values) * finite / n}
            )
    # Carried to the right edge, so that a curve which stops below one is seen to stay there.
    edge = max((row["value_s"] for row in rows), default=1.0) * 1.03
    for label in dict.fromkeys(row["window"] for row in rows):
        last = [row for row in rows if row["window"] == label][-1]
        rows.append({**last, "value_s": edge})
    return rows


def _distribution(rows: Sequence[dict[str, Any]], title: str, windows: Sequence[LoadWindow]) -> vega.Spec:
    labels = list(dict.fromkeys(row["window"] for row in rows))
    values = [row["value_s"] for row in rows if row["value_s"]]
    wide = bool(values) and max(values) / max(min(values), 1e-6) > 50
    # A curve squeezed against its right edge says nothing: zero is shown where it is near.
    narrow = bool(values) and min(values) < 0.3 * max(values)
    lines = vega.mark(
        "line",
        rows,
        {
            "x": vega.quantity(
                "value_s",
                title="Seconds from intended start" + (" (logarithmic)" if wide else ""),
                scale={"type": "log"} if wide else {"zero": narrow, "nice": True},
            ),
            "y": vega.quantity(
                "share", title="Share of requests answered", scale={"domain": [0, 1]}, axis={"format": "%"}
            ),
            "color": vega.category("window", title="", scale={"domain": labels, "scheme": "tableau10"}),
            "strokeDash": vega.category("window", title="", scale={"domain": labels}),
        },
        interpolate="step-after",
        strokeWidth=1.8,
    )
    one = vega.mark("rule", [{"one": 1.0}], {"y": vega.quantity("one")}, color=_GREY, opacity=0.5)
    lost = any(window.figures.distributions.latency.infinite for window in windows)
    note = "a curve that ends below 100%: the rest were never answered" if lost else ""
    return _finished([one, lines], title, _subtitle(windows, note))


def _evenly(count: int, kept: int) -> list[int]:
    return sorted({round(step * (count - 1) / (kept - 1)) for step in range(kept)})


def _level_axis(windows: Sequence[LoadWindow]) -> vega.Spec:
    levels = sorted({window.level for window in windows})
    if len(levels) > 12:
        return {"grid": False}
    return {"values": levels, "labelExpr": "format(datum.value, '.6~g')", "grid": False}


def _level_scale(windows: Sequence[LoadWindow]) -> vega.Spec:
    """Doubling levels get equal distances; the bounds leave room at both sides."""
    levels = sorted({window.level for window in windows})
    if levels[-1] / levels[0] >= 8:
        return {"type": "log", "base": 2, "domain": [levels[0] / 1.15, levels[-1] * 1.15], "nice": False}
    return {"domain": [0, levels[-1] * 1.05], "nice": False}


def _subtitle(windows: Sequence[LoadWindow], note: str) -> str:
    parts = [windows[0].target, note]
    bound = [level_text(window) for window in windows if window.client_bound]
    if bound:
        parts.append(f"limited by the client at {', '.join(bound)}")
    return " · ".join(part for part in parts if part)


def _finished(layers: Sequence[vega.Spec], title: str, subtitle: str) -> vega.Spec:
    named = vega.heading(title, subtitle=subtitle, anchor="start", fontSize=15, subtitleColor=_GREY)
    plot = vega.layered(layers, width=WIDTH, height=HEIGHT, title=named)
    return {"$schema": vega.SCHEMA, **plot, "background": "white", "padding": 12, "config": _CONFIG}
