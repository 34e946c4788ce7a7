"""Load windows of known times, and a knee, as a load session leaves them."""

from __future__ import annotations

from milo_bench.core.records import Interval, LoadWindow, Measure
from milo_bench.run.load.rows import LoadRow, RowFailure, WindowRows
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.stats.load.figures import load_window

KNEE = Measure(
    name="knee_streams",
    workload="",
    target="t",
    value=2.1,
    unit="streams",
    n=60,
    interval=Interval(1.8, 2.6, 0.95, "b"),
)


def window(level: float, *, failing: int = 0, mode: str = "closed", ended_early: str = "") -> LoadWindow:
    def row(number: int) -> LoadRow:
        failure: RowFailure | None = "server_error" if number < failing else None
        at_s = number * 0.2
        first_s = None if failure else at_s + 0.05 * level
        return LoadRow("f", at_s, at_s, at_s + 0.2 * level, first_content_s=first_s, failure=failure)

    rows = WindowRows(
        mode=mode,  # type: ignore[arg-type]
        level=level,
        began_s=0,
        from_s=0,
        to_s=10,
        ended_s=10,
        rows=tuple(row(number) for number in range(50)),
        warmup_rule="the first 1 s",
        cooldown_rule="until all ended",
        ended_early=ended_early,
    )
    return load_window("t", rows, level=ServiceLevel(ttft_s=0.15), samples=())
