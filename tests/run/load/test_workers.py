"""A load that several processes send is one window."""

from __future__ import annotations

import asyncio
import json
import threading
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.errors import TargetError
from milo_bench.run.load import workers
from milo_bench.run.load.arrivals import arrivals_at
from milo_bench.run.load.rows import LoadRow, WindowRows
from milo_bench.run.load.window import LoadRequest, Profile
from milo_bench.run.load.workers import LoadWorkers, merged, workers_for
from milo_bench.run.stop import StopSignal
from tests.patience import WAIT_S

REQUESTS = [LoadRequest(f"f{n}", ChatRequest((Message("user", f"message {n}"),), max_tokens=4)) for n in range(40)]


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str]
    seen: threading.Event

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["content-length"])))["messages"][-1]["content"]
        type(self).asked.append(said)
        if said.startswith("message"):
            type(self).seen.set()
        body = b'data: {"choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):  # the end of the window cuts what is still on its way
            self.wfile.write(body)


@pytest.fixture
def served() -> Iterator[tuple[TargetConfig, type[Answers]]]:
    handler = type("Served", (Answers,), {"asked": [], "seen": threading.Event()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        yield TargetConfig(name="m", api="openai", model="m", base_url=url), handler
        server.shutdown()


def drive(config: TargetConfig, profile: Profile, count: int, stop: StopSignal | None = None) -> WindowRows:
    async def run() -> WindowRows:
        pool = LoadWorkers(config, {}, cold=True)
        try:
            zero_s = asyncio.get_running_loop().time()
            return await pool.drive(count, REQUESTS, profile, zero_s=zero_s, stop=stop or StopSignal(), first=0)
        finally:
            await pool.close()

    return asyncio.run(run())


def test_the_arrivals_of_a_schedule_are_shared_out_and_none_is_sent_twice(
    served: tuple[TargetConfig, type[Answers]],
) -> None:
    config, handler = served
    arrivals = partial(arrivals_at, "constant", 40.0, seed=0)
    window = drive(config, Profile("open", 40.0, 1.0, warmup_s=0.0, arrivals=arrivals), 2)
    assert (window.workers, window.scheduled, window.ended_early) == (2, 39, "")
    measured = window.measured
    assert len(measured) == 39  # the fortieth is due at the end, and outside
    assert all(row.failure is None for row in measured)
    due_s = sorted(row.intended_s - window.from_s for row in measured)
    assert due_s == pytest.approx([number / 40 for number in range(1, 40)])
    assert sum(said.startswith("message") for said in handler.asked) == len(window.rows)


def test_the_streams_of_a_closed_loop_are_shared_out(served: tuple[TargetConfig, type[Answers]]) -> None:
    window = drive(served[0], Profile("closed", 3.0, 0.5, warmup_s=0.1), 2)
    assert (window.level, window.most_in_flight, window.workers) == (3.0, 3, 2)
    assert window.worker_cpu_share is not None and window.worker_cpu_share > 0
    assert len({row.fixture for row in window.rows}) > 1
    assert [row.ended_s for row in window.rows] == sorted(row.ended_s for row in window.rows)


def test_a_stop_reaches_every_process(served: tuple[TargetConfig, type[Answers]]) -> None:
    config, handler = served
    stop = StopSignal()

    async def run() -> WindowRows:
        pool = LoadWorkers(config, {}, cold=True)
        try:
            profile = Profile("closed", 2.0, 10 * WAIT_S, warmup_s=0.0)
            zero_s = asyncio.get_running_loop().time()
            driving = asyncio.ensure_future(pool.drive(2, REQUESTS, profile, zero_s=zero_s, stop=stop, first=0))
            await asyncio.to_thread(handler.seen.wait, WAIT_S)
            stop.request()
            return await driving
        finally:
            await pool.close()

    assert asyncio.run(run()).ended_early == "interrupted"


def test_a_server_that_is_not_there_is_said_as_without_workers() -> None:
    config = TargetConfig(name="m", api="openai", model="m", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(TargetError, match="Cannot reach target 'm'"):
        drive(config, Profile("closed", 2.0, 1.0), 2)


def test_auto_takes_one_process_until_one_core_is_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "usable_cores", lambda: 4)
    closed = Profile("closed", 256.0, 1.0)
    assert workers_for(closed, 0) == 1
    assert workers_for(replace(closed, level=257.0), 0) == 2
    assert workers_for(replace(closed, level=4096.0), 0) == 4
    assert workers_for(replace(closed, level=2.0), 8) == 2
    assert workers_for(replace(closed, mode="open", level=2500.0), 0) == 3


@pytest.mark.parametrize(("wanted", "most"), [(3, 2), (0, 2), (3, 3), (2, 5)])
def test_places_in_flight_are_shared_out_and_no_process_gets_one_more(wanted: int, most: int) -> None:
    profile = Profile("open", 4_000.0, 1.0, max_in_flight=most, arrivals=partial(arrivals_at, "constant", 1.0, seed=0))
    count = workers_for(profile, wanted)
    assert 1 <= count <= most
    assert sum(workers._share(profile, number, count).max_in_flight for number in range(count)) == most


def test_the_memory_for_answers_that_wait_is_shared_by_the_processes() -> None:
    profile = Profile("closed", 8.0, 1.0)
    parts = [workers._share(profile, number, 4) for number in range(4)]
    assert sum(part.most_unread_bytes for part in parts) == profile.most_unread_bytes > 0
    assert len({part.most_unread_bytes for part in parts}) == 1


def test_only_what_every_part_measured_is_measured() -> None:
    def part(from_s: float, to_s: float, started_s: float, cpu_share: float) -> WindowRows:
        row = LoadRow("f", started_s, started_s, started_s + 0.1)
        return WindowRows(
            "closed", 1.0, 0.0, from_s, to_s, 9.0, (row,), "", "", most_in_flight=1, own_cpu_share=cpu_share
        )

    window = merged([part(1.0, 5.0, 1.5, 0.2), part(2.0, 6.0, 3.0, 0.5)], Profile("closed", 2.0, 4.0))
    assert (window.from_s, window.to_s, window.worker_cpu_share) == (2.0, 5.0, 0.5)
    assert [row.started_s for row in window.measured] == [3.0]
    assert window.loop_lags_s == array("d")


def test_what_is_due_is_counted_in_the_window_that_all_parts_share() -> None:
    """One part gave up after 3 of 10 seconds, and the other one went on."""

    def part(to_s: float, count: int) -> WindowRows:
        rows = tuple(LoadRow("f", 2.0 * n, 2.0 * n, 2.0 * n + 0.1) for n in range(1, count + 1))
        return WindowRows("open", 0.5, 0.0, 0.0, to_s, 10.0, rows, "", "", scheduled=count)

    profile = Profile("open", 1.0, 10.0, warmup_s=0.0, arrivals=partial(arrivals_at, "constant", 1.0, seed=0))
    window = merged([part(10.0, 4), part(3.0, 1)], profile)
    assert (window.from_s, window.to_s) == (0.0, 3.0)
    assert window.scheduled == 2, "those at 1 and 2 seconds"
    assert len(window.measured) <= window.scheduled
