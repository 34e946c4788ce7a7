"""Counts in, exact one-sided bounds of a rate out; what a gate is judged by. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from milo_bench.stats.beta import beta_quantile
from milo_bench.stats.intervals import effective_n


def exact_ends(k: float, n: float, confidence: float) -> tuple[float, float]:
    """Lower and upper bound of a rate, ``k`` of ``n``, each one-sided at ``confidence``; (0, 1) for no data.

    Clopper and Pearson (1934), Biometrika 26:404, through beta quantiles, so that fractions of an
    effective sample size have bounds too. Never less sure than it says: Wilson's bound, taken from
    one side, errs too often next to 0 and 1 (Cai 2005, J. Stat. Plan. Inference 131:63), and there
    the gates lie.
    """
    return exact_low(k, n, confidence), exact_high(k, n, confidence)


def exact_low(k: float, n: float, confidence: float) -> float:
    """The lower of ``exact_ends``."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} successes of {n}")
    return 0.0 if k <= 0 else beta_quantile(k, n - k + 1, 1 - confidence)


def exact_high(k: float, n: float, confidence: float) -> float:
    """The upper of ``exact_ends``."""
    if not 0 <= k <= n:
        raise ValueError(f"{k} successes of {n}")
    return 1.0 if k >= n else beta_quantile(k + 1, n - k, confidence)


def clustered_ends(
    held: NDArray[np.float64], asked: NDArray[np.float64], confidence: float
) -> tuple[float, float, str]:
    """The same for rows in clusters, at their effective sample size (Korn and Graubard 1998), and the method's name."""
    n, k = float(asked.sum()), float(held.sum())
    if n == 0:
        return 0.0, 1.0, ""
    if (asked <= 1).all():
        return *exact_ends(k, n, confidence), "clopper_pearson"
    effective = effective_n(held, asked, confidence)
    return *exact_ends(k / n * effective, effective, confidence), "korn_graubard"
