"""Runs that stop by what they see in, how often what score and compare print of them misses the truth, out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.decide.gates.ends import ends_at_any_look
from milo_bench.stats.betting import is_above, p_at_any_look
from milo_bench.stats.cases.rows import RateRows
from milo_bench.stats.intervals import clustered_wilson
from milo_bench.stats.paired import mcnemar_exact

MOST = 160
STEP = 8


def stop(right: np.ndarray, bound: float) -> int:
    """After how many answers a run ends whose gate is at ``bound``."""
    for asked in range(STEP, MOST, STEP):
        there = right[:asked].astype(float)
        if is_above(there, bound, 0.95) or is_above(1 - there, 1 - bound, 0.95):
            return asked
    return MOST


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """The interval that ``score`` prints, and the difference of two such runs of one model in ``compare``."""
    rows = []
    runs = min(runs, 400)
    for truth, bound in ((0.8, 0.75), (0.9, 0.85), (0.85, 0.85)):
        missed = before = differs = told = 0
        for _ in range(runs):
            first, second = (random.random(MOST) < truth for _ in range(2))
            n, other = stop(first, bound), stop(second, bound)
            found, places = RateRows(first[:n].astype(float), np.ones(n)), np.arange(n, dtype=np.int32)
            ends = ends_at_any_look(found, places, 0.975, in_order=True)
            assert ends.low is not None
            assert ends.high is not None
            missed += not ends.low <= truth <= ends.high
            plain = clustered_wilson(first[:n].astype(float), np.ones(n), 0.95)
            assert plain is not None
            before += not (plain.low or 0.0) <= truth <= (1.0 if plain.high is None else plain.high)
            both = min(n, other)
            apart = first[:both].astype(float) - second[:both]
            differs += p_at_any_look((apart + 1) / 2, 0.5) < 0.05
            told += mcnemar_exact(int((apart > 0).sum()), int((apart < 0).sum())) < 0.05
        name = f"truth {truth:g}, a gate at {bound:g}"
        rows.append(Row(f"interval of score without the truth, {name}", 0.05, Found(missed, runs), Found(before, runs)))
        rows.append(
            Row("  compare finds a difference where there is none", 0.05, Found(differs, runs), Found(told, runs))
        )
    return rows


ROAD = Road("scores of runs that stopped", "naive: Wilson and McNemar, as for a fixed number", simulate)
