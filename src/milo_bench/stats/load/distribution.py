"""Values in seconds, infinite for what never came, in; a bounded sketch and its quantiles out. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from milo_bench.core.load_records import Ends, LoadDistribution, Quantile
from milo_bench.stats.intervals import quantile_interval

KEPT = 2000
QUANTILES: Mapping[Quantile, float] = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def describe(
    values: Sequence[float] | NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> LoadDistribution:
    """Count, mean, quantiles with 95% intervals, and at most 2,000 sorted values to draw the distribution from.

    ``infinite`` counts the values that never came; a quantile among them is None, and so are mean
    and max. A quantile is the smallest value with at least that share at or below it. ``weights``
    (tokens of a chunk) count a value several times; then there are no intervals.
    """
    all_values = np.asarray(values, dtype=float)
    n = len(all_values)
    if n == 0:
        return LoadDistribution()
    if weights is None:  # a weighted million of gaps takes four times the memory
        ordered, held, cumulative = np.sort(all_values), None, None
    else:
        order = np.argsort(all_values, kind="stable")
        ordered, held = all_values[order], np.asarray(weights, dtype=float)[order]
        cumulative = np.cumsum(held)
    finite = int(np.searchsorted(ordered, math.inf, side="left"))
    quantiles: dict[str, float | None] = {}
    for name, q in QUANTILES.items():
        if cumulative is None:
            at = math.ceil(q * n * (1 - 1e-12)) - 1
        else:
            at = min(n - 1, int(np.searchsorted(cumulative, q * cumulative[-1] * (1 - 1e-12))))
        quantiles[name] = _rounded(float(ordered[at])) if at < finite else None
    whole = finite == n
    return LoadDistribution(
        n=n,
        infinite=n - finite,
        mean=_rounded(float(np.average(ordered, weights=held))) if whole else None,
        max=_rounded(float(ordered[-1])) if whole else None,
        intervals=_intervals(ordered) if weights is None and n <= 100_000 else {},
        values=tuple(round(float(value), 6) for value in thinned(ordered[:finite])),
        **quantiles,
    )


def _intervals(ordered: NDArray[np.float64]) -> dict[Quantile, Ends]:
    found: dict[Quantile, Ends] = {}
    for name, q in QUANTILES.items():
        interval = quantile_interval(ordered.tolist(), q)
        if interval is not None:
            found[name] = (_rounded(interval.low), _rounded(interval.high))
    return found


def thinned(ordered: NDArray[np.float64], kept: int = KEPT) -> NDArray[np.float64]:
    """At most ``kept`` of sorted values, evenly by rank, first and last among them."""
    if len(ordered) <= kept:
        return ordered
    ranks = np.linspace(0, len(ordered) - 1, kept).round().astype(int)
    return np.asarray(ordered[ranks])


def _rounded(value: float | None) -> float | None:
    """Microseconds: below every clock's truth here, and a third of the bytes."""
    return None if value is None else round(value, 6)
