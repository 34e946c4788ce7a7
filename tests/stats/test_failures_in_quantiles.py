"""A quantile is that value of the sample which has the share at or below it, failures among them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.stats.load.distribution import QUANTILES, describe

SHARES = {"p50": Fraction(1, 2), "p90": Fraction(9, 10), "p95": Fraction(19, 20), "p99": Fraction(99, 100)}


def told(values: list[float], share: Fraction) -> float | None:
    """The smallest value with at least ``share`` of all at or below it, by counting."""
    found = min(one for one in values if sum(other <= one for other in values) >= share * len(values))
    return round(found, 6) if math.isfinite(found) else None


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=60), st.integers(0, 60))
def test_quantiles_with_failures_are_those_of_a_count(micros: list[int], failures: int) -> None:
    values = [one / 1e6 for one in micros] + [math.inf] * failures
    found = describe(values)
    assert {name: getattr(found, name) for name in QUANTILES} == {
        name: told(values, share) for name, share in SHARES.items()
    }
    assert (found.n, found.infinite) == (len(values), failures)
    assert (found.max is None) == (found.mean is None) == bool(failures)
    weighted = describe(values, np.ones(len(values)))
    assert [getattr(weighted, name) for name in QUANTILES] == [getattr(found, name) for name in QUANTILES]


@pytest.mark.parametrize("n", [20, 100, 200, 1000, 2000])
@pytest.mark.parametrize("name", list(SHARES))
def test_at_its_edge_a_quantile_is_an_answer_and_one_failure_more_makes_it_never(n: int, name: str) -> None:
    answered = math.ceil(SHARES[name] * n)
    values = [0.5] * answered + [math.inf] * (n - answered)
    assert getattr(describe(values), name) == 0.5
    values[answered - 1] = math.inf
    assert getattr(describe(values), name) is None
