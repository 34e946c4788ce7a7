"""The slope of a trend and its interval are those of scipy."""

from __future__ import annotations

import random

import pytest
from scipy import stats

from milo_bench.probes.trend import theil_sen


@pytest.mark.parametrize("grid", [1, 4096])
def test_the_slope_and_its_ends_are_those_of_scipy_with_ties_and_without(grid: int) -> None:
    draw = random.Random(3)
    for n in (3, 24, 120):
        samples = [round((900.0 * at + draw.gauss(0, 20_000)) / grid) * grid for at in range(n)]
        wanted = stats.theilslopes(samples, range(n), alpha=0.95)
        assert theil_sen(samples) == pytest.approx((wanted[0], wanted[2], wanted[3]))
