"""One worker of a fleet, without Ray: a full disk costs no answer and holds up nothing; clocks need not agree."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.records import Attempt, AttemptKey, RunHeader, Timeouts, Timings
from milo_bench.core.version import __version__
from milo_bench.fleet.segments import Segments
from milo_bench.fleet.wire import ATTEMPTS, COLLECTED, AttemptJob, WorkerOrder, encode
from milo_bench.fleet.worker import Worker
from milo_bench.run.plan import PlanRequest
from milo_bench.targets.fake.server import start_fake
from tests.run.run_parts import make_fixtures, make_spec, record_of

FIXTURES = make_fixtures(6)
HEADER: RunHeader = make_spec(PlanRequest(), FIXTURES, [record_of("a")]).header(
    [record_of("a")], now=datetime(2026, 1, 1, tzinfo=UTC)
)


def job(number: int, zero_s: float) -> AttemptJob:
    draft = Attempt(AttemptKey(FIXTURES[number].id, "a"), "", Timings(0.0, 0.0, 0.0))
    request = ChatRequest((Message("user", f"case {number}"),), max_tokens=4)
    return AttemptJob(draft, request, Timeouts(), zero_s)


@asynccontextmanager
async def worker_on(
    segments: Path, *, ahead_s: float = 0.0, took: list[Attempt] | None = None
) -> AsyncIterator[Worker]:
    """A worker whose only target is a scripted server; ``took`` gets what earlier workers left."""
    async with start_fake({"reply": {"text": "ok"}}) as server:
        settings = {"api": "openai", "base_url": server.base_url, "model": "fake-1"}
        order = WorkerOrder("node-1", {"a": settings}, 2, str(Path.cwd()), str(segments), version=__version__)
        worker = Worker(encode(order))
        await worker.start()
        try:
            left = worker.begin(encode(HEADER), ahead_s)
            if took is not None:
                took += ATTEMPTS.decode(left)
            yield worker
        finally:
            await worker.stop(all_in_the_log=False)


async def collected(worker: Worker, count: int) -> tuple[list[Attempt], str]:
    """The attempts that ``worker`` hands over until there are ``count``, and what it last said of its disk."""
    found: list[Attempt] = []
    problem = ""
    async with asyncio.timeout(20):
        while len(found) < count:
            told = COLLECTED.decode(await worker.collect())
            found, problem = [*found, *told.attempts], told.problem
    return found, problem


async def test_a_full_disk_of_a_node_loses_no_answer_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    took: list[Attempt] = []
    async with worker_on(tmp_path / "segments") as worker:
        await worker.submit(encode([job(number, 0.0) for number in range(2)]))
        found, problem = await collected(worker, 2)
        assert problem == ""

        def full(descriptor: int, data: object) -> int:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as disk:
            disk.setattr(os, "write", full)
            await worker.submit(encode([job(number, 0.0) for number in range(2, 6)]))
            later, problem = await collected(worker, 4)
    assert {one.key.fixture for one in (*found, *later)} == {fixture.id for fixture in FIXTURES}
    assert all(one.output == "ok" for one in later)
    assert "No space left on device on node-1" in problem and "are sent again" in problem
    async with worker_on(tmp_path / "segments", took=took):
        assert {one.key for one in took} == {one.key for one in found}


@pytest.mark.parametrize("ahead_s", [3600.0, -3600.0])
async def test_times_are_those_of_the_run_although_the_clock_of_a_node_is_an_hour_off(
    tmp_path: Path, ahead_s: float
) -> None:
    def runs_clock_s() -> float:
        return time.monotonic() - ahead_s

    async with worker_on(tmp_path / "segments", ahead_s=ahead_s) as worker:
        zero_s = runs_clock_s()
        await worker.submit(encode([job(0, zero_s)]))
        (attempt,), _ = await collected(worker, 1)
    ended_s = runs_clock_s() - zero_s
    assert 0.0 <= attempt.timings.intended_s <= attempt.timings.started_s <= attempt.timings.ended_s <= ended_s


def test_a_folder_that_takes_no_segment_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PrerequisiteError) as refused:
        Segments(tmp_path / "file", "run-1").new("one", HEADER)
    assert str(tmp_path / "file") in refused.value.message and "fleet.segments" in str(refused.value.hint)
