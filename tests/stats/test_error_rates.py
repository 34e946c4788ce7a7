"""Bounds err no more often than they say where repeats agree, sizes differ and bad fixtures are rare."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from milo_bench.stats.clustered_values import RESAMPLES, _steps, clustered_mean, clustered_quantile_ends
from milo_bench.stats.exact import clustered_ends
from milo_bench.stats.intervals import LEAST_BOOTSTRAPPED, effective_n, quantile_ends
from milo_bench.stats.paired import rate_difference, share_difference

TIMES = 400
MOST = 0.085  # 5 per cent, and three standard errors of 400 tries


def above(find: Callable[[np.random.Generator], float | None], truth: float) -> float:
    """How often a lower end lies above the truth."""
    random = np.random.default_rng(11)
    ends = [find(random) for _ in range(TIMES)]
    return sum(end is not None and end > truth for end in ends) / TIMES


@pytest.mark.parametrize(("fixtures", "rate"), [(10, 0.85), (30, 0.95), (70, 0.95)])
def test_a_few_bad_fixtures_with_ten_repeats_do_not_pass_a_rate_too_often(fixtures: int, rate: float) -> None:
    def low(random: np.random.Generator) -> float:
        held = random.binomial(10, random.beta(rate, 1 - rate, fixtures)).astype(float)
        return clustered_ends(held, np.full(fixtures, 10.0), 0.95)[0]

    assert above(low, rate) <= MOST


@pytest.mark.parametrize("q", [0.5, 0.95])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_repeats_of_a_fixture_do_not_narrow_its_quantiles(q: float, side: float) -> None:
    truth = float(np.quantile(np.random.default_rng(0).normal(0, 1, 2_000_000), q))

    def end(random: np.random.Generator) -> float:
        of_fixture, noise = random.normal(0, 1, 40), random.normal(0, 0.05, 200)
        ends = clustered_quantile_ends(np.repeat(of_fixture, 5) + noise, np.repeat(np.arange(40), 5), q, 0.9)
        assert ends is not None
        return ends[0] if side > 0 else -ends[1]

    assert above(end, side * truth) <= MOST


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_repeats_of_a_fixture_do_not_narrow_a_mean_and_a_long_tail_is_minded(side: float) -> None:
    def end(random: np.random.Generator) -> float | None:
        values = np.repeat(random.lognormal(0, 0.5, 20), 5)
        interval = clustered_mean(values, np.repeat(np.arange(20), 5), 0.9)
        found = None if interval is None else interval.low if side > 0 else interval.high
        return None if found is None else side * found

    assert above(end, side * math.exp(0.125)) <= MOST


@pytest.mark.parametrize("fixtures", [10, 30])
def test_a_loss_on_rare_fixtures_is_not_passed_as_no_worse(fixtures: int) -> None:
    def low(random: np.random.Generator) -> float | None:
        lost = random.random(fixtures) < 0.06
        ours = np.where(lost, 0.0, random.binomial(3, 0.98, fixtures) / 3)
        interval = share_difference(ours - random.binomial(3, 0.98, fixtures) / 3, 0.9)
        return None if interval is None else interval.low

    assert above(low, -0.06 * 0.98) <= MOST


def test_differences_of_single_outcomes_are_those_of_discordant_pairs() -> None:
    assert share_difference([1.0] * 3 + [-1.0] * 5 + [0.0] * 22) == rate_difference(3, 5, 30)


def test_one_fixture_with_a_hundred_repeats_is_one_fixture() -> None:
    one, values = np.zeros(100, dtype=np.int64), np.linspace(1, 2, 100)
    assert clustered_mean(values, one) is None
    assert clustered_quantile_ends(values, one, 0.5) == (-math.inf, math.inf)
    assert effective_n([90.0], [100.0]) == 1


def test_a_fixture_that_holds_most_rows_does_not_count_as_one_among_many() -> None:
    assert effective_n([100.0, *[1.0] * 19], [100.0, *[1.0] * 19]) < 2


def test_single_rows_keep_order_statistics_and_order_never_matters() -> None:
    random = np.random.default_rng(5)
    values, of = random.lognormal(0, 1, 90), np.repeat(np.arange(30), 3)
    assert clustered_quantile_ends(values, np.arange(90), 0.9) == quantile_ends(values, 0.9)
    turned = random.permutation(90)
    assert clustered_mean(values, of) == clustered_mean(values[turned], 29 - of[turned])
    interval = clustered_mean(values, of)
    assert interval is not None and msgspec.json.encode(interval)  # plain numbers, or no decision could be written
    few = LEAST_BOOTSTRAPPED - 1
    assert clustered_mean(values[:few], np.arange(few)) is None


@pytest.mark.parametrize("sizes", [[1.0] * 40, [3.0] * 129, [1.0, 2.0, 3.0] * 20])
def test_resampled_means_of_clusters_of_one_size_are_the_same_as_of_any(sizes: list[float]) -> None:
    count = np.array(sizes)
    sums = np.random.default_rng(2).normal(0, 1, len(count)) * count
    residuals = sums - sums.sum() / count.sum() * count
    picks = np.random.default_rng(5).integers(0, len(count), size=(RESAMPLES, len(count)))
    drawn, weights = residuals[picks], count[picks]
    away = drawn.sum(axis=1) / weights.sum(axis=1)
    squares = ((drawn - away[:, None] * weights) ** 2).sum(axis=1)
    error = np.sqrt(len(count) / (len(count) - 1) * squares) / weights.sum(axis=1)
    assert (_steps(residuals, count, 5) == away / error).all()
