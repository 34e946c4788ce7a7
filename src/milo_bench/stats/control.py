"""Events of live work in, whether their rate has left what was measured out; at any time, however often one looks.

A bet against "the rate is at most m" multiplies its wealth by 1 + s (1 - m) / m at an event and by 1 - s elsewhere, for
a share s of the largest fair bet, so that no bet gains on average while that is true (``stats.betting``). New bets
begin at every request, each with a part of one unit of wealth. So a change after a million quiet requests is found
about as fast as one at the start: the parts shrink so slowly that this costs log n + 2 log log n. By Ville's inequality
the chance that the whole wealth ever reaches 1 / a is at most a, for ever (as the e-detectors of Shin, Ramdas and
Rinaldo 2022, arXiv 2203.03532, with weights that add up to one).

Plain floats and no numpy: a gateway adds to this at every request, and is to stay small.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

from milo_bench.stats.beta import beta_quantile

BETS: Final = 16
RECENT: Final = 100
# Shares of the largest fair bet, arcsine distributed: small ones find a rate near m, large ones one far above it.
_SHARES: Final = tuple(math.sin(math.pi * (n + 0.5) / (2 * BETS)) ** 2 for n in range(BETS))


def usual_rate(k: float, n: float, chance: float) -> float:
    """Upper bound of the rate behind ``k`` events of ``n`` measured, wrong with probability ``chance`` at most.

    Clopper and Pearson (1934), of an effective sample size too. 1 where nothing was measured, or all were events.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n}")
    if not 0 < chance < 1:
        raise ValueError(f"chance must be between 0 and 1, not {chance}")
    return 1.0 if k >= n else beta_quantile(k + 1, n - k, 1 - chance)


class _Bets:
    """Bets of which new ones begin at every look. ``alarmed_at`` is the look at which they reached 1 / ``chance``."""

    def __init__(self, chance: float) -> None:
        if not 0 < chance < 1:
            raise ValueError(f"a chance of {chance}")
        self.chance = chance
        self.looks = 0
        self.alarmed_at = 0  # from 1; 0 while there is none
        self._wealth = [0.0] * BETS

    @property
    def evidence(self) -> float:
        """The wealth: it alarms at 1 / ``chance``."""
        return sum(self._wealth) / BETS

    def _bet(self, gains: Sequence[float]) -> bool:
        """Multiply the wealth of each bet by its gain; whether this raised the alarm."""
        self.looks += 1
        if self.alarmed_at:
            return False
        new = _unspent(self.looks) - _unspent(self.looks + 1)
        self._wealth = [(wealth + new) * gain for wealth, gain in zip(self._wealth, gains, strict=True)]
        # What is unspent counts as idle wealth: the whole is one unit at the start.
        if self.evidence + _unspent(self.looks + 1) < 1 / self.chance:
            return False
        self.alarmed_at = self.looks
        return True

    def saved(self) -> list[float]:
        """Everything that ``restore`` needs, as numbers."""
        return [self.looks, self.alarmed_at, *self._wealth]

    def restore(self, saved: Sequence[float]) -> None:
        """Go on where ``saved`` ended. Raises ValueError for what no watch saved."""
        if len(saved) < 2 + BETS or not all(math.isfinite(one) and one >= 0 for one in saved):
            raise ValueError("this is not what a watch saved")
        self.looks, self.alarmed_at = int(saved[0]), int(saved[1])
        self._wealth = [float(one) for one in saved[2 : 2 + BETS]]


class RateWatch(_Bets):
    """Whether events come more often than ``at_most``, wrong with probability ``chance`` at most, ever.

    Holds as long as each request's chance of an event, given all before it, is at most ``at_most``. Once it has
    alarmed it stays so. ``recent`` are the latest events, for people.
    """

    def __init__(self, at_most: float, chance: float) -> None:
        if not 0 < at_most < 1 or not 0 < chance < 1:
            raise ValueError(f"a rate of {at_most}, a chance of {chance}")
        super().__init__(chance)
        self.at_most = at_most
        self.recent: deque[bool] = deque(maxlen=RECENT)
        self._hit = tuple(1 + share * (1 - at_most) / at_most for share in _SHARES)
        self._miss = tuple(1 - share for share in _SHARES)

    @property
    def requests(self) -> int:
        return self.looks

    def add(self, event: bool) -> bool:  # the one thing that it takes
        """Count a request; whether it raised the alarm."""
        self.recent.append(event)
        return self._bet(self._hit if event else self._miss)

    def saved(self) -> list[float]:
        return [*super().saved(), *map(float, self.recent)]

    def restore(self, saved: Sequence[float]) -> None:
        super().restore(saved)
        self.recent = deque((bool(one) for one in saved[2 + BETS :]), maxlen=RECENT)


class DifferenceWatch(_Bets):
    """Whether differences (each -1 to 1) are below 0 on average, wrong with probability ``chance`` at most, ever.

    A bet multiplies its wealth by 1 - s d for a difference d. That gains nothing on average as long as each
    difference, given all before it, is 0 or more on average. Once it has alarmed it stays so.
    """

    def add(self, difference: float) -> bool:
        """Count a difference; whether it raised the alarm. Raises ValueError outside -1 to 1."""
        if not -1 <= difference <= 1:
            raise ValueError(f"a difference of {difference}")
        return self._bet([1 - share * difference for share in _SHARES])


def _unspent(n: int) -> float:
    """The part of the unit that has begun no bet before request ``n``, from 1."""
    return math.log(2) / math.log(n + 1)
