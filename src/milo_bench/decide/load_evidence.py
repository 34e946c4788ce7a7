"""Load windows in, figures of each and the knee of each target out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from milo_bench.core.load_records import Ends, Quantile, TimeName
from milo_bench.core.records import LoadWindow
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import Figure, LoadEvidence, Source
from milo_bench.stats.intervals import wilson
from milo_bench.stats.load.knee import degradation

_TIMES: Final[tuple[tuple[TimeName, str], ...]] = (
    ("latency", "latency"),
    ("ttft", "time to first token"),
    ("time_per_token", "time per token"),
)
_QUANTILES: Final[tuple[Quantile, ...]] = ("p50", "p95", "p99")


def load_evidence(windows: Sequence[tuple[str, LoadWindow]], figures: Figures) -> tuple[LoadEvidence, ...]:
    """Every window with ids of its figures: ``load/TARGET/closed-4/latency_p95_s`` and so on.

    A figure that the window does not give is left out. Also adds ``load/TARGET/knee`` and
    ``load/TARGET/slope`` where closed windows at several levels give them.
    """
    seen: dict[str, int] = {}
    found = []
    for log, window in windows:
        place = f"load/{window.target}/{window.mode}-{window.level:g}"
        seen[place] = seen.get(place, 0) + 1
        if seen[place] > 1:  # the same level again, in another log or a second time
            place = f"{place}.{seen[place]}"
        found.append(LoadEvidence(log, window, _of_window(place, window, figures)))
    for measure in degradation([window for _, window in windows]):
        name, title = (
            ("knee", "streams at the knee")
            if measure.name == "knee_streams"
            else ("slope", "median latency per additional stream")
        )
        interval = measure.interval
        figures.add(
            Figure(
                f"load/{measure.target}/{name}",
                title,
                _finite(measure.value),
                measure.unit,
                Source("load", name, measure.target),
                n=measure.n,
                low=_finite(interval.low) if interval else None,
                high=_finite(interval.high) if interval else None,
                confidence=interval.confidence if interval else None,
                method=interval.method if interval else "",
                note=measure.note,
            )
        )
    return tuple(found)


def knee_cap(target: str, figures: Figures) -> str:
    """The id of the cap on requests at once for ``target``: the knee's lower end, at least one; "" without a knee."""
    knee = f"load/{target}/knee"
    if knee not in figures or figures[knee].value is None:
        return ""
    known = figures[knee]
    lower = known.low if known.low is not None else known.value
    assert lower is not None
    cap = Figure(
        f"load/{target}/cap",
        "cap on concurrent requests, the lower end of the knee",
        float(max(1, math.floor(lower))),
        "streams",
        Source("load", "cap", target),
        n=known.n,
    )
    return figures.add(cap)


def _of_window(place: str, window: LoadWindow, figures: Figures) -> dict[str, str]:
    said = window.figures
    source = Source("load", f"{window.mode} {window.level:g}", window.target)
    ids: dict[str, str] = {}

    def add(
        name: str, title: str, value: float | None, unit: str, ends: Ends = (None, None), k: int | None = None
    ) -> None:
        if value is None or not math.isfinite(value):
            return
        low, high = ends
        confidence = None if low is None and high is None else 0.95
        n = said.requests or None
        ids[name] = figures.add(
            Figure(f"{place}/{name}", title, float(value), unit, source, n, k, _finite(low), _finite(high), confidence)
        )

    add("level", "concurrent streams" if window.mode == "closed" else "offered level", window.level, "count")
    add("requests_per_s", "requests per second", said.requests_per_s, "/s")
    add("output_tokens_per_s", "output tokens per second", said.output_tokens_per_s, "tokens/s")
    add("goodput_per_s", "requests per second within the service level", said.goodput_per_s, "/s")
    for time, title in _TIMES:
        sketch = said.distributions.of(time)
        for name in _QUANTILES:
            add(f"{time}_{name}_s", f"{title} {name}", sketch.quantile(name), "s", sketch.interval(name))
    if said.requests:
        lost = said.requests - said.answered
        interval = wilson(lost, said.requests)
        low_high = (interval.low, interval.high) if interval else (None, None)
        add("failure_share", "failures", lost / said.requests, "share", low_high, lost)
    if said.graded:
        add(
            "pass_share",
            "documents that pass",
            said.pass_share,
            "share",
            said.pass_interval or (None, None),
            said.passed,
        )
    return ids


def _finite(value: float | None) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
