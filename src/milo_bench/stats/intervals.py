"""Counts and samples in, intervals out. Short formulas, each with its source; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from statistics import NormalDist
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from milo_bench.core.records import Interval
from milo_bench.stats.beta import t_quantile

Side: TypeAlias = Literal["two", "lower", "upper"]
Numbers: TypeAlias = Sequence[float] | NDArray[np.float64]

# With fewer pairs than this no exact two-sided test reaches 5% (2 / 2**5 is 6%), and the
# percentile bootstrap, which never looks beyond the sample, would claim what they cannot show.
LEAST_BOOTSTRAPPED: Final = 6
# Beyond this many values resampled means are normal to more digits than anyone reads (their skewness
# falls with the root of n), and 2,000 resamples of a million values would take minutes.
MOST_BOOTSTRAPPED: Final = 20_000


def z_value(confidence: float, side: Side = "two") -> float:
    """The standard normal quantile for ``confidence`` (0..1), split over both tails for ``two``."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
    tail = (1 - confidence) / 2 if side == "two" else 1 - confidence
    return NormalDist().inv_cdf(1 - tail)


def wilson(k: float, n: float, confidence: float = 0.95, side: Side = "two") -> Interval | None:
    """Score interval of a rate, ``k`` successes of ``n``; None for no data.

    Wilson (1927), JASA 22:209. ``k`` and ``n`` may be fractions (an effective sample size). A
    one-sided interval leaves its other end at 0 or 1.
    """
    if n <= 0:
        return None
    if not 0 <= k <= n:
        raise ValueError(f"{k} successes of {n}")
    z2 = z_value(confidence, side) ** 2
    rate = k / n
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (rate * (1 - rate) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low = 0.0 if side == "upper" or k == 0 else max(0.0, centre - half)
    high = 1.0 if side == "lower" or k == n else min(1.0, centre + half)
    return Interval(low, high, confidence, "wilson")


MOST_UNEQUAL: Final = 3.0


def effective_n(held: Numbers, asked: Numbers, confidence: float = 0.95, *, more: int = 0) -> float:
    """Sample size of a rate whose rows come in clusters (repeats of one fixture, fields of one answer).

    ``held[c]`` successes of ``asked[c]`` rows in cluster c. The variance between clusters
    (Taylor linearisation) against that of independent rows gives the design effect (Kish 1965);
    n divided by it is used in an interval with one-sided ends at ``confidence``, as in Korn and
    Graubard (1998): times the square of z over t, since that variance is an estimate too. The degrees
    of freedom of t are what the squared residuals are worth (Satterthwaite 1946), or a few bad
    clusters in many good ones would seem to tell how often they come. Kept between n^2 over the sum
    of squared sizes, which is where rows of a cluster say the same, and the number of rows. The least of these
    where one cluster has more than ``MOST_UNEQUAL`` times the rows of a usual one. ``more`` is how many further
    clusters of the usual size there would be, spread as these are.
    """
    return ClusteredRate(held, asked).effective_n(confidence, more=more)


class ClusteredRate:
    """A rate of rows that come in clusters, for effective sample sizes at several confidences and further clusters."""

    def __init__(self, held: Numbers, asked: Numbers) -> None:
        held, asked = np.asarray(held, dtype=float), np.asarray(asked, dtype=float)
        self._asked = asked
        self._clusters = len(asked)
        self._known = float(asked.sum())
        if self._known == 0:
            return
        self._largest = float(asked.max())
        self._of_sizes = float((asked**2).sum())
        self._rate = float(held.sum()) / self._known
        squares = (held - self._rate * asked) ** 2
        self._between, self._of_squares = float(squares.sum()), float((squares**2).sum())

    @cached_property
    def _usual(self) -> float:
        return float(np.median(self._asked))

    def effective_n(self, confidence: float, *, more: int = 0) -> float:
        """See the function of this name."""
        clusters, known = self._clusters, self._known
        if clusters + more <= 1 or known == 0:
            return float(min(clusters, known))
        rate, between = self._rate, self._between
        usual = self._usual if more else 0.0
        n, all_clusters, grown = known + more * usual, clusters + more, (clusters + more) / clusters
        least = n**2 / (self._of_sizes + more * usual**2)
        if rate in (0.0, 1.0) or self._largest > MOST_UNEQUAL * n / all_clusters:
            # A few clusters with most of the rows say little of how clusters differ.
            return least
        if between <= 0:
            return n
        variance = all_clusters / (all_clusters - 1) * between * grown / n**2
        design_effect = variance / (rate * (1 - rate) / n)
        freedom = max(1.0, grown * between**2 / self._of_squares)
        unsure = (t_quantile(freedom, confidence) / z_value(confidence, "lower")) ** 2
        return min(n, max(least, n / (design_effect * unsure)))


def clustered_wilson(held: Numbers, asked: Numbers, confidence: float = 0.95, side: Side = "two") -> Interval | None:
    """Wilson's interval at the effective sample size of clustered rows; plain where each cluster has one row."""
    held, asked = np.asarray(held, dtype=float), np.asarray(asked, dtype=float)
    n = float(asked.sum())
    if n == 0:
        return None
    k = float(held.sum())
    if (asked <= 1).all():
        return wilson(k, n, confidence, side)
    n_effective = effective_n(held, asked, (1 + confidence) / 2 if side == "two" else confidence)
    interval = wilson(k / n * n_effective, n_effective, confidence, side)
    return None if interval is None else Interval(interval.low, interval.high, confidence, "wilson_clustered")


def quantile(values: Numbers, q: float) -> float | None:
    """The smallest value with at least a share ``q`` of the sample at or below it (inverse of the
    empirical distribution). ``values`` may hold infinities, for attempts that never ended; None
    for no data. An infinite quantile is returned as it is.
    """
    if len(values) == 0:
        return None
    ordered = np.sort(np.asarray(values, dtype=float))
    return float(ordered[max(0, math.ceil(q * len(ordered)) - 1)])


def quantile_interval(values: Numbers, q: float, confidence: float = 0.95) -> Interval | None:
    """Order-statistic interval of a quantile, free of any assumption on the distribution.

    The ranks are binomial quantiles (David and Nagaraja 2003, section 7.1). An end that lies
    beyond the sample or among infinite values is None: the data do not bound it.
    """
    ends = quantile_ends(values, q, confidence)
    return None if ends is None else Interval(finite(ends[0]), finite(ends[1]), confidence, "order_statistic")


def quantile_ends(values: Numbers, q: float, confidence: float = 0.95) -> tuple[float, float] | None:
    """The ends of ``quantile_interval`` as they are: infinite among attempts that never ended or beyond the sample."""
    n = len(values)
    if n == 0:
        return None
    ordered = np.sort(np.asarray(values, dtype=float))
    tail = (1 - confidence) / 2
    cumulative = np.cumsum(_binomial(n, q))
    below = int(np.searchsorted(cumulative, tail, side="right"))  # P(X < below) <= tail
    above = int(np.searchsorted(cumulative, 1 - tail, side="left")) + 1
    low = float(ordered[below - 1]) if below >= 1 else -math.inf
    high = float(ordered[above - 1]) if above <= n else math.inf
    return low, high


def bootstrap_mean(values: Numbers, confidence: float = 0.95, *, seed: int = 0) -> Interval | None:
    """Percentile bootstrap of a mean (Efron 1979), 2,000 resamples; None below ``LEAST_BOOTSTRAPPED`` values.

    Above ``MOST_BOOTSTRAPPED`` values the normal interval of the mean, which it has become by then.
    """
    if len(values) < LEAST_BOOTSTRAPPED:
        return None
    if len(values) > MOST_BOOTSTRAPPED:
        all_values = np.asarray(values, dtype=float)
        mean, half = float(all_values.mean()), z_value(confidence) * float(all_values.std()) / math.sqrt(len(values))
        return Interval(mean - half, mean + half, confidence, "normal_mean")
    means = resampled_means(np.asarray(values, dtype=float), seed=seed)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(low), float(high), confidence, "bootstrap")


def resampled_means(values: NDArray[np.float64], *, resamples: int = 2000, seed: int = 0) -> NDArray[np.float64]:
    """Means of ``resamples`` draws with replacement; shape (resamples,)."""
    random = np.random.default_rng(seed)
    means = np.empty(resamples)
    # A block at a time, so that a million rows need no resamples-by-rows matrix.
    block = max(1, 4_000_000 // len(values))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        picks = random.integers(0, len(values), size=(rows, len(values)))
        means[start : start + rows] = values[picks].mean(axis=1)
    return means


def _binomial(n: int, q: float) -> NDArray[np.float64]:
    """Probabilities of 0..n successes; through logarithms, so that large n does not underflow."""
    k = np.arange(n + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    logs = log_factorial[n] - log_factorial[k] - log_factorial[n - k] + k * math.log(q) + (n - k) * math.log1p(-q)
    chances: NDArray[np.float64] = np.exp(logs)
    return chances


def finite(value: float | None) -> float | None:
    """``value``, or None where it is absent, infinite or not a number: what a record may hold."""
    return value if value is not None and math.isfinite(value) else None
