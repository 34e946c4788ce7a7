"""Shapes and a probability in, quantiles of the beta and Student's t distribution out; pure, to about 13 digits.

One value at a time is all that exact bounds ask for, and this loads nothing: scipy.special costs 0.15 s and 17 MiB.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

_MOST_STEPS: Final = 200
_MOST_TERMS: Final = 200_000
_LARGE: Final = 15.0
_EPSILON: Final = 1e-16
_TINY: Final = 1e-300


@lru_cache(maxsize=65_536)  # a decision asks for the same bound two or three times
def beta_quantile(a: float, b: float, p: float) -> float:
    """The x in [0, 1] below which a beta variable of shapes ``a`` and ``b`` lies with probability ``p``."""
    if p <= 0.0 or p >= 1.0:
        return 0.0 if p <= 0.0 else 1.0
    return _logistic(_logit_quantile(a, b, p))


@lru_cache(maxsize=65_536)
def t_quantile(freedom: float, p: float) -> float:
    """The value below which Student's t with ``freedom`` degrees lies with probability ``p``, 0 < p < 1.

    Through the beta distribution of freedom / (freedom + t^2): Abramowitz and Stegun (1964), 26.7.1.
    """
    if p == 0.5:
        return 0.0
    tail = min(p, 1.0 - p)
    size = math.sqrt(freedom * math.exp(-_logit_quantile(freedom / 2, 0.5, 2 * tail)))
    return size if p > 0.5 else -size


def _logit_quantile(a: float, b: float, p: float) -> float:
    """The log odds of the quantile.

    Newton's method on the logarithm of the distribution function. The log odds of a beta variable have a log-concave
    density, so that logarithm is concave and rising: from wherever it starts, the second step is below the root and
    all that follow rise to it.
    """
    if p > 0.5:
        return -_logit_quantile(b, a, 1.0 - p)
    scale = -_log_beta(a, b)
    wanted, at = math.log(p), _near(a, b, p)
    for _ in range(_MOST_STEPS):
        log_x, log_rest = _log_logistic(at), _log_logistic(-at)
        density = scale + a * log_x + b * log_rest  # of the log odds
        reached = _log_below(a, b, math.exp(log_x), density)
        step = (wanted - reached) * math.exp(min(reached - density, 700.0))
        at += step
        if abs(step) <= 1e-8:
            break  # what is left is the square of it
    return at


def _near(a: float, b: float, p: float) -> float:
    """About the log odds of the quantile: Abramowitz and Stegun (1964), 26.5.22; the mean's where a shape is small."""
    if min(a, b) < 1.0:
        return math.log(a / b)
    from statistics import NormalDist  # with what it needs 0.3 MB, which a gateway at rest goes without

    y = NormalDist().inv_cdf(1.0 - p)
    of_a, of_b = 1.0 / (2.0 * a - 1.0), 1.0 / (2.0 * b - 1.0)
    h, lam = 2.0 / (of_a + of_b), (y * y - 3.0) / 6.0
    w = y * math.sqrt(max(0.0, h + lam)) / h - (of_b - of_a) * (lam + 5.0 / 6.0 - 2.0 / (3.0 * h))
    return math.log(a / b) - 2.0 * w


def _log_beta(a: float, b: float) -> float:
    """Logarithm of the beta function, without differences of large numbers where a shape is large (TOMS 708)."""
    a, b = min(a, b), max(a, b)
    if b < _LARGE:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    rest = _stirling_rest(b) - _stirling_rest(a + b)
    if a < _LARGE:
        return math.lgamma(a) + rest + a - (a + b - 0.5) * math.log1p(a / b) - a * math.log(b)
    rest += _stirling_rest(a) + 0.5 * math.log(2 * math.pi / b)
    return rest - (a - 0.5) * math.log1p(b / a) - b * math.log1p(a / b)


def _stirling_rest(z: float) -> float:
    """What Stirling's formula for the logarithm of the gamma function leaves out (DLMF 5.11.1)."""
    inverse = 1.0 / (z * z)
    series = 1 / 1260 - inverse * (1 / 1680 - inverse * (1 / 1188 - inverse * 691 / 360360))
    return (1 / 12 - inverse * (1 / 360 - inverse * series)) / z


def _log_below(a: float, b: float, x: float, density: float) -> float:
    """Logarithm of the regularised incomplete beta function, by its continued fraction on the side where it is fast."""
    if x <= (a + 1.0) / (a + b + 2.0):
        return density - math.log(a) + math.log(_fraction(a, b, x))
    above = math.exp(density) * _fraction(b, a, 1.0 - x) / b
    return math.log1p(-min(above, 1.0 - 1e-16))


def _fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method (1976)."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, _MOST_TERMS):
        twice = a + 2 * m
        for term in (
            m * (b - m) * x / ((twice - 1.0) * twice),
            -(a + m) * (a + b + m) * x / (twice * (twice + 1.0)),
        ):
            d = 1.0 + term * d
            c = 1.0 + term / c
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = c if abs(c) > _TINY else _TINY
            value *= c * d
        if abs(c * d - 1.0) <= 2 * _EPSILON:
            break
    return value


def _logistic(at: float) -> float:
    return math.exp(_log_logistic(at))


def _log_logistic(at: float) -> float:
    return -math.log1p(math.exp(-at)) if at > -30.0 else at - math.exp(at)
