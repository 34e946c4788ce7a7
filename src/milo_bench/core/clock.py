"""Time as an argument: a monotonic clock in seconds, and the wall clock for the record."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def monotonic_s(self) -> float: ...

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        ...


class SystemClock:
    """CLOCK_MONOTONIC for durations, the system's wall clock for dates."""

    def monotonic_s(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that moves only when told to; for tests and for worlds."""

    def __init__(self, start: datetime, monotonic_s: float = 0.0) -> None:
        self._start = start
        self._origin_s = monotonic_s
        self._monotonic_s = monotonic_s

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._monotonic_s += seconds

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._monotonic_s - self._origin_s)
