"""A scorecard of many targets is a line for each of them, best first, and fits a terminal."""

from __future__ import annotations

import io

from rich.console import Console

from milo_bench.core.records import Interval, Measure
from milo_bench.report.terminal.many_targets import MOST_LINES, targets_table


def test_targets_are_lines_best_first_and_what_is_left_out_is_counted() -> None:
    measures = [
        Measure(name, "w", f"model-{n:02d}", n / 100, "share", 100, interval=Interval(0.1, 0.2, 0.95, "wilson"))
        for n in range(MOST_LINES + 3)
        for name in ("pass_rate", "accuracy")
    ]
    table, left = targets_table("w", measures)
    out = io.StringIO()
    Console(file=out, width=110).print(table)
    lines = out.getvalue().splitlines()
    assert left == 3
    assert lines[2].split()[0] == f"model-{MOST_LINES + 2:02d}"
    assert all(len(line) <= 110 for line in lines)
