from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from milo_bench.core.errors import DataError, IncompleteRun, Interrupted, TargetError, UsageError
from milo_bench.core.records import Failure, Fixture, RunEnd, TargetRecord, Workload
from milo_bench.run.events import (
    AttemptFinished,
    AttemptStarted,
    FixturesWithheld,
    RunEnded,
    RunEvent,
    RunStarted,
    TargetsStarting,
    TargetStopped,
    TelemetrySampled,
)
from milo_bench.run.execute import execute
from milo_bench.run.plan import PlanRequest
from milo_bench.run.spec import RunSpec
from milo_bench.run.stop import StopSignal
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import Resumed, RunLogWriter
from tests.patience import WAIT_S
from tests.run.run_parts import (
    FIELDS,
    TestTarget,
    make_fixture,
    make_fixtures,
    make_spec,
    opening,
    record_of,
    text_of,
    write_text,
)


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


async def run(
    spec: RunSpec,
    path: Path,
    *targets: TestTarget,
    events: list[RunEvent] | None = None,
    stop: StopSignal | None = None,
) -> RunEnd:
    return await execute(
        spec,
        targets={target.record.name: target for target in targets},
        open_log=opening(path, spec),
        listeners=[events.append] if events is not None else [],
        stop=stop,
    )


def kinds_of(events: Sequence[RunEvent]) -> list[type]:
    return [type(event) for event in events if not isinstance(event, TelemetrySampled)]


async def test_a_run_writes_every_attempt_and_tells_the_same_story_to_its_listeners(log_path: Path) -> None:
    fixtures = make_fixtures(5)
    target = TestTarget(record_of("a"))
    events: list[RunEvent] = []
    end = await run(make_spec(PlanRequest(concurrency=2), fixtures, [target.record]), log_path, target, events=events)
    log = read_run_log(log_path)
    assert end == log.end and end.complete and (end.attempts, end.failures, end.reason) == (5, 0, "done")
    assert {a.key.fixture: a.output for a in log.attempts} == {f.id: f"re case {f.id}" for f in fixtures}
    assert all(len(a.request_hash) == 64 for a in log.attempts)
    assert [e.attempt for e in events if isinstance(e, AttemptFinished)] == list(log.attempts)
    kinds = kinds_of(events)
    assert kinds[:2] == [TargetsStarting, RunStarted] and kinds[-1] is RunEnded
    assert Counter(kinds[2:-1]) == {AttemptStarted: 5, AttemptFinished: 5}
    assert (target.started, target.stopped, target.most_in_flight) == (1, 1, 2)
    assert re.search(r'"type":"telemetry",.*"client_cpu_s":', text_of(log_path) or "")


async def test_repeats_ask_with_seeds_of_their_own_and_constrained_with_the_schema(log_path: Path) -> None:
    fixtures = make_fixtures(1, "fields")
    target = TestTarget(record_of("a"))
    request = PlanRequest(repeats=2, decodings=("free", "constrained"), seed=7)
    await run(make_spec(request, fixtures, [target.record]), log_path, target)
    assert sorted(s for s in target.seeds if s is not None) == [7, 7, 8, 8]
    hashes = {a.key: a.request_hash for a in read_run_log(log_path).attempts}
    assert len(set(hashes.values())) == 4


async def test_a_failure_is_a_row_and_not_an_end(log_path: Path) -> None:
    target = TestTarget(record_of("a"), lambda text: Failure("reset", "gone") if "0001" in text else "ok")
    end = await run(make_spec(PlanRequest(), make_fixtures(3), [target.record]), log_path, target)
    assert end.complete and end.failures == 1
    (failed,) = [a for a in read_run_log(log_path).attempts if a.failure]
    assert failed.key.fixture == "notes-0001" and failed.failure is not None and failed.failure.kind == "reset"


async def test_a_retry_stands_beside_the_failure_that_led_to_it(log_path: Path) -> None:
    answers = iter([Failure("reset", "gone"), "ok"])
    target = TestTarget(record_of("a"), lambda _: next(answers))
    end = await run(make_spec(PlanRequest(retries=1), make_fixtures(1), [target.record]), log_path, target)
    rows = [(a.key.retry, a.failure is not None) for a in read_run_log(log_path).attempts]
    assert rows == [(0, True), (1, False)] and end.complete


