"""Clocks: what has ended does not begin again when the wall clock is set back."""

from __future__ import annotations

from datetime import UTC, datetime

from milo_bench.core.clock import SteadyClock

NOON_S = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()


class Set:
    """A wall clock that people set, beside a monotonic one."""

    def __init__(self) -> None:
        self.wall_s, self.monotonic_s = NOON_S, 1_000.0

    def passes(self, seconds: float) -> None:
        self.wall_s += seconds
        self.monotonic_s += seconds

    def clock(self, floor_s: float = 0.0) -> SteadyClock:
        return SteadyClock(floor_s, wall=lambda: self.wall_s, monotonic=lambda: self.monotonic_s)


def test_a_clock_that_is_set_back_goes_on_and_one_that_is_set_forth_counts() -> None:
    time = Set()
    clock = time.clock()
    time.passes(60)
    time.wall_s -= 86_400
    assert clock.time_s() == NOON_S + 60
    time.passes(5)
    assert clock.time_s() == NOON_S + 65
    time.wall_s += 2 * 86_400
    assert clock.time_s() == NOON_S + 65 + 86_400
    time.wall_s -= 86_400  # it had been wrong, and is right again
    assert clock.time_s() == NOON_S + 65


def test_a_clock_begins_no_earlier_than_what_was_reached_before() -> None:
    time = Set()
    clock = time.clock(NOON_S + 3_600)
    assert (clock.behind_s, clock.time_s()) == (3_600, NOON_S + 3_600)
    time.passes(4_000)
    assert clock.time_s() == NOON_S + 7_600
    assert time.clock(NOON_S - 5).behind_s == 0


def test_a_day_is_that_of_the_time_that_was_reached() -> None:
    time = Set()
    clock = time.clock()
    time.wall_s -= 13 * 3_600
    assert clock.today().isoformat() == "2026-11-29"


def test_a_step_is_told_once_and_time_that_passes_is_none() -> None:
    time = Set()
    clock = time.clock()
    time.passes(10)
    assert clock.stepped_s() == 0
    time.wall_s -= 30
    time.passes(1)
    assert (clock.stepped_s(), clock.stepped_s()) == (-30, 0)
