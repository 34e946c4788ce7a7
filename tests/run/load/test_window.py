"""Windows against targets that behave: in-process on a clock that only they move, and over the wire on the real one."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from itertools import islice

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.records import Failure, TargetRecord, Timeouts, Timings, Usage
from milo_bench.run.load.arrivals import Arrival, constant_arrivals
from milo_bench.run.load.rows import LoadRow, WindowRows
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.run.load.unread import MOST_BYTES, READ_FIRST, READ_ONE_IN, UnreadAnswers
from milo_bench.run.load.window import LoadRequest, Profile, drive_window, due_within
from milo_bench.run.stop import StopSignal
from milo_bench.stats.load.derived import to_microseconds
from milo_bench.stats.load.figures import window_figures
from milo_bench.targets import open_target
from milo_bench.targets.base import OnEnd
from milo_bench.targets.fake.server import start_fake
from tests.virtual_time import in_virtual_time

REQUESTS = tuple(LoadRequest(name, ChatRequest((Message("user", name),))) for name in ("a", "b", "c"))


class Slots:
    """Answers after ``service_s``, so many at a time; the others wait. ``failing`` says which requests fail."""

    def __init__(
        self,
        service_s: float,
        slots: int = 1000,
        failing: Callable[[int], Failure | None] = lambda _: None,
        read_s: float = 0.0,  # what we take to read an answer that is in
        later_s: float = 0.0,  # and for one that waited
        size: int = MOST_BYTES + 1,  # of an answer: too large to wait for the end of the load
    ):
        self.service_s, self.failing, self.read_s, self.size = service_s, failing, read_s, size
        self.later_s = later_s
        self.unread = self.most_unread = self.waited = 0
        self.free = asyncio.Semaphore(slots)
        self.asked: list[str] = []
        self.in_flight = self.most = 0
        self.record = TargetRecord(name="slots", api="fake", model="m")

    async def start(self) -> TargetRecord:
        return self.record

    async def models(self) -> tuple[str, ...]:
        return ()

    def server_pids(self) -> tuple[int, ...]:
        return ()

    async def stop(self) -> None:
        pass

    async def ask(
        self,
        request: ChatRequest,
        *,
        timeouts: Timeouts,
        zero_s: float,
        intended_s: float,
        on_end: OnEnd | None = None,
    ) -> Exchange:
        number = len(self.asked)
        self.asked.append(request.messages[0].content)
        started_s = time.monotonic() - zero_s
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            failure = self.failing(number)
            if failure is None:
                async with self.free:
                    await asyncio.sleep(self.service_s)
        finally:
            self.in_flight -= 1
        now_s = time.monotonic() - zero_s
        if self.read_s and on_end is not None and failure is None:
            later = on_end(self.size)
            if later is not None:
                self.waited += 1
                await later
                await asyncio.sleep(self.later_s)
            self.unread += 1
            self.most_unread = max(self.most_unread, self.unread)
            await asyncio.sleep(self.read_s)
            self.unread -= 1
        times = Timings(intended_s, started_s, now_s, first_content_s=None if failure else now_s)
        return Exchange(times, text="ok", usage=Usage(5, 1), failure=failure)


async def driving(target: object, profile: Profile, stop: StopSignal | None = None) -> WindowRows:
    return await drive_window(target, REQUESTS, profile, zero_s=time.monotonic(), stop=stop)  # type: ignore[arg-type]


def drive(target: object, profile: Profile) -> WindowRows:
    """The window in virtual time: its lengths are exact, and nothing is late for the machine's sake."""
    return in_virtual_time(driving(target, profile))


def test_a_closed_loop_keeps_its_streams_busy_and_never_more() -> None:
    target = Slots(0.02)
    window = drive(target, Profile("closed", 4, 0.6))
    assert target.most == 4 == window.most_in_flight
    assert len(window.measured) == 4 * 0.6 / 0.02
    assert window.scheduled is None


