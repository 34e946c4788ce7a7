"""Fixtures with unequal repeats in, how often a gate at its threshold passes out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.decide.gates.ends import ends_of
from milo_bench.stats.cases.rows import RateRows
from milo_bench.stats.exact import exact_ends

BOUND = 0.85
_ALIKE = 0.8


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """A few fixtures that were asked many times, the others once; answers to one fixture are much alike."""
    rows = []
    for fixtures, many, repeats in ((20, 2, 40), (60, 5, 20), (60, 20, 3)):
        asked = np.ones(fixtures, dtype=int)
        asked[:many] = repeats
        places = np.repeat(np.arange(fixtures, dtype=np.int32), asked)
        spread = 1 / _ALIKE - 1
        kept = before = 0
        for _ in range(runs):
            rates = random.beta(BOUND * spread, (1 - BOUND) * spread, fixtures)
            right = random.random(len(places)) < rates[places]
            found = RateRows(right.astype(float), np.ones(len(places)))
            kept += ends_of(found, places, 0.95).judged("at_least", BOUND) == "pass"
            before += exact_ends(float(right.sum()), len(places), 0.95)[0] >= BOUND
        name = f"wrong keep, {many} of {fixtures} fixtures asked {repeats} times, the others once"
        rows.append(Row(name, 0.05, Found(kept, runs), Found(before, runs)))
    return rows


ROAD = Road("unequal repeats", f"truth at the threshold {BOUND}; naive: each answer on its own", simulate)
