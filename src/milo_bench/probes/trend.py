"""Samples in their order in, the slope of their trend with its 95% interval out; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np


def theil_sen(samples: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """The median of all pairwise slopes over the sample's number, and the ends of its interval.

    Theil (1950); the ends by the variance of Kendall's tau, with ties, as in Sen (1968), JASA 63:1379. Needs two
    samples or more.
    """
    values = np.asarray(samples, dtype=np.float64)
    n = len(values)
    later, earlier = np.tril_indices(n, -1)
    slopes = np.sort((values[later] - values[earlier]) / (later - earlier))
    ties = np.unique(values, return_counts=True)[1].astype(np.float64)
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(variance)
    last = len(slopes) - 1
    low = max(round((len(slopes) - reach) / 2) - 1, 0)
    high = min(round((len(slopes) + reach) / 2), last)
    return float(np.median(slopes)), float(slopes[low]), float(slopes[high])
