"""Bounds by betting hold at every look: their error is counted over all looks of a run, against a known mean."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.stats.betting import betting_ends, further_to_decide, log_wealth
from milo_bench.stats.exact import exact_ends

TIMES = 400
MOST = 0.05 + 3 * math.sqrt(0.05 * 0.95 / TIMES)


def ever_above(draws: np.ndarray, mean: float) -> float:
    """In how many rows of ``draws`` the lower bound is above ``mean`` at any of its looks, one after each value."""
    needed = math.log(20)
    ever = 0
    for row in draws:
        looks = range(1, len(row) + 1, 5)
        ever += any(log_wealth(row[:n], np.ones(n), mean) >= needed for n in looks)
    return ever / len(draws)


@pytest.mark.parametrize("mean", [0.5, 0.8, 0.95])
def test_a_rate_is_bounded_at_every_look(mean: float) -> None:
    random = np.random.default_rng(3)
    assert ever_above((random.random((TIMES, 300)) < mean).astype(float), mean) <= MOST


def test_means_of_stories_are_bounded_at_every_look() -> None:
    random = np.random.default_rng(4)
    assert ever_above(random.beta(4, 1, (TIMES, 200)), 0.8) <= MOST


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_bounds_hold_the_mean_between_them_and_do_not_depend_on_the_order(values: list[float], shuffle: object) -> None:
    low, high = betting_ends(np.array(values), 0.95)
    assert low <= sum(values) / len(values) + 1e-9
    assert high >= sum(values) / len(values) - 1e-9
    mixed = list(values)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    assert betting_ends(np.array(mixed), 0.95) == pytest.approx((low, high), abs=1e-9)


def test_the_price_of_looking_at_any_time_is_a_wider_interval_than_for_one_look() -> None:
    values = np.array([1.0] * 66 + [0.0] * 4)
    low, high = betting_ends(values, 0.95)
    once_low, once_high = exact_ends(66, 70, 0.95)
    assert low < once_low
    assert high > once_high
    assert low > once_low - 0.06


def test_a_bound_is_rejected_exactly_where_the_wealth_says_so() -> None:
    values = np.array([1.0] * 60 + [0.0] * 3)
    low, _ = betting_ends(values, 0.95)
    assert log_wealth(values, np.ones(63), low) >= math.log(20)
    assert log_wealth(values, np.ones(63), low + 1e-6) < math.log(20)


def test_the_advice_is_judged_by_the_bounds_of_the_next_look() -> None:
    values = np.array([1.0] * 19 + [0.0])
    more = further_to_decide(values, 0.8, 0.95)
    assert more is not None
    times = (20 + more) / 20
    wealth = log_wealth(np.array([0.0, 1.0]), np.array([1.0, 19.0]) * times, 0.8)
    assert wealth >= math.log(20)
    assert further_to_decide(values, 0.95, 0.95) is None  # exactly at the bound: never


def test_no_data_bounds_nothing_and_values_beyond_one_are_refused() -> None:
    assert betting_ends(np.array([]), 0.95) == (0.0, 1.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        betting_ends(np.array([1.5]), 0.95)