def test_reading_an_answer_holds_up_no_stream_and_no_more_than_one_a_stream_waits_to_be_read() -> None:
    target = Slots(0.02, read_s=0.015)
    window = drive(target, Profile("closed", 4, 0.6))
    # Whole answers in 0.6 s; with the reading in the cycle there would be 4 * 0.6 / 0.035 = 69.
    assert len(window.measured) == pytest.approx(4 * 0.6 / 0.02, abs=1)
    assert target.most == 4 == window.most_in_flight
    assert all(row.failure is None for row in window.measured)

    slow = Slots(0.02, read_s=0.2)
    window = drive(slow, Profile("closed", 4, 0.6))
    assert slow.most_unread <= 8 and window.most_in_flight <= 4


def test_answers_are_read_when_the_load_is_over_and_all_of_them_are_rows() -> None:
    target = Slots(0.02, read_s=0.015, size=100)
    window = drive(target, Profile("closed", 4, 2.0))
    whole = 4 * 2.0 / 0.02
    assert len(window.measured) == pytest.approx(whole, abs=1)
    assert target.waited > whole * (1 - 2 / READ_ONE_IN) - READ_FIRST
    assert {row.failure for row in window.measured} == {None}
    ended_s = [row.ended_s for row in window.rows]
    assert ended_s == sorted(ended_s), "in order of their end, whenever they were read"
    assert window.ended_s - window.to_s < 0.1, "the load was over before they were read"
    assert window.own_cpu_share >= 0.0


def test_answers_of_an_open_loop_wait_too_and_its_places_are_free_meanwhile() -> None:
    target = Slots(0.02, read_s=0.1, size=100)
    profile = Profile("open", 100, 1.0, arrivals=lambda: constant_arrivals(100), max_in_flight=3)
    window = drive(target, profile)
    assert len(window.measured) == window.scheduled and target.waited > 0
    assert all(row.late_s < 1e-3 and row.failure is None for row in window.measured)


def is_done(later: object) -> bool:
    return isinstance(later, asyncio.Future) and later.done()


async def test_no_more_answers_wait_than_memory_is_given_for() -> None:
    waiting = UnreadAnswers(most_bytes=1000)
    told = [waiting.wait_for(100) for _ in range(READ_FIRST + 5 * READ_ONE_IN)]
    kept = [number for number, later in enumerate(told, start=1) if later is not None]
    assert len(kept) == 10
    assert min(kept) > READ_FIRST and not any(number % READ_ONE_IN == 0 for number in kept)
    waiting.read_all()
    assert all(is_done(later) for later in told if later is not None)
    assert waiting.wait_for(1) is None, "nothing waits for what is over"


async def test_an_answer_that_said_nothing_right_makes_the_next_ones_be_read_at_once() -> None:
    waiting = UnreadAnswers()
    for _ in range(READ_FIRST):
        waiting.wait_for(1)
    waiting.all_well = False
    assert [waiting.wait_for(1) for _ in range(20)] == [None] * 20
    waiting.all_well = True
    assert waiting.wait_for(1) is not None


def test_a_second_stop_leaves_answers_unread() -> None:
    async def stopped_twice() -> WindowRows:
        stop = StopSignal()
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, stop.request)
        loop.call_later(1.1, stop.request)
        target = Slots(0.02, read_s=0.001, later_s=5.0, size=100)
        return await driving(target, Profile("closed", 2, 60.0, warmup_s=0.05), stop)

    window = in_virtual_time(stopped_twice())
    assert window.ended_early == "interrupted"
    kinds = Counter(row.failure for row in window.rows)
    assert kinds["unfinished"] > 20, "said as what they are"


def test_a_place_below_the_cap_is_free_when_the_answer_is_in() -> None:
    target = Slots(0.02, read_s=0.1)
    profile = Profile("open", 40, 1.0, arrivals=lambda: constant_arrivals(40), max_in_flight=2)
    window = drive(target, profile)
    assert window.most_in_flight <= 2
    assert len(window.measured) == window.scheduled
    assert all(row.late_s < 1e-3 for row in window.measured)


def test_prompts_are_sent_in_turn() -> None:
    target = Slots(0.005)
    drive(target, Profile("closed", 1, 0.1))
    assert target.asked[:6] == ["a", "b", "c", "a", "b", "c"]


