"""Fixtures that are copies under other ids in, how often a gate at its threshold passes on them, out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.core.records import Fixture
from milo_bench.decide.gates.ends import ends_of
from milo_bench.stats.cases.columns import fixture_table
from milo_bench.stats.cases.rows import RateRows

BOUND = 0.85


def copies(texts: int, each: int) -> list[Fixture]:
    """``each`` copies of every text; their ids, case, spaces and stops differ."""
    return [
        Fixture(f"{text}-{copy}", "qa", {"text": f"Case {text}:{' ' * copy}where is it{'?' * (copy % 3)}".swapcase()})
        for copy in range(each)
        for text in range(texts)
    ]


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """A model that answers copies alike: what is asked again is no evidence of its own."""
    rows = []
    for texts, each in ((20, 6), (40, 3), (60, 2)):
        group = fixture_table(copies(texts, each)).group
        places = np.arange(texts * each, dtype=np.int32)
        kept = before = 0
        for _ in range(runs):
            right = np.tile(random.random(texts) < BOUND, each)
            found = RateRows(right.astype(float), np.ones(texts * each))
            kept += ends_of(found, places, 0.95, group=group).judged("at_least", BOUND) == "pass"
            before += ends_of(found, places, 0.95).judged("at_least", BOUND) == "pass"
        name = f"wrong keep, {texts * each} fixtures of {texts} texts, {each} copies each"
        rows.append(Row(name, 0.05, Found(kept, runs), Found(before, runs)))
    return rows


ROAD = Road("copies of fixtures", f"truth at the threshold {BOUND}; naive: each copy on its own", simulate)
