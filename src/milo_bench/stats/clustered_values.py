"""Values in clusters in, intervals of their mean and quantiles out; repeats of a fixture are no further fixtures."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from milo_bench.core.records import Interval
from milo_bench.stats.beta import beta_quantile
from milo_bench.stats.intervals import (
    LEAST_BOOTSTRAPPED,
    MOST_BOOTSTRAPPED,
    Numbers,
    effective_n,
    quantile,
    quantile_ends,
    z_value,
)

Clusters: TypeAlias = NDArray[np.int64]
RESAMPLES = 2000
_MOST_KEPT = 2_000  # clusters whose resampled means are kept


def clustered_mean(
    values: Numbers, clusters: Clusters, confidence: float = 0.95, *, least: float = -math.inf, seed: int = 0
) -> Interval | None:
    """Studentised bootstrap of a mean, clusters resampled whole; None below ``LEAST_BOOTSTRAPPED`` clusters.

    Efron and Tibshirani (1993), 12.5: the percentile bootstrap is too short on the side of the long
    tail, which costs and lengths have. An end is open where resamples without any spread are too
    many for it. No value can be below ``least``, so no end is. Above ``MOST_BOOTSTRAPPED`` clusters the
    normal interval. The order of values and the numbers of clusters do not matter.
    """
    values = np.asarray(values, dtype=float)
    count = np.bincount(clusters).astype(np.float64)
    sums = np.bincount(clusters, weights=values)[count > 0]
    count = count[count > 0]
    m = len(count)
    if m < LEAST_BOOTSTRAPPED:
        return None
    order = np.lexsort((count, sums))
    sums, count = sums[order], count[order]
    mean = float(sums.sum() / count.sum())
    error = float(_error(np.array([((sums - mean * count) ** 2).sum()]), np.array([count.sum()]), m)[0])
    if m > MOST_BOOTSTRAPPED:
        half = z_value(confidence) * error
        return Interval(mean - half, mean + half, confidence, "normal_mean")
    tail = (1 - confidence) / 2
    residuals = sums - mean * count
    if m > _MOST_KEPT:
        steps = _steps(residuals, count, seed)
    else:
        steps = _steps_again(residuals.tobytes(), count.tobytes(), seed)
    # Beside an endless step there is nothing to interpolate.
    low = mean - float(np.quantile(steps, 1 - tail, method="higher")) * error
    high = mean - float(np.quantile(steps, tail, method="lower")) * error
    if error == 0:
        low = high = mean
    return Interval(_closed(float(max(least, low))), _closed(float(high)), confidence, "bootstrap_t")


@lru_cache(maxsize=256)  # a page, a gate and each replay ask for the mean of the same values
def _steps_again(residuals: bytes, count: bytes, seed: int) -> NDArray[np.float64]:
    found = _steps(np.frombuffer(residuals), np.frombuffer(count), seed)
    found.flags.writeable = False
    return found


def _steps(residuals: NDArray[np.float64], count: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Resampled means, each as so many of its own standard errors away; ``residuals`` are around the mean."""
    random, m = np.random.default_rng(seed), len(count)
    each = float(count[0]) if bool((count == count[0]).all()) else 0.0  # rows in every cluster, 0 where they differ
    steps = np.empty(RESAMPLES)
    block = max(1, 2_000_000 // m)
    for start in range(0, RESAMPLES, block):
        rows = min(block, RESAMPLES - start)
        picks = random.integers(0, m, size=(rows, m))
        drawn = residuals[picks]
        if each:
            total = np.full(rows, each * m)
            away = drawn.sum(axis=1) / total
            drawn -= (away * each)[:, None]
        else:
            weights = count[picks]
            total = weights.sum(axis=1)
            away = drawn.sum(axis=1) / total
            drawn -= away[:, None] * weights
        error = _error(np.square(drawn, out=drawn).sum(axis=1), total, m)
        with np.errstate(divide="ignore", invalid="ignore"):
            steps[start : start + rows] = np.where(error > 1e-12 * np.abs(away), away / error, np.sign(away) * np.inf)
    return np.where(np.isnan(steps), 0.0, steps)


def _error(squares: NDArray[np.float64], total: NDArray[np.float64], clusters: int) -> NDArray[np.float64]:
    """Standard error of a ratio of cluster totals (Taylor linearisation)."""
    found: NDArray[np.float64] = np.sqrt(clusters / (clusters - 1) * squares) / total
    return found


def clustered_quantile_ends(
    values: Numbers, clusters: Clusters, q: float, confidence: float = 0.95
) -> tuple[float, float] | None:
    """As ``quantile_ends``, for values in clusters (Woodruff 1952, JASA 47:635).

    The share at or below the quantile is a rate of clustered rows; the ends are the values at the
    shares whose exact bounds at the effective sample size just reach ``q``. The same as the order
    statistics where each cluster has one value.
    """
    n = len(values)
    values = np.asarray(values, dtype=float)
    asked = np.bincount(clusters).astype(np.float64)
    if n == 0 or (asked <= 1).all():
        return quantile_ends(values, q, confidence)
    reached = quantile(values, q)
    assert reached is not None
    held = np.bincount(clusters, weights=values <= reached).astype(np.float64)
    tail = (1 - confidence) / 2
    effective = effective_n(held[asked > 0], asked[asked > 0], 1 - tail)
    ordered = np.sort(values)
    # Shares p with an exact lower bound of q (above), and an exact upper bound of q (below).
    above = _share(effective, q, tail)
    below = 1 - _share(effective, 1 - q, tail)
    rank_low = math.floor(below * n) + 1 if below >= 0 else 0
    rank_high = math.ceil(above * n) if above <= 1 else n + 1
    low = float(ordered[rank_low - 1]) if rank_low >= 1 else -math.inf
    high = float(ordered[rank_high - 1]) if rank_high <= n else math.inf
    return low, high


def _share(n: float, q: float, tail: float) -> float:
    """The least share whose exact lower bound at ``n`` rows reaches ``q``; above 1 where none does."""
    if q**n > tail:
        return 2.0
    few, many = 0.0, 1.0
    for _ in range(50):
        middle = (few + many) / 2
        bound = beta_quantile(middle * n, n - middle * n + 1, tail) if middle > 0 else 0.0
        few, many = (few, middle) if bound >= q else (middle, many)
    return many


def clustered_quantile_interval(
    values: Numbers, clusters: Clusters, q: float, confidence: float = 0.95
) -> Interval | None:
    """``clustered_quantile_ends`` as an interval; an end that the data do not bound is open."""
    ends = clustered_quantile_ends(values, clusters, q, confidence)
    if ends is None:
        return None
    alone = len(np.unique(clusters)) == len(values)
    return Interval(_closed(ends[0]), _closed(ends[1]), confidence, "order_statistic" if alone else "woodruff")


def _closed(value: float) -> float | None:
    return value if math.isfinite(value) else None
