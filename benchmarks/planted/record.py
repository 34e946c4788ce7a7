"""Planted models and a suite in, run logs of all its fixtures and of load out: in virtual time, the same each time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import msgspec

from benchmarks.planted.models import PlantedModel
from benchmarks.planted.server import PlantedTarget
from milo_bench.core.clock import Clock
from milo_bench.core.records import Timeouts
from milo_bench.core.version import __version__
from milo_bench.run.execute import execute
from milo_bench.run.load.options import LoadOptions
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.run.load.session import LoadSession
from milo_bench.run.log_opening import log_opener
from milo_bench.run.plan import PlanRequest, make_plan
from milo_bench.run.spec import RunSpec
from milo_bench.stats.load.derived import measured_window
from milo_bench.stats.load.level import judge_level
from milo_bench.suites.load import load_suite

STARTED = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TIMEOUTS = Timeouts(connect_s=10.0, first_token_s=90.0, total_s=90.0)
LOAD_STREAMS = (1, 2, 4, 8)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer when nothing is left to do now, and a microsecond a turn."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 1000.0

    def time(self) -> float:
        return self._now_s

    def _run_once(self) -> None:
        self._now_s += 1e-6
        if not self._ready:  # type: ignore[attr-defined]
            due = [timer.when() for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
            self._now_s = max(self._now_s, min(due, default=self._now_s))
        super()._run_once()  # type: ignore[misc]


class VirtualClock:
    """The loop's clock, and a wall clock that started on a fixed day."""

    def __init__(self, loop: asyncio.AbstractEventLoop, started: datetime) -> None:
        self._loop, self._started, self._zero_s = loop, started, loop.time()

    def monotonic_s(self) -> float:
        return self._loop.time()

    def now(self) -> datetime:
        return self._started + timedelta(seconds=self._loop.time() - self._zero_s)


def record_run(
    suite: str, models: Sequence[PlantedModel], path: Path, *, variants: Mapping[str, str] | None = None,
    workloads: Sequence[str] = (), started: datetime = STARTED, limit: int | None = None,
) -> Path:  # fmt: skip
    """Run the whole suite, or a sample of ``limit`` fixtures, on every model and write the log to ``path``."""
    chosen = dict(variants or {})
    loaded = load_suite(suite, variants=chosen)
    targets = {one.name: PlantedTarget(one, loaded.workloads, loaded.fixtures, chosen) for one in models}
    plan = make_plan(
        PlanRequest(
            workloads=tuple(workloads), order="interleaved", seed=0, timeouts=TIMEOUTS, concurrency=4, variants=chosen,
            limit=limit,
        ),
        fixtures=loaded.fixtures, workloads=loaded.workloads, targets=[one.record for one in targets.values()],
    )  # fmt: skip
    spec = RunSpec(
        suite=loaded.ref, workloads=loaded.workloads, fixtures={one.id: one for one in loaded.fixtures}, plan=plan,
        tool_version=__version__, allow_hosted=True,
    )  # fmt: skip
    path.unlink(missing_ok=True)

    async def run(clock: Clock) -> None:
        opened = log_opener(path, spec.planned_fixtures(), "full", resume=False)
        await execute(spec, targets=targets, open_log=opened, clock=clock)

    _in_virtual_time(run, started)
    return path


def record_load(
    suite: str, model: PlantedModel, path: Path, workload: str, seconds: float, *, started: datetime = STARTED
) -> Path:
    """Put rising load of one workload on ``model``, each level for ``seconds``, and write the windows to ``path``."""
    loaded = load_suite(suite)
    target = PlantedTarget(model, loaded.workloads, loaded.fixtures, {})
    options = LoadOptions(suite, model.name, seconds, concurrency=LOAD_STREAMS, workloads=(workload,), warmup_s=60.0)
    plan = make_plan(
        PlanRequest(workloads=(workload,), order="interleaved", seed=0, timeouts=TIMEOUTS),
        fixtures=loaded.fixtures, workloads=loaded.workloads, targets=[target.record],
    )  # fmt: skip
    spec = RunSpec(
        suite=loaded.ref, workloads=loaded.workloads, fixtures={one.id: one for one in loaded.fixtures},
        plan=msgspec.structs.replace(plan, repeats=0, concurrency=max(LOAD_STREAMS)), tool_version=__version__,
    )  # fmt: skip
    path.unlink(missing_ok=True)
    measure = partial(_window, ServiceLevel())

    async def run(clock: Clock) -> None:
        session = LoadSession(options, spec, target, path, (), measure=measure, judge=judge_level, tell=lambda _: None)
        with patch("milo_bench.run.load.session.datetime", _Wall(clock)):
            await session.run()

    _in_virtual_time(run, started)
    return path


class _Wall:
    """Stands for ``datetime`` where only ``now`` is asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self, _: object = None) -> datetime:
        return self._clock.now()


def _window(level: ServiceLevel, target: str, rows: Any, samples: Any) -> Any:
    return measured_window(target, rows, level=level, samples=())


def _in_virtual_time(work: Callable[[Clock], Coroutine[Any, Any, None]], started: datetime) -> None:
    loop = VirtualLoop()
    with _no_machine(loop), asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work(VirtualClock(loop, started)))


@contextmanager
def _no_machine(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Nothing of this machine in the logs: no samples of it, no times but the loop's, no timer of the kernel's.

    Salts are drawn from a seed, so that the same log comes out each time: what they would hide is made up anyway.
    """
    drawn = Random(0)

    async def unwatched(_: object, ends: asyncio.Event) -> None:
        await ends.wait()

    class Silent:
        def __init__(self, *_: object) -> None:
            pass

        async def __aenter__(self) -> None:
            pass

        async def __aexit__(self, *_: object) -> None:
            pass

        async def once(self) -> None:
            pass

        def since(self, _: float) -> tuple[()]:
            return ()

    with (
        patch.object(time, "monotonic", loop.time),
        patch("milo_bench.run.execute._Run._watch", unwatched),
        patch("milo_bench.run.load.session.LoadSampling", Silent),
        patch("milo_bench.run.load.timer._timerfd", lambda: -1),
        patch("milo_bench.store.log.writer.os.urandom", drawn.randbytes),
    ):
        yield