async def test_a_dead_target_is_given_up_the_other_goes_on_and_a_resume_asks_only_what_is_open(log_path: Path) -> None:
    fixtures = make_fixtures(10)
    dead = TestTarget(record_of("dead", endpoint="http://one.example:1"), lambda _: Failure("connect_refused", "no"))
    live = TestTarget(record_of("live", endpoint="http://two.example:1"))
    spec = make_spec(PlanRequest(), fixtures, [dead.record, live.record])
    events: list[RunEvent] = []
    end = await run(spec, log_path, dead, live, events=events)
    assert not end.complete and end.reason == "aborted"
    assert len(dead.asked) == 5 and len(live.asked) == 10
    (told,) = [e for e in events if isinstance(e, TargetStopped)]
    assert (told.target, told.failure, told.unsent) == ("dead", "connect_refused", 5)
    assert isinstance(events[-1], RunEnded) and events[-1].unsent == 5

    back = TestTarget(dead.record)
    idle = TestTarget(live.record)
    end = await run(spec, log_path, back, idle)
    assert end.complete and end.attempts == 20 and end.failures == 5
    assert len(back.asked) == 5 and not idle.asked
    assert len(read_run_log(log_path).attempts) == 20


async def test_times_of_a_resumed_run_go_on_where_the_log_stands(log_path: Path) -> None:
    target = TestTarget(record_of("a"))
    spec = make_spec(PlanRequest(), make_fixtures(4), [target.record])
    stop = StopSignal()
    gate = asyncio.Event()
    first = TestTarget(record_of("a"), gate=gate)
    running = asyncio.ensure_future(run(spec, log_path, first, stop=stop))
    await first.wanted.wait()
    stop.request()
    gate.set()
    await running
    last_s = max(a.timings.ended_s for a in read_run_log(log_path).attempts)
    await run(spec, log_path, target)
    assert all(a.timings.intended_s >= last_s for a in list(read_run_log(log_path).attempts)[1:])


async def test_a_stop_lets_what_is_in_flight_end_within_the_grace_and_records_it(log_path: Path) -> None:
    gate = asyncio.Event()
    target = TestTarget(record_of("a"), gate=gate)
    spec = make_spec(PlanRequest(concurrency=3), make_fixtures(10), [target.record], grace_s=30.0)
    stop = StopSignal()
    running = asyncio.ensure_future(run(spec, log_path, target, stop=stop))
    await target.wanted.wait()
    stop.request()
    gate.set()
    end = await running
    assert (end.reason, end.complete, end.attempts) == ("interrupted", False, 3)
    assert len(read_run_log(log_path).attempts) == 3 and target.cancelled == 0


async def test_what_outlasts_the_grace_is_cancelled_not_recorded_and_sent_again(log_path: Path) -> None:
    target = TestTarget(record_of("a"), gate=asyncio.Event())
    spec = make_spec(PlanRequest(concurrency=3), make_fixtures(10), [target.record], grace_s=0.01)
    stop = StopSignal()
    running = asyncio.ensure_future(run(spec, log_path, target, stop=stop))
    await target.wanted.wait()
    stop.request()
    end = await running
    assert (end.reason, end.attempts, end.failures) == ("interrupted", 0, 0)
    assert target.cancelled == 3 and target.stopped == 1
    again = TestTarget(record_of("a"))
    assert (await run(spec, log_path, again)).complete
    assert len(again.asked) == 10


async def test_a_second_stop_does_not_wait_for_the_grace(log_path: Path) -> None:
    target = TestTarget(record_of("a"), gate=asyncio.Event())
    spec = make_spec(PlanRequest(), make_fixtures(2), [target.record], grace_s=3600.0)
    stop = StopSignal()
    running = asyncio.ensure_future(run(spec, log_path, target, stop=stop))
    await target.wanted.wait()
    stop.request()
    stop.request()
    end = await asyncio.wait_for(running, WAIT_S)
    assert end.reason == "interrupted" and read_run_log(log_path).end == end


class _Failing(TestTarget):
    async def start(self) -> TargetRecord:
        raise TargetError("Cannot reach target 'b'.", hint="start it.")


class _Slow(TestTarget):
    def __init__(self, record: TargetRecord) -> None:
        super().__init__(record)
        self.starting = asyncio.Event()

    async def start(self) -> TargetRecord:
        self.starting.set()
        await asyncio.Event().wait()
        return self.record


