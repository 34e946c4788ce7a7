"""Values between 0 and 1 in, bounds of their mean out that hold however often one looks; pure.

A bet against "the mean is at most m" multiplies its wealth by 1 + b (x - m) for each value x, with b between 0 and
1 / m, so that no strategy gains on average while that is true. By Ville's inequality the chance that wealth ever
reaches 1 / a is at most a, whatever the number of looks and whenever one stops (Waudby-Smith and Ramdas 2024, J. R.
Stat. Soc. B 86:1, "Estimating means of bounded random variables by betting"). The wealth here is the mean over a fixed
portfolio of constant bets. So it does not depend on the order of the values, and can be computed again from a log.
Where the order is known in which values came, the best bound of all looks is kept: what was once decided stays decided.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from msgspec import Struct

from milo_bench.stats.arrays import Floats
from milo_bench.stats.least import least_that

BETS: Final = 100
MOST_FURTHER: Final = 1_000_000
EVERY_LOOK: Final = 1_000  # values up to which every prefix is a look; then each time that there are 1 % more
# Shares of the largest fair bet, arcsine distributed: small ones find a mean near m, large ones one far from it.
_SHARES: Final[Floats] = np.sin(math.pi * (np.arange(BETS) + 0.5) / (2 * BETS)) ** 2


def log_wealth(values: Floats, counts: Floats, mean: float) -> float:
    """Log of the wealth of the bets that the mean is above ``mean``; ``counts[i]`` values are ``values[i]``.

    Raises ValueError for values outside 0 to 1, or a mean outside 0 to 1, exclusive.
    """
    values = np.asarray(values, dtype=np.float64)
    units = _Units(values, np.ones(len(values)), np.asarray(counts, dtype=np.float64)[:, None])
    return float(_log_wealths(units, mean)[0])


class _Units(Struct, frozen=True):
    """Distinct independent units: ``held`` of ``asked``, as shares of the largest; how many of each at each look.

    A unit of several values (a story of several fixtures) is a bet on its sum: the wealth is multiplied by
    1 + b (held - m asked), which is fair while the mean of all values is at most m, and whatever is alike within units.
    """

    held: Floats
    asked: Floats
    counts: Floats

    @property
    def turned(self) -> _Units:
        """The same for the values that are missing to 1."""
        return _Units(self.asked - self.held, self.asked, self.counts)


def _log_wealths(units: _Units, mean: float) -> Floats:
    """``log_wealth`` at each look."""
    if not 0 < mean < 1:
        raise ValueError(f"a mean must be between 0 and 1, not {mean}")
    held, asked, counts = units.held, units.asked, units.counts
    if len(held) and not (np.min(held) >= 0 and np.min(asked - held) >= 0):
        raise ValueError("values must be between 0 and 1")
    gains: Floats = np.log1p(np.outer(_SHARES / mean, held - mean * asked)) @ counts
    most = gains.max(axis=0)
    found: Floats = most + np.log(np.exp(gains - most).mean(axis=0))
    return found


def look_sizes(values: int) -> list[int]:
    """How many of ``values`` are known at each look: one more each time, and 1% more past ``EVERY_LOOK``."""
    sizes = list(range(1, min(values, EVERY_LOOK) + 1))
    while sizes and sizes[-1] < values:
        sizes.append(min(values, sizes[-1] + sizes[-1] // 100))
    return sizes


def betting_ends(
    values: Floats, confidence: float, *, sizes: Floats | None = None, in_order: bool = False
) -> tuple[float, float]:
    """Lower and upper bound of the mean of ``values`` (each 0 to 1), each one-sided at ``confidence``, at any time.

    The chance that the lower bound is ever above the mean, at any of any number of looks, is at most 1 - confidence;
    the same for the upper. Values must come from independent units (fixtures, or stories: the mean of each), in an
    order that does not depend on them; ``in_order``, that of ``values``, and then each look at its first ones counts.
    ``sizes`` is how many values each is the mean of, all one unless given. (0, 1) for no data.
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(values):
        return 0.0, 1.0
    units = _units_at_looks(values, sizes, in_order)
    low, high = _lower(units, confidence), 1.0 - _lower(units.turned, confidence)
    if low <= high:
        return low, high
    # Two ends that cross: a bound erred at some look, and the last one says which.
    last = _Units(units.held, units.asked, units.counts[:, -1:])
    return _lower(last, confidence), 1.0 - _lower(last.turned, confidence)


