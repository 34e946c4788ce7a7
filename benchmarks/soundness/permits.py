"""Operator trials of a model that passes exactly as often as a level asks in, how often the level is granted out."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.intervals import wilson

CONFIDENCE = 0.95


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """A row for each floor of the shipped policy and number of trials; "naive" is Wilson's bound from one side."""
    rows = []
    for floor, n in ((0.9, 59), (0.9, 120), (0.7, 30), (0.5, 15)):
        passes = random.binomial(n, floor - 1e-9, runs)
        exact = sum(exact_ends(int(k), n, CONFIDENCE)[0] >= floor for k in passes)
        before = 0
        for k in passes:
            interval = wilson(int(k), n, CONFIDENCE, "lower")
            before += interval is not None and (interval.low or 0.0) >= floor
        rows.append(Row(f"floor {floor}, {n} trials", 0.05, Found(exact, runs), Found(before, runs)))
    return rows


ROAD = Road("operator level granted at its floor", "wrong grant, truth just below the floor", simulate)