async def test_a_target_that_does_not_start_ends_the_run_before_a_log_exists(log_path: Path) -> None:
    a, b = _Slow(record_of("a")), _Failing(record_of("b"))
    with pytest.raises(TargetError, match="target 'b'"):
        await run(make_spec(PlanRequest(), make_fixtures(1), [a.record, b.record]), log_path, a, b)
    assert text_of(log_path) is None and (a.stopped, b.stopped) == (1, 1)


async def test_a_stop_while_targets_start_says_that_nothing_was_sent(log_path: Path) -> None:
    target = _Slow(record_of("a"))
    stop = StopSignal()
    spec = make_spec(PlanRequest(), make_fixtures(1), [target.record])
    running = asyncio.ensure_future(run(spec, log_path, target, stop=stop))
    await target.starting.wait()
    stop.request()
    with pytest.raises(Interrupted, match="Nothing was sent"):
        await running
    assert text_of(log_path) is None and target.stopped == 1


async def test_a_hosted_target_needs_permission_before_anything_starts(log_path: Path) -> None:
    target = TestTarget(record_of("cloud", hosted=True))
    with pytest.raises(UsageError, match="cloud") as caught:
        await run(make_spec(PlanRequest(), make_fixtures(1), [target.record]), log_path, target)
    assert "--allow-hosted" in caught.value.hint and not target.started


async def test_sensitive_fixtures_stay_here_and_the_run_says_so_and_is_complete(log_path: Path) -> None:
    fixtures = (make_fixture("open"), make_fixture("secret", "notes", "sensitive"))
    cloud, here = TestTarget(record_of("cloud", hosted=True)), TestTarget(record_of("here"))
    spec = make_spec(PlanRequest(), fixtures, [cloud.record, here.record], allow_hosted=True)
    events: list[RunEvent] = []
    end = await run(spec, log_path, cloud, here, events=events)
    assert cloud.asked == ["case open"] and sorted(here.asked) == ["case open", "case secret"]
    assert [e for e in events if isinstance(e, FixturesWithheld)] == [FixturesWithheld("cloud", ("secret",))]
    assert end.complete and read_run_log(log_path).header.plan.withheld == {"cloud": ("secret",)}


async def test_a_plan_that_would_send_sensitive_text_out_is_refused(log_path: Path) -> None:
    fixtures = (make_fixture("secret", "notes", "sensitive"),)
    unaware = make_spec(PlanRequest(), fixtures, [record_of("cloud")]).plan
    cloud = TestTarget(record_of("cloud", hosted=True))
    spec = make_spec(PlanRequest(), fixtures, [cloud.record], allow_hosted=True, plan=unaware)
    with pytest.raises(UsageError, match="sensitive fixture 'secret'"):
        await run(spec, log_path, cloud)
    assert not cloud.asked


async def test_a_fixture_that_makes_no_request_is_told_before_any_target_starts(log_path: Path) -> None:
    bare = Fixture(id="bare", workload="notes", input={})
    target = TestTarget(record_of("a"))
    with pytest.raises(DataError, match="text"):
        await run(make_spec(PlanRequest(), (*make_fixtures(3), bare), [target.record]), log_path, target)
    assert not target.started and text_of(log_path) is None


async def test_a_prompt_far_beyond_the_window_is_a_failure_that_was_not_sent(log_path: Path) -> None:
    words = " ".join(f"word{n}" for n in range(4000))
    fixtures = (make_fixture("small"), make_fixture("large", text=words))
    target = TestTarget(record_of("a", window=128))
    await run(make_spec(PlanRequest(), fixtures, [target.record]), log_path, target)
    kinds = {a.key.fixture: a.failure.kind if a.failure else None for a in read_run_log(log_path).attempts}
    assert kinds == {"small": None, "large": "context_overflow"} and target.asked == ["case small"]


async def test_a_contradictory_case_goes_to_review_without_a_model_call(log_path: Path) -> None:
    event = {"at": "2025-03-01", "source": "decision_letter", "kind": "status", "text": "decided"}
    events = [
        {**event, "id": "E-0001", "status": "approved"},
        {**event, "id": "E-0002", "status": "denied", "text": "no"},
    ]
    case = {"case_id": "1", "claimant_name": "A", "opened_at": "2025-01-01", "as_of": "2025-04-01", "issue_type": "x"}
    workload = Workload(
        name="timeline",
        prompt_name="t",
        prompt_source="{{ prepared.events | length }}",
        prompt_hash="p",
        checks=(),
        prepare={"select_events": {"policy": "policy_v2", "max_events": 24}},
    )
    fixtures = (
        Fixture(id="clash", workload="timeline", input={"case": {**case, "events": events}}),
        Fixture(id="clear", workload="timeline", input={"case": {**case, "events": events[:1]}}),
    )
    target = TestTarget(record_of("a"))
    spec = make_spec(PlanRequest(), fixtures, [target.record], workloads={"timeline": workload, "fields": FIELDS})
    await run(spec, log_path, target)
    rows = {a.key.fixture: a for a in read_run_log(log_path).attempts}
    assert rows["clash"].bypass.startswith("human_review: ") and not rows["clash"].output
    assert target.asked == ["1"] and rows["clear"].prepared["events"] == ["E-0001"]
    assert read_run_log(log_path).header.workloads == (workload,)