def is_above(
    values: Floats, mean: float, confidence: float, *, sizes: Floats | None = None, in_order: bool = False
) -> bool:
    """Whether the lower bound of ``betting_ends`` reaches ``mean``, without working out the bound."""
    units = _units_at_looks(np.asarray(values, dtype=np.float64), sizes, in_order)
    return bool(len(units.held)) and bool(_log_wealths(units, mean).max() >= _needed(confidence))


def p_at_any_look(values: Floats, mean: float, *, sizes: Floats | None = None) -> float:
    """The p-value, two-sided, of ``mean`` that holds however often one looks: both bets' wealth, each at half."""
    units = _units_at_looks(np.asarray(values, dtype=np.float64), sizes, in_order=False)
    if not len(units.held):
        return 1.0
    most = max(_log_wealths(units, mean).max(), _log_wealths(units.turned, 1 - mean).max())
    return float(min(1.0, 2 * math.exp(-most)))


def _units_at_looks(values: Floats, sizes: Floats | None, in_order: bool) -> _Units:
    """Distinct units, and how many of each are known at each look; without an order there is one look, at all."""
    asked = np.ones(len(values)) if sizes is None else np.asarray(sizes, dtype=np.float64) / np.max(sizes, initial=1)
    both = np.stack([values * asked, asked], axis=1)
    distinct, places = np.unique(both, axis=0, return_inverse=True)
    places = places.reshape(-1)
    looks = np.asarray(look_sizes(len(values)) if in_order else [len(values)], dtype=np.int64)
    counts = np.zeros((len(distinct), len(looks)))
    for place in range(len(distinct)):
        counts[place] = np.cumsum(places == place)[looks - 1]
    return _Units(distinct[:, 0], distinct[:, 1], counts)


def _needed(confidence: float) -> float:
    return -math.log1p(-confidence)


def _lower(units: _Units, confidence: float) -> float:
    """The least mean that is not rejected at any look: wealth falls as ``mean`` grows, so it is found by halving."""
    needed = _needed(confidence)
    low, high = 0.0, 1.0
    for _ in range(34):
        middle = (low + high) / 2
        low, high = (middle, high) if _log_wealths(units, middle).max() >= needed else (low, middle)
    return low


def total_to_decide(rate: float, bound: float, confidence: float) -> int | None:
    """How many values of 0 or 1 decide on which side of ``bound`` their mean is, if it stays ``rate``.

    None where it never would, or only beyond ``MOST_FURTHER``. A rate of 1 gives the least that any values need.
    """
    if not 0 < bound < 1 or rate == bound:
        return None
    if rate < bound:
        rate, bound = 1.0 - rate, 1.0 - bound
    nothing = _Units(np.zeros(0), np.zeros(0), np.zeros((0, 1)))
    spread = _Units(np.array([0.0, 1.0]), np.ones(2), np.array([[1.0 - rate], [rate]]))
    return _least(nothing, spread, bound, confidence)


def further_to_decide(values: Floats, bound: float, confidence: float, *, sizes: Floats | None = None) -> int | None:
    """How many more values would decide on which side of ``bound`` the mean is, if they are spread as these are.

    Judged by the same bounds as the next look, so to follow it and look again costs no error. ``sizes`` is how many
    values each is the mean of; more of them are of the usual size. None where they would never decide it, or only
    beyond ``MOST_FURTHER``.
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(values) or not 0 < bound < 1:
        return None
    asked = np.ones(len(values)) if sizes is None else np.asarray(sizes, dtype=np.float64) / np.max(sizes)
    mean = float(np.average(values, weights=asked))
    if mean == bound:
        return None
    if mean < bound:
        values, bound = 1.0 - values, 1.0 - bound
    distinct, counts = np.unique(values, return_counts=True)
    usual = float(np.median(asked))
    spread = _Units(distinct * usual, np.full(len(distinct), usual), (counts / len(values))[:, None])
    return _least(_units_at_looks(values, asked, in_order=False), spread, bound, confidence)


def _least(known: _Units, spread: _Units, bound: float, confidence: float) -> int | None:
    """The least number of units beyond ``known`` that decides ``bound``; ``spread`` has the shares of their kinds."""
    needed = _needed(confidence)
    held, asked = np.concatenate([known.held, spread.held]), np.concatenate([known.asked, spread.asked])

    def decided(more: int) -> bool:
        units = _Units(held, asked, np.concatenate([known.counts, spread.counts * more]))
        return bool(_log_wealths(units, bound)[0] >= needed)

    if len(known.held) and decided(0):
        return 0
    return least_that(decided, MOST_FURTHER)
