"""Scores, comparisons and gates of runs that stopped by what they saw: only bounds that hold at every look."""

from __future__ import annotations

import math

import numpy as np
import pytest

from milo_bench.decide.gates.ends import ends_at_any_look
from milo_bench.stats.betting import p_at_any_look
from milo_bench.stats.cases.rows import ValueRows


def test_ends_of_a_time_that_drifted_do_not_cross() -> None:
    slow_then_fast = np.concatenate([np.full(60, 2.0), np.full(400, 1.0)])
    rows = ValueRows(np.arange(460), slow_then_fast, q=0.5)
    ends = ends_at_any_look(rows, np.arange(460, dtype=np.int32), 0.95, in_order=True)
    assert ends.low is not None
    assert ends.high is not None
    assert ends.low <= 1.0 <= ends.high


def test_ends_of_a_mean_that_drifted_do_not_cross() -> None:
    rng = np.random.default_rng(0)
    drifted = np.concatenate([rng.normal(5, 0.1, 16), rng.normal(1, 0.1, 112)])
    rows = ValueRows(np.arange(128), drifted)
    ends = ends_at_any_look(rows, np.arange(128, dtype=np.int32), 0.95, in_order=True)
    assert ends.low is not None
    assert ends.high is not None
    assert ends.low <= ends.high


@pytest.mark.parametrize("looks", [200])
def test_a_p_value_at_every_look_is_rarely_small_where_nothing_differs(looks: int) -> None:
    rng = np.random.default_rng(3)
    least = []
    for _ in range(200):
        differences = rng.choice([0.0, 0.5, 1.0], size=looks, p=[0.15, 0.7, 0.15])
        least.append(min(p_at_any_look(differences[:n], 0.5) for n in range(10, looks + 1, 10)))
    assert np.mean(np.array(least) < 0.05) <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 200)
    assert p_at_any_look(np.full(40, 0.95), 0.5) < 1e-4
    assert p_at_any_look(np.zeros(0), 0.5) == 1.0
