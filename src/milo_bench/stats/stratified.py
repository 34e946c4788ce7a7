"""A stratified sample's scores in, the mean of all that was sampled from with its interval out; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from milo_bench.core.records import Interval
from milo_bench.stats.beta import t_quantile


def stratified_mean(
    samples: Mapping[str, Sequence[float]], sizes: Mapping[str, int], confidence: float = 0.95
) -> tuple[float | None, Interval | None]:
    """The mean of the work that the answers stand for, from ``samples[stratum]`` out of ``sizes[stratum]`` answers.

    Each stratum weighs as many as it has members (Cochran 1977, 5.1), so a sample that holds more
    failures than there are does not make the mean worse. The variance is that of double sampling
    for stratification (Cochran 12.2), without the finite population correction: the answers are
    themselves a sample of work to come, and so are the shares of the strata. The interval is by
    Student's t. A stratum whose scores are all the same is taken to hide one that differs by a
    point, or ten like scores would leave no doubt at all. The mean is None where a stratum with
    members was not sampled, the interval where one was sampled but once.
    """
    total = sum(sizes.values())
    members = {stratum: size for stratum, size in sizes.items() if size > 0}
    if total == 0 or any(not samples.get(stratum) for stratum in members):
        return None, None
    means = {stratum: float(np.mean(samples[stratum])) for stratum in members}
    mean = sum(size / total * means[stratum] for stratum, size in members.items())
    if any(len(samples[stratum]) < 2 for stratum in members):
        return mean, None
    variance = 0.0
    for stratum, size in members.items():
        values, weight = np.asarray(samples[stratum], dtype=float), size / total
        spread = max(float(values.var(ddof=1)), 1 / len(values))
        variance += weight**2 * spread / len(values) + weight * (means[stratum] - mean) ** 2 / total
    freedom = sum(len(samples[stratum]) - 1 for stratum in members)
    half = t_quantile(freedom, (1 + confidence) / 2) * math.sqrt(variance)
    return mean, Interval(mean - half, mean + half, confidence, "stratified_t")
