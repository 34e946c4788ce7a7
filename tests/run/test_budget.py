"""A limit of minutes counts from the start of the run, and a person is told how much of it starting took."""

from __future__ import annotations

from pathlib import Path

import pytest

from milo_bench.core.clock import SystemClock
from milo_bench.core.records import RunEnd, TargetRecord
from milo_bench.run.budget import Budget
from milo_bench.run.events import BudgetSpent, RunEvent, RunStarted
from milo_bench.run.execute import execute
from milo_bench.run.plan import PlanRequest
from tests.run.run_parts import TestTarget, make_fixtures, make_spec, opening, record_of


class Ahead(SystemClock):
    """A clock that ``by_s`` can move on."""

    by_s = 0.0

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.by_s


class SlowToStart(TestTarget):
    """Its start takes ``start_s`` on ``clock``, and no time of the test."""

    def __init__(self, record: TargetRecord, clock: Ahead, start_s: float) -> None:
        super().__init__(record)
        self._clock, self._start_s = clock, start_s

    async def start(self) -> TargetRecord:
        self._clock.by_s += self._start_s
        return await super().start()


async def run_with(folder: Path, budget: Budget, start_s: float) -> tuple[RunEnd, SlowToStart, list[RunEvent]]:
    clock = Ahead()
    target = SlowToStart(record_of("a"), clock, start_s)
    spec = make_spec(PlanRequest(), make_fixtures(3), [target.record], budget=budget)
    events: list[RunEvent] = []
    opened = opening(folder / "run.jsonl", spec)
    end = await execute(spec, targets={"a": target}, open_log=opened, clock=clock, listeners=[events.append])
    return end, target, events


def said_at_start(events: list[RunEvent]) -> tuple[str, ...]:
    return next(event.messages for event in events if isinstance(event, RunStarted))


async def test_starting_counts_against_the_minutes_and_what_is_left_is_told(tmp_path: Path) -> None:
    end, target, events = await run_with(tmp_path, Budget(max_minutes=10), start_s=300)
    assert end.complete and len(target.asked) == 3
    (said,) = said_at_start(events)
    assert said.startswith("--max-minutes 10 ends this run in 5 min: start-up took 5 min")


async def test_a_start_that_takes_all_the_minutes_leaves_none_for_requests_and_that_is_told(tmp_path: Path) -> None:
    end, target, events = await run_with(tmp_path, Budget(max_minutes=2), start_s=150)
    assert end.reason == "budget" and target.asked == []
    assert any(isinstance(event, BudgetSpent) for event in events)
    (said,) = said_at_start(events)
    assert said.startswith("--max-minutes 2 ends this run now: start-up took")


@pytest.mark.parametrize("budget", [Budget(), Budget(max_usd=2.0)])
async def test_a_run_without_a_limit_of_minutes_is_told_of_none(tmp_path: Path, budget: Budget) -> None:
    end, _, events = await run_with(tmp_path, budget, start_s=300)
    assert end.complete and said_at_start(events) == ()
