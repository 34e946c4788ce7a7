"""Answers that a check cannot read in, how often a gate at its threshold passes out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.decide.gates.ends import ends_of
from milo_bench.stats.cases.rows import RateRows

BOUND = 0.8
FIXTURES = 60
NO_ROWS = np.zeros(FIXTURES)


def _passes(held: np.ndarray, asked: np.ndarray, unjudged: np.ndarray) -> bool:
    rows = RateRows(held.astype(float), asked.astype(float), "", unjudged.astype(float))
    ends = ends_of(rows, np.arange(FIXTURES, dtype=np.int32), 0.95)
    return ends.judged("at_least", BOUND) == "pass"


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """A model that is right on exactly ``BOUND`` of the fixtures, whose wrong answers are the unreadable ones."""
    rows = []
    for hidden in (0.0, 0.25, 1.0):
        now = before = 0
        for _ in range(runs):
            right = random.random(FIXTURES) < BOUND
            unread = ~right & (random.random(FIXTURES) < hidden)
            now += _passes(right, ~unread, unread)
            before += _passes(right | unread, np.ones(FIXTURES), NO_ROWS)
        setting = f"{hidden:.0%} of the wrong answers unreadable"
        rows.append(Row(setting, 0.05, Found(now, runs), Found(before, runs)))
    return rows


ROAD = Road("a skipped check counts as passed", f"wrong keep, n = {FIXTURES}, truth at the threshold {BOUND}", simulate)
