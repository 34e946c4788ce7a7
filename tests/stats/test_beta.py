"""Quantiles of our own are those of scipy, at every shape that a bound asks for."""

from __future__ import annotations

import random

import pytest
from scipy import special

from milo_bench.stats.beta import beta_quantile, t_quantile

PROBABILITIES = (1e-6, 0.001, 0.025, 0.05, 0.5, 0.9, 0.95, 0.975, 0.999)


@pytest.mark.parametrize("n", [1, 2, 49, 70, 1_000, 1_000_000])
def test_bounds_of_whole_counts_are_those_of_scipy(n: int) -> None:
    for k in {1, n // 3 + 1, n // 2 + 1, max(1, n - 1), n}:
        for p in PROBABILITIES:
            found, wanted = beta_quantile(k, n - k + 1, p), float(special.betaincinv(k, n - k + 1, p))
            assert found == pytest.approx(wanted, rel=1e-11, abs=1e-300), (k, n, p)


def test_fractions_of_an_effective_sample_size_have_the_same_quantiles() -> None:
    draw = random.Random(7)
    for _ in range(2_000):
        a, b = 10 ** draw.uniform(-2, 4), 10 ** draw.uniform(-2, 4)
        p = draw.choice(PROBABILITIES)
        wanted = float(special.betaincinv(a, b, p))
        assert beta_quantile(a, b, p) == pytest.approx(wanted, rel=1e-10, abs=1e-290), (a, b, p)


def test_the_ends_of_the_unit_interval_are_quantiles_of_nothing_and_of_all() -> None:
    assert beta_quantile(3, 4, 0.0) == 0.0
    assert beta_quantile(3, 4, 1.0) == 1.0


@pytest.mark.parametrize("freedom", [1, 1.5, 4, 29, 1_000, 1_000_000])
def test_quantiles_of_students_t_are_those_of_scipy(freedom: float) -> None:
    for p in (*PROBABILITIES, 0.3):
        assert t_quantile(freedom, p) == pytest.approx(float(special.stdtrit(freedom, p)), rel=1e-10, abs=1e-12)
