"""A measured baseline and live windows of the same truth in, how often an alarm rings for nothing out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.stats.control import most_slower, most_usual

WINDOW, CHANCE = 100, 0.01
ALARMS = 8  # of one workload; the chance is held for all of them together
usual = cache(most_usual)


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """A row for each size of baseline and truth; "naive" rings past the upper end of the measured interval or p95."""
    rows = []
    runs *= 10
    for n, rate in ((50, 0.0), (50, 0.02), (70, 0.1), (120, 0.05), (1000, 0.01), (1000, 0.4)):
        ours = naive = 0
        for k, x in zip(random.binomial(n, rate, (runs, ALARMS)), random.binomial(WINDOW, rate, (runs, ALARMS)),
                        strict=True):  # fmt: skip
            ours += any(
                int(b) > usual(int(a), n, WINDOW, CHANCE / ALARMS) for a, b in zip(k.tolist(), x.tolist(), strict=True)
            )
            naive += bool((x / WINDOW > k / n + 1.96 * np.sqrt(k / n * (1 - k / n) / n)).any())
        rows.append(Row(f"{ALARMS} counts, {n} measured, true rate {rate:.0%}", CHANCE, Found(ours, runs),
                        Found(naive, runs)))  # fmt: skip
    for n in (50, 120, 1000):
        rank = -(-95 * n // 100)
        most = most_slower(rank, n, WINDOW, CHANCE)
        baseline = np.sort(random.lognormal(0, 0.6, (runs, n)), axis=1)
        live = random.lognormal(0, 0.6, (runs, WINDOW))
        past = (live > baseline[:, rank - 1 : rank]).sum(axis=1)
        rows.append(Row(f"latency, {n} measured", CHANCE, Found(int((past > most).sum()), runs),
                        Found(int((past > 0.05 * WINDOW).sum()), runs)))  # fmt: skip
    return rows


ROAD = Road("an alarm of the runbook rings while nothing changed", "false alarm at a look", simulate)