async def test_listeners_see_whole_text_while_the_log_keeps_hashes(log_path: Path) -> None:
    target = TestTarget(record_of("a"))
    spec = make_spec(PlanRequest(), make_fixtures(1), [target.record], store_text="hashes")
    events: list[RunEvent] = []
    await run(spec, log_path, target, events=events)
    (seen,) = [e.attempt.output for e in events if isinstance(e, AttemptFinished)]
    assert seen == "re case notes-0000" and "case notes" not in (text_of(log_path) or "")


async def test_a_disk_that_takes_no_more_ends_the_run_with_what_was_written(log_path: Path) -> None:
    target = TestTarget(record_of("a"))
    spec = make_spec(PlanRequest(), make_fixtures(20), [target.record])

    def listener(event: RunEvent) -> None:
        if isinstance(event, AttemptFinished) and event.attempt.key.fixture == spec.plan.fixtures[9]:
            raise IncompleteRun("the disk is full")

    with pytest.raises(IncompleteRun):
        await execute(spec, targets={"a": target}, open_log=opening(log_path, spec), listeners=[listener])
    log = read_run_log(log_path)
    assert len(log.attempts) == 9 and log.end is not None and log.end.reason == "aborted"
    assert target.stopped == 1
    assert (await run(spec, log_path, TestTarget(record_of("a")))).complete


async def test_a_target_with_a_bug_ends_the_run_and_the_log_can_be_resumed(log_path: Path) -> None:
    def broken(text: str) -> str:
        raise RuntimeError("a bug")

    spec = make_spec(PlanRequest(), make_fixtures(4), [record_of("a")])
    with pytest.raises(RuntimeError, match="a bug"):
        await run(spec, log_path, TestTarget(record_of("a"), broken))
    assert (await run(spec, log_path, TestTarget(record_of("a")))).complete


async def test_targets_on_one_machine_do_not_overlap(log_path: Path) -> None:
    a, b = (TestTarget(record_of(name, endpoint=f"http://127.0.0.1:{port}")) for name, port in (("a", 1), ("b", 2)))
    order: list[str] = []
    a.log = b.log = order
    await run(make_spec(PlanRequest(), make_fixtures(8), [a.record, b.record]), log_path, a, b)
    assert "".join(order) == "aaaabbbb" * 2


async def test_finished_attempts_are_not_held_in_memory(log_path: Path) -> None:
    import gc

    from milo_bench.core.records import Attempt

    target = TestTarget(record_of("a"))
    most = 0

    def listener(event: RunEvent) -> None:
        nonlocal most
        if isinstance(event, AttemptFinished) and event.attempt.key.fixture.endswith("9"):
            most = max(most, sum(isinstance(thing, Attempt) for thing in gc.get_objects()))

    spec = make_spec(PlanRequest(concurrency=4), make_fixtures(200), [target.record])
    gc.collect()
    gc.freeze()  # what earlier tests left is not looked through
    try:
        await execute(spec, targets={"a": target}, open_log=opening(log_path, spec), listeners=[listener])
    finally:
        gc.unfreeze()
    assert 1 <= most <= 16


async def test_an_open_log_may_be_refused_and_the_targets_are_stopped(log_path: Path) -> None:
    write_text(log_path, "something else\n")
    target = TestTarget(record_of("a"))
    spec = make_spec(PlanRequest(), make_fixtures(1), [target.record])

    def create(header: object) -> Resumed:
        return Resumed(RunLogWriter.create(log_path, header, spec.planned_fixtures()), {})  # type: ignore[arg-type]

    with pytest.raises(DataError, match="already exists"):
        await execute(spec, targets={"a": target}, open_log=create)
    assert target.stopped == 1 and (text_of(log_path) or "") == "something else\n"
