"""Results of load levels in, which level to try next or what was found out; a pure state machine.

Doubles until a level misses, then halves the gap between the highest that met and the lowest that
missed: whole streams down to neighbours, rates down to a ratio. A level that cannot be decided, or where the client was
the limit, is tried once more and counts as missed if it stays so: a capacity is a promise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

LevelOutcome: TypeAlias = Literal["met", "missed", "undecided", "client_bound"]
RATE_RATIO = 1.05
LEAST_SHARE = 1e-3  # of the first rate: where even that misses, there is no capacity worth a number


@dataclass(frozen=True, slots=True)
class Try:
    """Instruction: run a window at ``level``."""

    level: float


@dataclass(frozen=True, slots=True)
class CapacityResult:
    """The end. ``capacity`` is the highest level that met, None if none did; ``missed_at`` the lowest that missed.

    ``limit`` says what ended the search: the service level, the highest level allowed, or the client.
    """

    capacity: float | None
    missed_at: float | None
    limit: Literal["service_level", "highest_level", "client"]


class CapacitySearch:
    """Ask ``next``, run that level, tell ``result``; until ``next`` is ``CapacityResult``."""

    def __init__(self, *, whole: bool, start: float, highest: float) -> None:
        """``whole``: levels are streams; otherwise rates a second. ``start`` first, never above ``highest``."""
        if not 0 < start <= highest:
            raise ValueError(f"start {start} must be above 0 and at most {highest}")
        self._whole = whole
        self._least = start * LEAST_SHARE
        self._highest = math.floor(highest) if whole else highest
        self._level = max(1, math.floor(start)) if whole else start
        self._met: float | None = None
        self._missed: float | None = None
        self._tried_again = False
        self._client_bound_at: float | None = None

    def next(self) -> Try | CapacityResult:
        """The level to try, or what was found."""
        if self._met is not None and self._met >= self._highest:
            return CapacityResult(self._met, self._missed, "highest_level")
        if self._closed_in():
            return CapacityResult(self._met, self._missed, "client" if self._client_limits() else "service_level")
        return Try(self._level)

    def result(self, outcome: LevelOutcome) -> None:
        """What the level of the last ``Try`` showed."""
        if outcome in ("undecided", "client_bound") and not self._tried_again:
            self._tried_again = True
            return
        self._tried_again = False
        if outcome == "met":
            self._met = self._level
        else:
            self._missed = self._level
            if outcome == "client_bound":
                self._client_bound_at = self._level
        self._level = self._following()

    def _client_limits(self) -> bool:
        return self._client_bound_at is not None and self._client_bound_at == self._missed

    def _closed_in(self) -> bool:
        if self._missed is None:
            return False
        if self._whole:
            return self._missed - (self._met or 0) <= 1
        if self._met is not None:
            return self._missed / self._met <= RATE_RATIO
        return self._missed <= self._least

    def _following(self) -> float:
        met, missed = self._met, self._missed
        if missed is None:
            return min(self._highest, self._level * 2)
        if self._whole:
            return ((met or 0) + missed) // 2 or 1
        return math.sqrt(met * missed) if met is not None else missed / 2
