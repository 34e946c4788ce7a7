"""Of a run that stopped by what it saw, only what was asked before the first gap counts, in the order of asking."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from milo_bench.core.records import Attempt, AttemptKey, RunEnd, Stopping, Timings
from milo_bench.decide.records import Candidate
from milo_bench.evidence.gather import gather_evidence
from milo_bench.run.plan import PlanRequest
from milo_bench.store.log.writer import RunLogWriter
from tests.run.run_parts import make_fixtures, make_spec, record_of


def test_answers_after_a_gap_do_not_count(tmp_path: Path) -> None:
    request = PlanRequest(stopping=Stopping(policy="policy.yaml", policy_text=""), seed=5)
    target = record_of("a")
    spec = make_spec(request, make_fixtures(6), [target])
    path = tmp_path / "log.jsonl"
    writer = RunLogWriter.create(
        path, spec.header([target], now=datetime(2026, 1, 5, tzinfo=UTC)), spec.planned_fixtures()
    )
    answered = [id_ for place, id_ in enumerate(spec.plan.fixtures) if place != 2]
    for id_ in reversed(answered):
        writer.append(Attempt(AttemptKey(id_, "a"), "r", Timings(0.0, 0.0, 1.0), output="x", finish_reason="stop"))
    writer.close(RunEnd("2026-01-05T00:01:00+00:00", 5, 0, False, "budget"))
    evidence = gather_evidence({path: "log.jsonl"})
    candidate = Candidate("notes", "a")
    counted = {evidence.fixtures.ids[number] for number in evidence.cases[candidate].fixture}
    assert counted == set(spec.plan.fixtures[:2])
    order = evidence.looked_at[candidate]
    asked = sorted(evidence.fixtures.ids, key=lambda id_: int(order[evidence.fixtures.numbers()[id_]]))
    assert tuple(asked) == spec.plan.fixtures
