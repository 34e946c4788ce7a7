"""Small headers, fixtures and attempts to write logs with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    CheckSpec,
    Failure,
    Fixture,
    Plan,
    RunEnd,
    RunHeader,
    SuiteRef,
    TargetRecord,
    Timings,
    Usage,
    Workload,
)

WORKLOAD = Workload(
    name="notes", prompt_name="notes", prompt_source="{{ input.text }}", prompt_hash="p1", checks=(CheckSpec("label"),)
)


def make_fixtures(count: int = 3) -> tuple[Fixture, ...]:
    return tuple(
        Fixture(id=f"f{n}", workload="notes", input={"text": f"Anna wrote {n}"}, expect={"a": "Anna"}, hash=f"h{n}")
        for n in range(count)
    )


def make_header(count: int = 3, **changes: Any) -> RunHeader:
    header = RunHeader(
        run_id="r1",
        created_at="2026-01-01T00:00:00+00:00",
        tool_version="0.1",
        suite=SuiteRef("s", "1", "sh"),
        workloads=(WORKLOAD,),
        targets=(TargetRecord(name="a", api="openai", model="m", endpoint="http://127.0.0.1:1", model_digest="d1"),),
        plan=Plan(fixtures=tuple(f"f{n}" for n in range(count)), targets=("a",)),
    )
    return msgspec.structs.replace(header, **changes)


def make_attempt(fixture: str = "f0", *, failed: bool = False, output: str = "Anna said so", **changes: Any) -> Attempt:
    attempt = Attempt(
        key=AttemptKey(fixture, "a"),
        request_hash="q",
        timings=Timings(intended_s=1.0, started_s=1.0, ended_s=2.5, first_content_s=1.5, chunk_gaps_s=(0.1, 0.2)),
        output="" if failed else output,
        usage=Usage(prompt_tokens=10, completion_tokens=5),
        failure=Failure("reset", "Anna's server went away") if failed else None,
    )
    return msgspec.structs.replace(attempt, **changes)


def without_seals(path: Path) -> list[bytes]:
    """The log at ``path`` rewritten without its seals, so that its lines can be changed; those lines."""
    lines = [line for line in path.read_bytes().splitlines(keepends=True) if not line.startswith(b'{"type":"seal"')]
    path.write_bytes(b"".join(lines))
    return lines


def make_end(attempts: int, failures: int = 0) -> RunEnd:
    return RunEnd(ended_at="2026-01-01T00:01:00+00:00", attempts=attempts, failures=failures, complete=True)
