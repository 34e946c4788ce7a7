"""A small suite, and targets that behave without a network."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import (
    CheckSpec,
    Failure,
    Fixture,
    SuiteRef,
    TargetRecord,
    Timeouts,
    Timings,
    Workload,
)
from milo_bench.run.execute import OpenRunLog
from milo_bench.run.plan import PlanRequest, make_plan
from milo_bench.run.spec import RunSpec
from milo_bench.store.log.writer import Resumed, RunLogWriter

NOTES = Workload(
    name="notes", prompt_name="notes", prompt_source="{{ input.text }}", prompt_hash="p1", checks=(CheckSpec("label"),)
)
FIELDS = Workload(
    name="fields",
    prompt_name="fields",
    prompt_source="Fields of: {{ input.text }}",
    prompt_hash="p2",
    checks=(CheckSpec("schema"),),
    json_schema={"type": "object"},
)
WORKLOADS = {workload.name: workload for workload in (NOTES, FIELDS)}


def make_fixture(id_: str, workload: str = "notes", *tags: str, **data: Any) -> Fixture:
    return Fixture(id=id_, workload=workload, input={"text": f"case {id_}", **data}, tags=tags, hash=f"h-{id_}")


def make_fixtures(count: int, workload: str = "notes") -> tuple[Fixture, ...]:
    return tuple(make_fixture(f"{workload}-{n:04}", workload) for n in range(count))


def record_of(name: str, *, hosted: bool = False, endpoint: str = "", window: int | None = None) -> TargetRecord:
    return TargetRecord(name=name, api="test", model="m", hosted=hosted, endpoint=endpoint, context_window=window)


def make_spec(
    request: PlanRequest, fixtures: Sequence[Fixture], targets: Sequence[TargetRecord], **changes: Any
) -> RunSpec:
    workloads: Mapping[str, Workload] = changes.pop("workloads", WORKLOADS)
    plan = changes.pop("plan", None) or make_plan(request, fixtures=fixtures, workloads=workloads, targets=targets)
    options: dict[str, Any] = {"telemetry_s": 30.0, "grace_s": 0.05, **changes}
    return RunSpec(
        suite=SuiteRef("s", "1", "sh"),
        workloads=workloads,
        fixtures={fixture.id: fixture for fixture in fixtures},
        plan=plan,
        tool_version="0",
        **options,
    )


def opening(path: Path, spec: RunSpec) -> OpenRunLog:
    """Creates the log at ``path``, or resumes it where it is there."""

    def open_log(header: Any) -> Resumed:
        if path.exists():
            return RunLogWriter.resume(path, header, spec.planned_fixtures())
        return Resumed(RunLogWriter.create(path, header, spec.planned_fixtures()), {})

    return open_log


def text_of(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def write_text(path: Path, text: str) -> None:
    path.write_text(text)


Answer = Callable[[str], str | Failure]


class TestTarget:
    """Answers in this process: ``answer`` gets the last message; None waits on ``gate`` first.

    Counts what it was asked, and the most at once.
    """

    __test__ = False

    def __init__(
        self, record: TargetRecord, answer: Answer = lambda text: f"re {text}", *, gate: asyncio.Event | None = None
    ) -> None:
        self._record = record
        self._answer = answer
        self._gate = gate
        self.asked: list[str] = []
        self.seeds: list[int | None] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.cancelled = 0
        self.started = 0
        self.stopped = 0
        self.wanted = asyncio.Event()
        self.log: list[str] = []

    @property
    def record(self) -> TargetRecord:
        return self._record

    async def start(self) -> TargetRecord:
        self.started += 1
        return self._record

    async def ask(self, request: ChatRequest, *, timeouts: Timeouts, zero_s: float, intended_s: float) -> Exchange:
        text = request.messages[-1].content
        self.asked.append(text)
        self.seeds.append(request.seed)
        self.log.append(self._record.name)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.wanted.set()
        started_s = time.monotonic() - zero_s
        try:
            await (self._gate.wait() if self._gate is not None else asyncio.sleep(0))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1
        answer = self._answer(text)
        timings = Timings(intended_s=intended_s, started_s=started_s, ended_s=time.monotonic() - zero_s)
        if isinstance(answer, Failure):
            return Exchange(timings=timings, failure=answer)
        return Exchange(timings=timings, text=answer, finish_reason="stop")

    async def models(self) -> tuple[str, ...]:
        return ("m",)

    def server_pids(self) -> tuple[int, ...]:
        return ()

    async def stop(self) -> None:
        self.stopped += 1

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.asked)
