"""Lengths and errors of fixtures in, the length past which errors are more frequent out, with how sure that is.

One step in the error rate: the two rates and the place with the greatest likelihood (a change point,
Hinkley 1970, Biometrika 57:1). Taken for real only where the likelihood ratio is larger than in 95
of 100 permutations of the errors; its interval is the percentile bootstrap over fixtures, with the
gap between neighbouring lengths added, since the data say nothing within it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from milo_bench.stats.arrays import Floats, Integers

LEAST_EACH_SIDE = 6
RESAMPLES = 400
PERMUTATIONS = 400
MOST_FIXTURES = 5_000  # more are thinned: a step that needs more to be seen is no limit worth having


@dataclass(frozen=True)
class LengthLimit:
    """Inputs of at most ``words`` words err at the rate ``below``, longer ones at ``above``; interval in words."""

    words: int
    low: int
    high: int
    below: float
    above: float
    n: int


def fit_length_limit(words: Integers, errors: Floats, *, seed: int = 0, confidence: float = 0.95) -> LengthLimit | None:
    """The limit of fixtures with ``words`` each and an error rate (0..1) each; None where no step stands out."""
    random = np.random.default_rng(seed)
    if len(words) > MOST_FIXTURES:
        kept = random.choice(len(words), MOST_FIXTURES, replace=False)
        words, errors = words[kept], errors[kept]
    order = np.argsort(words, kind="stable")
    words, errors = words[order], errors[order].astype(np.float64)
    found = _step(words, errors)
    if found is None:
        return None
    ratio, place = found
    by_chance = [_step(words, random.permutation(errors)) for _ in range(PERMUTATIONS)]
    as_high = sum(one is not None and one[0] >= ratio for one in by_chance)
    if (as_high + 1) / (PERMUTATIONS + 1) > 0.05:
        return None
    ends = []
    for _ in range(RESAMPLES):
        picks = np.sort(random.integers(0, len(words), len(words)))
        again = _step(words[picks], errors[picks])
        if again is not None:
            ends.append((words[picks][again[1] - 1], words[picks][again[1]]))
    tail = (1 - confidence) / 2
    low = min(int(np.quantile([one for one, _ in ends], tail)), int(words[place - 1]))
    high = max(math.ceil(np.quantile([one for _, one in ends], 1 - tail)), int(words[place]))
    limit = int((words[place - 1] + words[place]) // 2)
    return LengthLimit(limit, low, high, float(errors[:place].mean()), float(errors[place:].mean()), len(words))


def _step(words: Integers, errors: Floats) -> tuple[float, int] | None:
    """Greatest log likelihood ratio of a rise against one rate, and the number of fixtures before it."""
    n = len(words)
    if n < 2 * LEAST_EACH_SIDE:
        return None
    before = np.arange(1, n)
    below = np.cumsum(errors)[:-1]
    above = errors.sum() - below
    usable = (before >= LEAST_EACH_SIDE) & (n - before >= LEAST_EACH_SIDE) & (words[1:] > words[:-1])
    usable &= below / before < above / (n - before)
    if not usable.any():
        return None
    ratios = _likelihood(below, before) + _likelihood(above, n - before)
    ratios = np.where(usable, ratios - _likelihood(errors.sum(), np.array(n)), -np.inf)
    place = int(np.argmax(ratios))
    return float(ratios[place]), place + 1


def _likelihood(k: Floats | float, n: NDArray[np.int64]) -> Floats:
    """Binomial log likelihood at its own rate; 0 log 0 is 0."""
    rate = np.clip(k / n, 0.0, 1.0)
    inside = (rate > 0) & (rate < 1)
    safe = np.where(inside, rate, 0.5)
    found: Floats = np.where(inside, n * (safe * np.log(safe) + (1 - safe) * np.log(1 - safe)), 0.0)
    return found
