"""The short formulas, held against scipy and statsmodels, and against their own promises."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.proportion import proportion_confint

from milo_bench.stats.intervals import (
    bootstrap_mean,
    clustered_wilson,
    effective_n,
    quantile,
    quantile_interval,
    wilson,
)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (69, 70), (58, 60), (42, 50), (0, 59), (917, 1000)])
def test_wilson_agrees_with_statsmodels(k: int, n: int) -> None:
    interval = wilson(k, n)
    low, high = proportion_confint(k, n, alpha=0.05, method="wilson")
    assert interval is not None
    assert interval.low == pytest.approx(max(low, 0), abs=1e-12)
    assert interval.high == pytest.approx(min(high, 1), abs=1e-12)


def test_a_one_sided_bound_is_tighter_than_the_same_end_of_a_two_sided_interval() -> None:
    lower, two = wilson(69, 70, side="lower"), wilson(69, 70)
    assert lower is not None and two is not None
    assert lower.high == 1.0
    assert lower.low is not None and two.low is not None and lower.low > two.low


def test_no_data_gives_no_interval_and_impossible_counts_are_refused() -> None:
    assert wilson(0, 0) is None
    assert quantile_interval([], 0.5) is None
    with pytest.raises(ValueError, match="5 successes of 4"):
        wilson(5, 4)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_always_holds_the_rate_and_stays_within_0_and_1(pair: tuple[int, int]) -> None:
    k, n = pair
    interval = wilson(k, n)
    assert interval is not None and interval.low is not None and interval.high is not None
    assert 0 <= interval.low <= k / n + 1e-12
    assert k / n - 1e-12 <= interval.high <= 1


def test_repeats_that_always_agree_count_as_one_row_a_fixture() -> None:
    held, asked = [5.0, 0.0] * 10, [5.0] * 20
    assert effective_n(held, asked) == pytest.approx(20)
    clustered, of_fixtures = clustered_wilson(held, asked), wilson(10, 20)
    assert clustered is not None and of_fixtures is not None
    assert (clustered.low, clustered.high) == pytest.approx((of_fixtures.low, of_fixtures.high))


def test_repeats_that_vary_like_independent_rows_count_nearly_in_full() -> None:
    random = np.random.default_rng(1)
    held = [float(x) for x in random.binomial(5, 0.6, size=400)]
    assert 1600 < effective_n(held, [5.0] * 400) <= 2000


def test_clustered_interval_covers_the_true_rate_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(2)
    covered = 0
    for _ in range(400):
        of_fixture = random.beta(4, 1, size=40)  # fixtures differ; mean rate 0.8
        held = [float(x) for x in random.binomial(3, of_fixture)]
        interval = clustered_wilson(held, [3.0] * 40)
        assert interval is not None and interval.low is not None and interval.high is not None
        covered += interval.low <= 0.8 <= interval.high
    assert covered / 400 > 0.92


def test_quantiles_are_values_of_the_sample_and_failures_push_them_up() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([1.0] * 94 + [math.inf] * 6, 0.95) == math.inf
    assert quantile([1.0] * 95 + [math.inf] * 5, 0.95) == 1.0


def test_order_statistic_interval_matches_binomial_ranks() -> None:
    values = [float(i) for i in range(1, 101)]
    interval = quantile_interval(values, 0.5)
    low_rank = int(scipy_stats.binom.ppf(0.025, 100, 0.5))
    high_rank = int(scipy_stats.binom.ppf(0.975, 100, 0.5)) + 1
    assert interval is not None
    assert (interval.low, interval.high) == (float(low_rank), float(high_rank))


def test_a_tail_that_the_sample_cannot_bound_has_no_upper_end() -> None:
    interval = quantile_interval([1.0, 2.0, 3.0], 0.95)
    assert interval is not None and interval.high is None


def test_order_statistic_interval_covers_the_true_quantile_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(500):
        sample = [float(x) for x in random.exponential(1.0, size=200)]
        interval = quantile_interval(sample, 0.9)
        assert interval is not None and interval.low is not None and interval.high is not None
        covered += interval.low <= math.log(10) <= interval.high
    assert covered / 500 >= 0.93


def test_bootstrap_of_a_mean_is_the_same_every_time_and_near_the_t_interval() -> None:
    values = [float(x) for x in np.random.default_rng(4).normal(10, 2, size=200)]
    first, again = bootstrap_mean(values), bootstrap_mean(values)
    assert first == again and first is not None
    low, high = scipy_stats.t.interval(0.95, 199, loc=np.mean(values), scale=scipy_stats.sem(values))
    assert first.low == pytest.approx(low, abs=0.06)
    assert first.high == pytest.approx(high, abs=0.06)
