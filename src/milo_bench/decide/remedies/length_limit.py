"""Lengths and errors of fixtures in, the length past which errors are more frequent out, with how sure that is.

One step in the error rate: the two rates and the place with the greatest likelihood (a change point,
Hinkley 1970, Biometrika 57:1). Failures and hangs are errors too. Taken for real only where the likelihood
ratio is larger than in 95 of 100 permutations of the errors, and where shorter inputs err at most half as
often: a model that is bad everywhere has no limit. Its interval holds every place whose likelihood is not
clearly lower (Hansen 2000, Econometrica 68:575), with the gap between neighbouring lengths added, since the
data say nothing within it.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from milo_bench.stats.arrays import Floats, Integers

LEAST_EACH_SIDE = 4
MOST_BELOW = 0.5  # of the rate above the limit, for the rate below it
PERMUTATIONS = 400
MOST_FIXTURES = 5_000  # more are thinned: a step that needs more to be seen is no limit worth having


class LengthLimit(Struct, frozen=True):
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
    ratios = _ratios(words, errors)
    if ratios is None:
        return None
    place = int(np.argmax(ratios)) + 1
    below, above = float(errors[:place].mean()), float(errors[place:].mean())
    by_chance = _ratios(words, np.array([random.permutation(errors) for _ in range(PERMUTATIONS)]))
    as_high = 0 if by_chance is None else int((by_chance.max(axis=1) >= ratios.max()).sum())
    if (as_high + 1) / (PERMUTATIONS + 1) > 0.05 or below > MOST_BELOW * above:
        return None
    likely = np.flatnonzero(2 * (ratios.max() - ratios) <= _cut(confidence)) + 1
    low, high = int(words[likely[0] - 1]), int(words[likely[-1]])
    limit = int((words[place - 1] + words[place]) // 2)
    return LengthLimit(limit, low, high, below, above, len(words))


def _cut(confidence: float) -> float:
    """How much twice the log likelihood may lie below its greatest, within the interval: 7.35 at 0.95."""
    return -2 * math.log(1 - math.sqrt(confidence))


def _ratios(words: Integers, errors: Floats) -> Floats | None:
    """By number of fixtures before a rise, less one, its log likelihood ratio against one rate; None without one.

    ``errors`` may be rows of error rates; then each has its ratios, minus infinity where there is no rise.
    """
    n = len(words)
    if n < 2 * LEAST_EACH_SIDE:
        return None
    before = np.arange(1, n)
    total = errors.sum(axis=-1, keepdims=True)
    below = np.cumsum(errors, axis=-1)[..., :-1]
    above = total - below
    usable = (before >= LEAST_EACH_SIDE) & (n - before >= LEAST_EACH_SIDE) & (words[1:] > words[:-1])
    usable = usable & (below / before < above / (n - before))
    if not usable.any():
        return None
    ratios = _likelihood(below, before) + _likelihood(above, n - before)
    ratios = np.where(usable, ratios - _likelihood(total, np.array(n)), -np.inf)
    found: Floats = ratios
    return found


def _likelihood(k: Floats | float, n: NDArray[np.int64]) -> Floats:
    """Binomial log likelihood at its own rate; 0 log 0 is 0."""
    rate = np.clip(k / n, 0.0, 1.0)
    inside = (rate > 0) & (rate < 1)
    safe = np.where(inside, rate, 0.5)
    found: Floats = np.where(inside, n * (safe * np.log(safe) + (1 - safe) * np.log(1 - safe)), 0.0)
    return found
