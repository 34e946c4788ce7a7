"""Load sessions against a target in this process: what is in the log whatever ends them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from milo_bench.api.loading import judge_level, measured_window
from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import Behaviour, Failure, FailureKind, TargetRecord, Timeouts, Timings, Usage
from milo_bench.evidence.load_rows import checked_windows
from milo_bench.run.cache_probe import see_cache
from milo_bench.run.load.options import LoadOptions
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.run.load.session import LoadReport, LoadSession
from milo_bench.run.plan import PlanRequest
from milo_bench.run.stop import StopSignal, unless_stopped
from milo_bench.store.log.reader import read_run_log
from milo_bench.targets.base import OnEnd
from tests.run.run_parts import make_fixtures, make_spec

PROBE = "Say yes."


class Probed:
    """Answers a fixture in 10 ms without a word on its cache, and what looks for one as ``probed`` does."""

    def __init__(self, probed: Callable[[], Coroutine[Any, Any, Failure | None]]) -> None:
        self._probed = probed
        self.probes: list[Timeouts] = []
        self.record = TargetRecord("t", "openai", "m")

    async def start(self) -> TargetRecord:
        return self.record

    async def models(self) -> tuple[str, ...]:
        return ()

    async def behaviour(self) -> Behaviour:
        return Behaviour()

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
        loop = asyncio.get_running_loop()
        began_s, failure = loop.time() - zero_s, None
        if PROBE in request.messages[0].content:
            self.probes.append(timeouts)
            failure = await self._probed()
        else:
            await asyncio.sleep(0.01)
        now_s = loop.time() - zero_s
        times = Timings(intended_s, began_s, now_s, first_content_s=None if failure else now_s)
        return Exchange(times, text="ok", usage=Usage(5, 1), failure=failure)


async def for_ever() -> None:
    await asyncio.get_running_loop().create_future()


async def breaks() -> None:
    raise RuntimeError("the probe broke")


def session(target: Probed, path: Path, tell: Callable[[str], None], **wanted: Any) -> LoadSession:
    options = LoadOptions("s", "t", 0.2, **{"concurrency": (2, 4), **wanted})
    spec = make_spec(PlanRequest(timeouts=Timeouts(1.0, 2.0, 3.0)), make_fixtures(4), [target.record])
    return LoadSession(
        options,
        spec,
        target,  # type: ignore[arg-type]
        path,
        (),
        measure=lambda name, rows, samples: measured_window(name, rows, level=ServiceLevel(), samples=samples),
        judge=judge_level,
        tell=tell,
    )


def test_a_stop_ends_the_looking_for_a_cache_and_the_window_before_it_is_in_the_log(tmp_path: Path) -> None:
    def stop_at_the_probe(text: str) -> None:
        if "from a cache" in text:
            os.kill(os.getpid(), signal.SIGINT)

    target = Probed(for_ever)

    async def within_seconds() -> LoadReport:
        async with asyncio.timeout(20):
            return await session(target, tmp_path / "l.jsonl", stop_at_the_probe).run()

    report = asyncio.run(within_seconds())
    assert report.end.reason == "interrupted"
    (window,) = report.windows
    assert window.figures.requests > 10 and not window.figures.ended_early
    assert checked_windows(read_run_log(report.path)) == report.windows


def test_a_probe_that_breaks_loses_no_window(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the probe broke"):
        asyncio.run(session(Probed(breaks), tmp_path / "l.jsonl", lambda _: None).run())
    (window,) = checked_windows(read_run_log(tmp_path / "l.jsonl"))
    assert window.figures.requests > 10


def test_a_probe_has_the_limits_of_the_run(tmp_path: Path) -> None:
    async def fails() -> Failure:
        return Failure("total_timeout", "3 s")

    target = Probed(fails)
    asyncio.run(session(target, tmp_path / "l.jsonl", lambda _: None, concurrency=(2,)).run())
    assert target.probes == [Timeouts(1.0, 2.0, 3.0)], "the first that takes too long is the last"


@pytest.mark.parametrize("kind", ["first_token_timeout", "total_timeout"])
def test_a_server_that_does_not_answer_in_time_is_not_asked_again(kind: FailureKind) -> None:
    async def fails() -> Failure:
        return Failure(kind, "no")

    target = Probed(fails)
    assert asyncio.run(see_cache(target, lambda: 0.0)) is None  # type: ignore[arg-type]
    assert len(target.probes) == 1


async def test_work_ends_at_a_stop_and_does_not_begin_after_one() -> None:
    stop = StopSignal()
    asyncio.get_running_loop().call_soon(stop.request)
    assert await unless_stopped(for_ever(), stop) is None
    assert await unless_stopped(for_ever(), stop) is None