def test_the_measured_part_leaves_out_warm_up_and_cool_down() -> None:
    window = drive(Slots(0.01), Profile("closed", 2, 0.3, warmup_s=0.1))
    assert window.from_s - window.began_s == pytest.approx(0.1, abs=1e-3)
    assert window.to_s - window.from_s == pytest.approx(0.3, abs=1e-3)
    assert all(window.from_s <= row.intended_s < window.to_s for row in window.measured)
    assert len(window.measured) < len(window.rows)


def test_measured_requests_are_waited_for_and_those_of_the_cool_down_are_cut() -> None:
    window = drive(Slots(0.15), Profile("closed", 2, 0.3, warmup_s=0.0))
    assert {row.failure for row in window.measured} == {None}
    assert {row.failure for row in window.rows if row not in window.measured} <= {None, "unfinished"}


def test_requests_in_flight_are_measured_where_answers_take_longer_than_the_warm_up() -> None:
    window = drive(Slots(0.25, slots=1), Profile("closed", 3, 0.3))
    assert window.from_flight
    assert len(window.measured) == 4
    assert all(row.ended_s >= window.from_s for row in window.measured)


def test_an_open_loop_counts_from_the_intended_start_and_a_cap_never_hides_the_queue() -> None:
    target = Slots(0.1, slots=1)
    profile = Profile(
        "open", 40.0, 0.5, warmup_s=0.0, arrivals=lambda: constant_arrivals(40.0), max_in_flight=2, drain_s=10.0
    )
    window = drive(target, profile)
    assert target.most <= 2
    measured = sorted(window.measured, key=lambda row: row.intended_s)
    assert window.scheduled == len(measured) == 19
    assert window.held_back == 17
    # Nineteen requests of 0.1 s one after the other, the first after 0.025 s.
    assert measured[-1].ended_s - window.began_s == pytest.approx(1.925, abs=1e-3)
    assert all(row.intended_s - window.began_s == pytest.approx((n + 1) / 40) for n, row in enumerate(measured))


def test_requests_that_find_no_place_before_the_drain_ends_are_recorded_as_unsent() -> None:
    profile = Profile(
        "open", 50.0, 0.3, warmup_s=0.0, arrivals=lambda: constant_arrivals(50.0), max_in_flight=1, drain_s=0.1
    )
    window = drive(Slots(0.5), profile)
    kinds = Counter(row.failure for row in window.measured)
    # One was answered, the next was still on its way as the drain ended, and the others found no place.
    assert kinds == {None: 1, "unfinished": 1, "unsent": 12}
    assert window.scheduled == 14


def test_a_slow_server_is_not_called_late_sending() -> None:
    profile = Profile(
        "open", 30.0, 0.4, warmup_s=0.0, arrivals=lambda: constant_arrivals(30.0), max_in_flight=1, drain_s=10.0
    )
    window = drive(Slots(0.05), profile)
    waited = [row.started_s - row.intended_s for row in window.measured]
    assert max(waited) == pytest.approx(10 * (0.05 - 1 / 30), abs=1e-3)
    assert max(row.late_s for row in window.measured) < 1e-3


def test_a_trace_is_replayed_with_its_fixtures() -> None:
    target = Slots(0.01)
    trace = (Arrival(0.0, "b"), Arrival(0.05, "b"), Arrival(0.1))
    profile = Profile("trace", 3, 0.11, warmup_s=0.0, arrivals=lambda: iter(trace))
    window = drive(target, profile)
    assert target.asked == ["b", "b", "a"]
    assert window.scheduled == 3 == len(window.measured)


def test_a_dead_endpoint_ends_the_window_early_with_the_reason() -> None:
    dead = Failure("connect_refused", "nobody listens")
    window = drive(Slots(0.01, failing=lambda _: dead), Profile("closed", 8, 30.0))
    assert window.ended_s - window.began_s < 15
    assert "20 connect_refused failures in a row" in window.ended_early
    assert {row.failure for row in window.rows} == {"connect_refused"}


