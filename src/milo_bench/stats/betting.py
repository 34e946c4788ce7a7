"""Values between 0 and 1 in, bounds of their mean out that hold however often one looks; pure.

A bet against "the mean is at most m" multiplies its wealth by 1 + b (x - m) for each value x, with b between 0 and
1 / m, so that no strategy gains on average while that is true. By Ville's inequality the chance that wealth ever
reaches 1 / a is at most a, whatever the number of looks and whenever one stops (Waudby-Smith and Ramdas 2024, J. R.
Stat. Soc. B 86:1, "Estimating means of bounded random variables by betting"). The wealth here is the mean over a fixed
portfolio of constant bets. So it does not depend on the order of the values, and can be computed again from a log.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy.special import logsumexp

from milo_bench.stats.arrays import Floats

BETS: Final = 100
MOST_FURTHER: Final = 1_000_000
# Shares of the largest fair bet, arcsine distributed: small ones find a mean near m, large ones one far from it.
_SHARES: Final[Floats] = np.sin(math.pi * (np.arange(BETS) + 0.5) / (2 * BETS)) ** 2


def log_wealth(values: Floats, counts: Floats, mean: float) -> float:
    """Log of the wealth of the bets that the mean is above ``mean``; ``counts[i]`` values are ``values[i]``.

    Raises ValueError for values outside 0 to 1, or a mean outside 0 to 1, exclusive.
    """
    if not 0 < mean < 1:
        raise ValueError(f"a mean must be between 0 and 1, not {mean}")
    if len(values) and not (np.min(values) >= 0 and np.max(values) <= 1):
        raise ValueError("values must be between 0 and 1")
    bets = _SHARES / mean
    gains = np.log1p(np.outer(bets, values - mean))
    return float(logsumexp(gains @ counts) - math.log(BETS))


def betting_ends(values: Floats, confidence: float) -> tuple[float, float]:
    """Lower and upper bound of the mean of ``values`` (each 0 to 1), each one-sided at ``confidence``, at any time.

    The chance that the lower bound is ever above the mean, at any of any number of looks, is at most 1 - confidence;
    the same for the upper. Values must come from independent units (fixtures, or stories: the mean of each), in an
    order that does not depend on them. (0, 1) for no data.
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(values):
        return 0.0, 1.0
    distinct, counts = np.unique(values, return_counts=True)
    weights = counts.astype(np.float64)
    low = _lower(distinct, weights, confidence)
    return low, 1.0 - _lower(1.0 - distinct, weights, confidence)


def _lower(values: Floats, counts: Floats, confidence: float) -> float:
    """The least mean that is not rejected: wealth falls as ``mean`` grows, so it is found by halving."""
    needed = -math.log1p(-confidence)
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        if middle in (0.0, 1.0):
            break
        low, high = (middle, high) if log_wealth(values, counts, middle) >= needed else (low, middle)
    return low


def further_to_decide(values: Floats, bound: float, confidence: float) -> int | None:
    """How many more values would decide on which side of ``bound`` the mean is, if they are spread as these are.

    Judged by the same bounds as the next look, so to follow it and look again costs no error. None where the values
    would never decide it, or only beyond ``MOST_FURTHER``.
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(values) or not 0 < bound < 1 or float(values.mean()) == bound:
        return None
    if values.mean() < bound:
        values, bound = 1.0 - values, 1.0 - bound
    distinct, counts = np.unique(values, return_counts=True)
    needed = -math.log1p(-confidence)

    def decided(total: int) -> bool:
        weights = counts.astype(np.float64) * (total / len(values))
        return log_wealth(distinct, weights, bound) >= needed

    few, many = len(values), 2 * len(values)
    if decided(few):
        return 0
    while not decided(many):
        few, many = many, 2 * many
        if many > MOST_FURTHER:
            return None
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if decided(middle) else (middle, many)
    return many - len(values)
