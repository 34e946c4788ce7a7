"""A stream whose request was refused waits before the next, and a window of refusals is not put down to the client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from milo_bench.core.chat import Exchange
from milo_bench.core.records import Failure, Timeouts, Timings
from milo_bench.run.load.alone import ask_alone
from milo_bench.run.load.arrivals import constant_arrivals
from milo_bench.run.load.pauses import PAUSE_S, pause_after_s
from milo_bench.run.load.rows import WindowRows
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.run.load.window import Profile
from milo_bench.run.stop import StopSignal
from milo_bench.stats.load.client_limit import client_figures
from milo_bench.stats.load.derived import measured_window
from milo_bench.stats.load.level import judge_level
from milo_bench.targets.base import OnEnd
from tests.run.load.test_window import REQUESTS, Slots, drive
from tests.virtual_time import in_virtual_time

REFUSED = Failure("rate_limited", "slow down")
LATER = Failure("rate_limited", "slow down", retry_after_s=30.0)


def bound_by(window: WindowRows) -> tuple[str, ...]:
    return client_figures(window, ()).bound_by


@pytest.mark.parametrize(
    ("failure", "took_s", "pause_s"),
    [
        (None, 0.0, 0.0),
        (REFUSED, 0.001, PAUSE_S),
        (Failure("server_error", "500"), 0.02, PAUSE_S),
        (Failure("server_error", "500"), 3.0, 0.0),
        (Failure("total_timeout", "60 s"), 60.0, 0.0),
        (Failure("connect_timeout", "10 s"), 10.0, PAUSE_S),
        (LATER, 0.001, 30.0),
        (Failure("server_error", "503", retry_after_s=2.0), 5.0, 2.0),
        (Failure("rate_limited", "0", retry_after_s=0.0), 0.001, PAUSE_S),
    ],
)
def test_a_pause_is_what_the_server_asks_for_or_a_moment(
    failure: Failure | None, took_s: float, pause_s: float
) -> None:
    assert pause_after_s(Exchange(Timings(1.0, 1.0, 1.0 + took_s), failure=failure)) == pause_s


def test_a_stream_that_is_refused_at_once_asks_ten_times_a_second() -> None:
    target = Slots(0.01, failing=lambda _: REFUSED)
    window = drive(target, Profile("closed", 2, 2.0))
    assert len(target.asked) == pytest.approx(2 * 10 * 2, abs=8)
    assert window.paused_s == pytest.approx(4.0, abs=0.01)


def test_a_stream_waits_as_long_as_the_server_asks_until_the_window_ends() -> None:
    target = Slots(0.01, failing=lambda _: LATER)
    window = drive(target, Profile("closed", 2, 2.0))
    assert len(target.asked) == 2
    assert window.ended_s - window.began_s < 4
    record, _ = measured_window("t", window, level=ServiceLevel(latency_s=1.0), samples=())
    assert not record.client_bound
    assert record.figures.notes[0].startswith("2 of 2 requests failed (rate_limited 100%)")


def test_pauses_of_a_stream_are_not_streams_that_the_client_kept_idle() -> None:
    window = drive(Slots(0.05, failing=lambda number: REFUSED if number % 3 == 0 else None), Profile("closed", 2, 6.0))
    failed = sum(row.failure is not None for row in window.measured) / len(window.measured)
    assert 0.2 < failed < 0.5
    assert bound_by(window) == ()


@pytest.mark.parametrize("mode", ["closed", "open"])
def test_a_window_whose_requests_mostly_failed_says_so_and_is_no_limit_of_the_client(mode: Any) -> None:
    target = Slots(0.3, failing=lambda number: None if number % 5 == 0 else REFUSED)
    arrivals = None if mode == "closed" else lambda: constant_arrivals(40.0)
    window = drive(target, Profile(mode, 4.0 if mode == "closed" else 40.0, 4.0, arrivals=arrivals))
    late = WindowRows(
        **{name: getattr(window, name) for name in WindowRows.__struct_fields__} | {"worker_cpu_share": 1.0}
    )
    record, _ = measured_window("t", late, level=ServiceLevel(latency_s=5.0), samples=())
    assert record.figures.client.bound_by == () and not record.client_bound
    assert "requests failed (rate_limited" in record.figures.notes[0]
    assert judge_level(record) == "missed"


class Fails200(Slots):
    """Answers 200 with an error in the stream: the answer is in before it is read."""

    async def ask(self, *args: Any, on_end: OnEnd | None = None, **named: Any) -> Exchange:
        exchange = await super().ask(*args, **named)
        if on_end is not None:
            on_end(1)
        await asyncio.sleep(0.001)
        return Exchange(exchange.timings, failure=Failure("server_error", "out of memory"))


def test_a_server_that_fails_inside_its_answers_is_not_asked_without_end() -> None:
    target = Fails200(0.001)
    drive(target, Profile("closed", 2, 2.0))
    assert len(target.asked) < 60


def test_documents_asked_alone_wait_too() -> None:
    async def alone(failure: Failure, most_s: float) -> WindowRows:
        target = Slots(0.01, failing=lambda _: failure)
        zero_s = asyncio.get_running_loop().time()
        return await ask_alone(
            target, REQUESTS, Timeouts(), zero_s=zero_s, most_s=most_s, stop=StopSignal()  # type: ignore[arg-type]
        )  # fmt: skip

    rows = in_virtual_time(alone(REFUSED, 60.0))
    assert [row.fixture for row in rows.rows] == ["a", "b", "c"]
    assert rows.ended_s - rows.began_s == pytest.approx(2 * PAUSE_S, abs=0.01)
    assert in_virtual_time(alone(LATER, 20.0)).ended_s == pytest.approx(20.0, abs=0.1)
