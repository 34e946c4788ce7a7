"""A run log with real fixtures of case_ops_v1 and answers that are known to be right or wrong."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Failure,
    RunEnd,
    StoreText,
    TargetRecord,
    Telemetry,
    Timings,
    Usage,
)
from milo_bench.run.plan import PlanRequest, make_plan, plan_attempts
from milo_bench.run.prepare import prepare
from milo_bench.run.spec import RunSpec
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.suites import load_suite
from tests.suites.case_ops.case_ops_answers import ideal_draft, ideal_timeline
from tests.suites.case_ops.extraction_answers import ideal_answer

TARGETS = (TargetRecord("good", "openai", "model-a"), TargetRecord("poor", "openai", "model-b"))
IDEAL = {"extraction": ideal_answer, "timeline": ideal_timeline, "drafting": ideal_draft}


@pytest.fixture
def make_log(tmp_path: Path) -> Callable[..., Path]:
    """``make_log(name, limit=…)``: target ``good`` answers perfectly, ``poor`` badly, and its last request fails."""

    def make(
        name: str = "log.jsonl", *, limit: int = 12, store_text: StoreText = "full", decodings: tuple = ("free",)
    ) -> Path:
        suite = load_suite("case_ops_v1")
        plan = make_plan(
            PlanRequest(limit=limit, decodings=decodings),
            fixtures=suite.fixtures,
            workloads=suite.workloads,
            targets=TARGETS,
        )
        fixtures = {fixture.id: fixture for fixture in suite.fixtures}
        spec = RunSpec(suite.ref, suite.workloads, fixtures, plan, "0", store_text=store_text)
        path = tmp_path / name
        writer = RunLogWriter.create(
            path, spec.header(TARGETS, now=datetime(2026, 1, 5, tzinfo=UTC)), spec.planned_fixtures()
        )
        keys = plan_attempts(plan)
        failing = [key for key in keys if key.target == "poor"][-1]
        for number, key in enumerate(keys):
            writer.append(_attempt(key, number, spec, failing))
        writer.append(Telemetry(1.0, target="good", memory_bytes=300_000_000))
        writer.close(RunEnd("2026-01-05T00:01:00+00:00", len(keys), 1, True))
        return path

    return make


def _attempt(key: AttemptKey, number: int, spec: RunSpec, failing: AttemptKey) -> Attempt:
    fixture = spec.fixtures[key.fixture]
    ready = prepare(fixture, spec.workloads[fixture.workload])
    times = Timings(float(number), float(number), number + 2.0, first_content_s=number + 0.5)
    if ready.request is None:
        return Attempt(key, "", times, bypass=ready.bypass, prepared=ready.prepared)
    if key == failing:
        return Attempt(key, "r", times, failure=Failure("reset", "the connection ended \x00 early"))
    answer = (
        IDEAL[fixture.workload](fixture) if key.target == "good" else "We <b>will</b> pay you & close it tomorrow. \x07"
    )
    return Attempt(
        key,
        ready.request_hash,
        times,
        output=answer,
        finish_reason="stop",
        usage=Usage(prompt_tokens=500, completion_tokens=31),
        prepared=ready.prepared,
    )
