"""Scores that several people gave to the same items in, how far they agree beyond chance out; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from milo_bench.core.records import Interval

SCALE: Final = (1, 2, 3, 4, 5)
# Below this no resample of items says anything about agreement.
LEAST_ITEMS: Final = 6


def krippendorff_alpha(items: Sequence[Sequence[int]]) -> float | None:
    """Krippendorff's alpha for ordinal scores of 1 to 5.

    ``items[i]`` are the scores that item i got, one for each reviewer who scored it; items with
    fewer than two say nothing and are left out. 1 is full agreement, 0 what chance would give.
    None where no item has two scores, or where all scores are the same (there is nothing to agree
    about). Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", ordinal metric.
    """
    return _alpha(_coincidences(items))


def alpha_interval(items: Sequence[Sequence[int]], confidence: float = 0.95, *, seed: int = 0) -> Interval | None:
    """Percentile bootstrap over items, 2,000 resamples; None below ``LEAST_ITEMS`` items with two scores."""
    pairable = [item for item in items if len(item) > 1]
    if len(pairable) < LEAST_ITEMS:
        return None
    each = np.array([_coincidences([item]) for item in pairable])
    random = np.random.default_rng(seed)
    found = []
    for _ in range(2000):
        alpha = _alpha(each[random.integers(0, len(each), len(each))].sum(axis=0))
        if alpha is not None:
            found.append(alpha)
    if not found:
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return Interval(float(low), float(high), confidence, "bootstrap_items")


def _coincidences(items: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """The coincidence matrix: pairs of scores within an item, each item weighing as many as it has scores."""
    matrix = np.zeros((len(SCALE), len(SCALE)))
    for item in items:
        if len(item) < 2:
            continue
        counts = np.array([sum(score == value for score in item) for value in SCALE], dtype=float)
        matrix += (np.outer(counts, counts) - np.diag(counts)) / (len(item) - 1)
    return matrix


def _alpha(matrix: NDArray[np.float64]) -> float | None:
    marginals = matrix.sum(axis=0)
    total = float(marginals.sum())
    if total < 2:
        return None
    metric = _ordinal(marginals)
    expected = float((np.outer(marginals, marginals) * metric).sum()) / (total - 1)
    return None if expected == 0 else 1 - float((matrix * metric).sum()) / expected


def _ordinal(marginals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared ordinal distance of two scores: the scores given between them, each end counted half."""
    below = np.concatenate([[0.0], np.cumsum(marginals)])
    middle = below[:-1] + marginals / 2
    distance: NDArray[np.float64] = (middle[:, None] - middle[None, :]) ** 2
    return distance
