"""Time as an argument: a monotonic clock in seconds, and the wall clock for the record."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
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


class SteadyClock:
    """The wall clock, but never less than what had been reached at the start and has passed since.

    What has ended does not begin again when the wall clock is set back, in this process or before it (``floor_s``).
    Once the wall clock has caught up, it counts again. Times are seconds since 1970.
    """

    def __init__(
        self, floor_s: float = 0.0, *, wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._wall, self._monotonic = wall, monotonic
        now_s = wall()
        self.behind_s = max(0.0, floor_s - now_s)
        self._ahead_s = now_s - monotonic()
        self._reached_s = max(floor_s, now_s) - monotonic()

    def time_s(self) -> float:
        return max(self._wall(), self._reached_s + self._monotonic())

    def today(self) -> date:
        """The day in UTC."""
        return datetime.fromtimestamp(self.time_s(), UTC).date()

    def stepped_s(self) -> float:
        """By how much the wall clock was set, forth or back, since the last call; asleep time counts as forth."""
        before_s, self._ahead_s = self._ahead_s, self._wall() - self._monotonic()
        return self._ahead_s - before_s


def utc_stamp() -> str:
    """Now, in UTC, to the millisecond, as ``datetime.isoformat`` writes it."""
    at_ms = time.time_ns() // 1_000_000
    latest_ms, stamp = _latest[0]
    if at_ms != latest_ms:
        stamp = f"{_second(at_ms // 1_000)}.{at_ms % 1_000:03d}+00:00"
        _latest[0] = at_ms, stamp
    return stamp


_latest: list[tuple[int, str]] = [(-1, "")]  # the latest stamp: many ask within one millisecond


@lru_cache(maxsize=4)
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


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