def test_failures_of_a_server_that_answers_do_not_end_a_window() -> None:
    error = Failure("server_error", "500")
    window = drive(Slots(0.01, failing=lambda number: error if number % 3 == 0 else None), Profile("closed", 2, 6.0))
    assert window.ended_early == ""
    kinds = [row.failure for row in window.measured]
    assert kinds.count("server_error") / len(kinds) == pytest.approx(1 / 3, abs=0.02)


def test_a_stop_request_keeps_what_was_measured() -> None:
    async def stopped_after(seconds: float) -> WindowRows:
        stop = StopSignal()
        asyncio.get_running_loop().call_later(seconds, stop.request)
        return await driving(Slots(0.02), Profile("closed", 2, 60.0, warmup_s=0.05), stop)

    window = in_virtual_time(stopped_after(0.25))
    assert window.ended_early == "interrupted"
    assert window.to_s - window.from_s == pytest.approx(0.2)
    assert len(window.measured) == 20


def test_an_arrival_schedule_without_end_stops_with_the_window() -> None:
    given = list(islice(constant_arrivals(100.0), 3))
    assert [round(arrival.at_s, 2) for arrival in given] == [0.01, 0.02, 0.03]
    profile = Profile("open", 100.0, 0.2, warmup_s=0.0, arrivals=lambda: constant_arrivals(100.0))
    window = drive(Slots(0.001), profile)
    assert window.scheduled == 19
    assert window.held_back == 0


async def test_over_the_wire_a_scripted_server_gives_its_times_and_tokens() -> None:
    script = {"reply": {"text": "one two three four five six", "first_token_s": 0.05, "gap_s": 0.01}}
    async with start_fake(script) as fake:
        config = TargetConfig(name="fake", api="openai", model="fake-1", base_url=fake.base_url)
        target = open_target(config, os.environ)
        await target.start()
        try:
            window = await driving(target, Profile("closed", 2, 0.5))
        finally:
            await target.stop()
    rows = window.measured
    assert rows and all(row.failure is None for row in rows)
    assert all(len(row.gaps_s) == 5 and row.completion_tokens == 6 for row in rows)
    # Never before the server's own time; how long after it is the machine's business.
    ttft_s = [row.first_content_s - row.intended_s for row in rows if row.first_content_s is not None]
    assert len(ttft_s) == len(rows) and min(ttft_s) >= 0.05


def test_a_window_that_is_stopped_in_its_warm_up_measured_nothing() -> None:
    async def stopped_after(seconds: float, profile: Profile) -> WindowRows:
        stop = StopSignal()
        asyncio.get_running_loop().call_later(seconds, stop.request)
        return await driving(Slots(0.02), profile, stop)

    for profile in (
        Profile("closed", 2, 60.0, warmup_s=5.0),
        Profile("closed", 2, 60.0),
        Profile("open", 40.0, 60.0, arrivals=lambda: constant_arrivals(40.0)),
    ):
        window = in_virtual_time(stopped_after(0.25, profile))
        assert window.to_s == window.from_s
        assert window.rows and not window.measured
        figures = window_figures(window, level=ServiceLevel())
        assert (figures.requests, figures.requests_per_s, figures.output_tokens_per_s) == (0, None, None)


@pytest.mark.parametrize("began_s", [0.3000004, 17.1234567, 100.0000009])
def test_what_is_due_and_what_is_measured_are_the_same_requests(began_s: float) -> None:
    profile = Profile("open", 10.0, 3.0, warmup_s=0.0, arrivals=lambda: constant_arrivals(10.0))
    for shift_s in (-4e-7, 0.0, 4e-7):
        from_s, to_s = began_s, began_s + 3.0 + shift_s
        sent = tuple(LoadRow("f", began_s + n / 10, began_s + n / 10, began_s + n / 10) for n in range(1, 41))
        scheduled = sum(1 for _ in due_within(profile, began_s, from_s, to_s))
        rows = WindowRows("open", 10.0, began_s, from_s, to_s, to_s, sent, "", "", scheduled)
        assert len(to_microseconds(rows).measured) == scheduled
