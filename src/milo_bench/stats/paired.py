"""Outcomes of two sides on the same fixtures in, differences with intervals and exact tests out; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from milo_bench.core.records import Interval
from milo_bench.stats.intervals import Numbers, bootstrap_mean, wilson, z_value


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value from the discordant pairs alone (McNemar 1947; binomial, not chi-squared)."""
    n = only_first + only_second
    if n == 0:
        return 1.0
    smaller = min(only_first, only_second)
    tail = sum(math.comb(n, i) for i in range(smaller + 1))
    return float(min(Fraction(1), Fraction(2 * tail, 2**n)))


def sign_flip_exact(differences: Sequence[Fraction]) -> float:
    """Two-sided exact p-value of paired differences under exchange of the two sides (Fisher 1935).

    Equals McNemar's exact test where every difference is -1, 0 or 1. The distribution of the
    sum over all sign flips is built by convolution, so it is exact for rates over a few repeats.
    """
    scale = math.lcm(*(d.denominator for d in differences)) if differences else 1
    steps = [abs(int(d * scale)) for d in differences if d != 0]
    if not steps:
        return 1.0
    observed = abs(int(sum(differences) * scale))
    total = sum(steps)
    chances = np.zeros(2 * total + 1)
    chances[total] = 1.0
    for step in steps:
        moved = np.zeros_like(chances)
        moved[step:] += chances[: len(chances) - step] / 2
        moved[: len(chances) - step] += chances[step:] / 2
        chances = moved
    sums = np.abs(np.arange(-total, total + 1))
    return float(min(1.0, chances[sums >= observed].sum()))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """The adjusted p-values of one error family (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return tuple(adjusted)


def rate_difference(only_first: int, only_second: int, pairs: int, confidence: float = 0.95) -> Interval | None:
    """Interval of the difference of two paired rates, first minus second, from the discordant pairs.

    Bonett and Price (2012), "Adjusted Wald confidence interval for a difference of binomial
    proportions based on paired data"; unlike a bootstrap it does not shrink to a point where no
    pair disagrees.
    """
    return _bonett_price(only_first - only_second, only_first + only_second, pairs, confidence)


def share_difference(differences: Numbers, confidence: float = 0.95) -> Interval | None:
    """The same where each pair's difference of shares lies between -1 and 1 (rates over a few repeats).

    Bonett and Price's two pseudo pairs, one that differs by 1 and one by -1, beside differences of any
    size. A bootstrap of so few and so often equal numbers passes what is worse up to one time in six.
    """
    found = np.asarray(differences, dtype=float)
    return _bonett_price(float(found.sum()), float((found**2).sum()), len(found), confidence)


def _bonett_price(total: float, squares: float, pairs: int, confidence: float) -> Interval | None:
    if pairs == 0:
        return None
    difference = total / (pairs + 2)
    half = z_value(confidence) * math.sqrt(((squares + 2) / (pairs + 2) - difference**2) / (pairs + 2))
    return Interval(max(-1.0, difference - half), min(1.0, difference + half), confidence, "bonett_price")


def independent_difference(k1: int, n1: int, k2: int, n2: int, confidence: float = 0.95) -> Interval | None:
    """Interval of the difference of two rates of unrelated samples, first minus second; None where one is empty.

    Newcombe (1998), Statistics in Medicine 17:873, method 10: the ends of the two Wilson intervals
    put together. Wider than a paired interval on the same fixtures would be.
    """
    first, second = wilson(k1, n1, confidence), wilson(k2, n2, confidence)
    if first is None or second is None:
        return None
    p1, p2 = k1 / n1, k2 / n2
    l1, u1, l2, u2 = (end or 0.0 for end in (first.low, first.high, second.low, second.high))
    low = p1 - p2 - math.hypot(p1 - l1, u2 - p2)
    high = p1 - p2 + math.hypot(u1 - p1, p2 - l2)
    return Interval(max(-1.0, low), min(1.0, high), confidence, "newcombe")


def bootstrap_difference(differences: Numbers, confidence: float = 0.95, *, seed: int = 0) -> Interval | None:
    """Paired bootstrap of a mean difference, as ``bootstrap_mean``; the pairs are resampled.

    None below ``LEAST_BOOTSTRAPPED`` pairs.
    """
    interval = bootstrap_mean(differences, confidence, seed=seed)
    if interval is None:
        return None
    return Interval(interval.low, interval.high, confidence, f"paired_{interval.method}")
