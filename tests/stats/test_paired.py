"""Paired tests, held against scipy and statsmodels."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from milo_bench.stats.paired import bootstrap_difference, holm, mcnemar_exact, rate_difference, sign_flip_exact


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (5, 5), (9, 2), (0, 12), (40, 21)])
def test_mcnemar_agrees_with_statsmodels(b: int, c: int) -> None:
    assert mcnemar_exact(b, c) == pytest.approx(min(1.0, mcnemar([[10, b], [c, 10]], exact=True).pvalue))


@pytest.mark.parametrize(("b", "c"), [(1, 0), (9, 2), (0, 12)])
def test_sign_flip_is_mcnemar_where_each_fixture_was_asked_once(b: int, c: int) -> None:
    differences = [Fraction(1)] * b + [Fraction(-1)] * c + [Fraction(0)] * 7
    assert sign_flip_exact(differences) == pytest.approx(mcnemar_exact(b, c))


def test_sign_flip_over_repeats_agrees_with_a_permutation_test_of_scipy() -> None:
    first, second = np.array([3, 2, 3, 1, 3, 2, 3, 0]), np.array([1, 2, 0, 1, 2, 0, 3, 1])
    exact = scipy_stats.permutation_test(
        (first / 3, second / 3),
        lambda a, b: np.mean(a - b),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    ours = sign_flip_exact([Fraction(int(a - b), 3) for a, b in zip(first, second, strict=True)])
    assert ours == pytest.approx(exact.pvalue)


def test_holm_agrees_with_statsmodels() -> None:
    p_values = [0.01, 0.04, 0.03, 0.005, 0.8]
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_interval_of_a_difference_does_not_shrink_to_a_point_where_nobody_disagrees() -> None:
    interval = rate_difference(0, 0, 20)
    assert interval is not None and interval.low is not None and interval.high is not None
    assert interval.low < -0.05 and interval.high > 0.05


def test_interval_of_a_difference_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    covered = 0
    for _ in range(500):
        draws = random.choice(3, p=[0.12, 0.04, 0.84], size=60)
        interval = rate_difference(int((draws == 0).sum()), int((draws == 1).sum()), 60)
        assert interval is not None and interval.low is not None and interval.high is not None
        covered += interval.low <= 0.08 <= interval.high
    assert covered / 500 > 0.93


def test_paired_bootstrap_is_seeded_and_holds_the_mean() -> None:
    differences = [0.2, -0.1, 0.4, 0.3, 0.0, 0.25]
    interval = bootstrap_difference(differences)
    assert interval == bootstrap_difference(differences)
    assert interval is not None and interval.low is not None and interval.high is not None
    assert interval.low <= sum(differences) / 6 <= interval.high


def test_a_handful_of_pairs_gets_no_interval_however_alike_they_are() -> None:
    assert bootstrap_difference([3.0, 3.1, 2.9, 3.0, 3.05]) is None
    assert bootstrap_difference([3.0, 3.1, 2.9, 3.0, 3.05, 3.0]) is not None
