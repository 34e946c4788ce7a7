"""A window beside work of others: it is recorded and marked, and ours is never taken for theirs."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from milo_bench.core.records import Telemetry
from milo_bench.run.load.in_flight import InFlight
from milo_bench.run.load.rows import LoadRow, WindowRows
from milo_bench.run.load.sampling import LoadSampling
from milo_bench.stats.load.machine import machine_figures
from tests.run.run_parts import TestTarget, record_of


class Kept:
    """What a log would be given; ``full`` once it has a sample of others."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.full = asyncio.Event()

    def append(self, record: Any) -> None:
        self.records.append(record)
        if record.others_requests:
            self.full.set()


class Busy(TestTarget):
    """A target whose server works on so many requests; ``asked`` once it was asked twice."""

    def __init__(self, count: int) -> None:
        super().__init__(record_of("t"))
        self.count = count
        self.times = 0
        self.asked = asyncio.Event()

    async def requests_at_work(self) -> int | None:
        self.times += 1
        if self.times == 2:
            self.asked.set()
        return self.count


async def test_more_than_ours_is_recorded_while_a_window_is_measured() -> None:
    kept, flight = Kept(), InFlight()
    with flight.counted(lambda: 2):
        sampling = LoadSampling(Busy(5), kept, time.monotonic(), flight)  # type: ignore[arg-type]
        async with sampling:
            await kept.full.wait()
    assert {one.others_requests for one in sampling.since(0.0) if one.others_requests} == {3}


@pytest.mark.parametrize("left", [0, 3])
async def test_between_windows_and_beside_what_we_broke_off_nothing_is_of_others(left: int) -> None:
    kept, flight, target = Kept(), InFlight(), Busy(left)
    flight.left([LoadRow("f", 0.0, 0.0, 1.0, failure="unfinished")] * left)
    async with LoadSampling(target, kept, time.monotonic(), flight):  # type: ignore[arg-type]
        await target.asked.wait()
        with flight.counted(lambda: 0):
            assert flight() == left
    assert not any(one.others_requests for one in kept.records)


def test_times_beside_others_are_marked_in_their_window_alone() -> None:
    samples = [
        Telemetry(at_s=at_s, target="t", others_requests=count) for at_s, count in ((1.0, 7), (11.0, 2), (12.0, 4))
    ]
    window = WindowRows("closed", 2.0, 10.0, 10.0, 20.0, 20.0, (), "", "")
    figures = machine_figures("t", window, samples, requests_per_s=None)
    assert figures["others_requests_max"] == 4
    assert "up to 4 requests of others" in figures["machine_notes"][0]
    calm = machine_figures("t", window, samples[:1], requests_per_s=None)
    assert calm["others_requests_max"] is None and not any("others" in note for note in calm["machine_notes"])
