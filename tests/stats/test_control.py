"""Limits of a window's count hold their false-alarm rate whatever the true rate is: by enumeration, not by trust."""

from __future__ import annotations

from itertools import combinations
from math import comb

import pytest

from milo_bench.stats.control import most_slower, most_usual


def binomial(k: int, n: int, p: float) -> float:
    return comb(n, k) * p**k * (1 - p) ** (n - k)


@pytest.mark.parametrize("chance", [0.05, 0.01])
@pytest.mark.parametrize(("n", "window"), [(10, 8), (30, 20), (50, 50)])
def test_a_count_past_its_limit_is_no_more_frequent_than_stated_at_any_rate(n: int, window: int, chance: float) -> None:
    limits = [most_usual(k, n, window, chance) for k in range(n + 1)]
    assert limits == sorted(limits)
    for rate in (0.001, 0.02, 0.1, 0.3, 0.5, 0.8, 0.99):
        alarms = sum(
            binomial(k, n, rate) * sum(binomial(x, window, rate) for x in range(limits[k] + 1, window + 1))
            for k in range(n + 1)
        )
        assert alarms <= chance, rate


def test_a_limit_is_no_wider_than_the_promise_asks() -> None:
    # One count less, and Fisher's test would reject at less than the stated chance no more.
    most = most_usual(1, 120, 100, 0.01)
    tail = sum(comb(100, x) * comb(120, most + 1 - x) for x in range(most, min(100, most + 1) + 1))
    assert tail / comb(220, most + 1) > 0.01


@pytest.mark.parametrize(("rank", "n", "window"), [(3, 4, 5), (5, 6, 4), (1, 3, 3)])
def test_values_past_the_measured_quantile_are_counted_over_every_order(rank: int, n: int, window: int) -> None:
    orders = list(combinations(range(n + window), n))  # the places of the baseline among all values
    for chance in (0.3, 0.1, 0.02):
        most = most_slower(rank, n, window, chance)
        past = [sum(1 for place in range(n + window) if place > base[rank - 1]) - (n - rank) for base in orders]
        assert sum(count > most for count in past) / len(orders) <= chance
        assert most == 0 or sum(count > most - 1 for count in past) / len(orders) > chance


def test_a_window_that_no_count_can_leave_has_no_alarm() -> None:
    assert most_usual(3, 3, 10, 0.01) == 10
    with pytest.raises(ValueError, match="of 3"):
        most_usual(4, 3, 10, 0.01)
