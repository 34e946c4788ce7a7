"""Answers of a run as they are recorded in; the work whose gates are all decided, or out of reach, out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from milo_bench.config.policy.file import PolicyFile
from milo_bench.core.records import Attempt, Execution, Fixture, Graded, RunHeader, TargetRecord, WorkEnd, WorkEnding
from milo_bench.core.units import figure
from milo_bench.decide.gates.looking import BEYOND_ROUTING, COMPARED, NEVER, LookedGate, gate_name
from milo_bench.evidence.executing import ExecutedChecks, calls_of
from milo_bench.evidence.judging import Judge, choose_judge
from milo_bench.evidence.until_decided.beside import BesideBaseline
from milo_bench.evidence.until_decided.look import AskedFixtures, WorkLooks
from milo_bench.evidence.until_decided.work import WatchedWork
from milo_bench.grade.engine import CheckBroken, grade_attempt, unjudged_by
from milo_bench.grade.own_check import LatestExecutions, latest_executions
from milo_bench.run.events import OpenGate, OpenWork
from milo_bench.run.own_checks import LiveChecks, OwnCall
from milo_bench.run.spec import RunSpec
from milo_bench.run.steering import Steer
from milo_bench.stats.betting import EVERY_LOOK
from milo_bench.stats.cases.cache import cache_rule
from milo_bench.store.log.reader import RunLog, read_run_log

LEAST_FOR_OUT_OF_REACH: Final = 20  # fixtures before a gate is called out of reach by what was seen of it
FRESH_AT_ONCE: Final = 20
_BROKEN_IN_A_ROW: Final = 5  # answers that the suite's own Python breaks on before the run ends

# A workload, and how many fresh fixtures of it there are already and shall be more, in; the next ones out.
DrawFixtures = Callable[[str, int, int], Sequence[Fixture]]


class UntilDecided:
    """The steering of a run under a stopping rule.

    A workload on a target is over when each of its gates that answers can decide is decided, or needs more fixtures
    than there are even at the most favourable rate that is plausible. It is over before that when a gate fails by so
    much that no routing of these answers could pass it. The baseline goes on while anything is compared with it.
    Workloads without such gates are asked in full.
    """

    def __init__(
        self,
        spec: RunSpec,
        policy: PolicyFile,
        targets: Sequence[TargetRecord],
        *,
        fresh: DrawFixtures | None = None,
        most_fresh: Mapping[str, int] | None = None,
        resumed: Path | None = None,
        live: LiveChecks | None = None,
        beside: BesideBaseline | None = None,
    ) -> None:
        stopping = spec.plan.stopping
        assert stopping is not None
        self._spec = spec
        self._resumed = resumed
        self._live = live
        self.executed = ExecutedChecks()
        self._broken_in_a_row = 0
        self._fresh = fresh if stopping.fresh_seed is not None else None
        self._most = stopping.most_fixtures
        self._most_fresh = most_fresh or {}
        planned = spec.planned_fixtures()
        self._asked = AskedFixtures.of(planned, spec.workloads)
        self._planned: dict[str, list[str]] = {}
        for fixture in planned:
            self._planned.setdefault(fixture.workload, []).append(fixture.id)
        self._first = {name: len(ids) for name, ids in self._planned.items()}
        known = targets if beside is None else (*targets, beside.target)
        self._looks = WorkLooks(policy, spec.plan, known, spec.workloads, spec.store_text)
        self._works: dict[tuple[str, str], WatchedWork] = {
            (workload, target.name): self._looks.new_work(workload, target.name, ids, self._asked.by_id)
            for workload, ids in self._planned.items()
            for target in targets
        }
        self._recorded: dict[tuple[str, str], WatchedWork] = {}  # the baseline's, of another log
        if beside is not None:
            contracts = {name: spec.workloads[name] for name in self._planned}
            self._recorded = beside.works(self._looks, self._asked, contracts)
            beside.require_whole(policy, contracts, spec.plan, self._planned, self._recorded)
        self._looks.take(self._all)
        self._new_groups: dict[str, bool] = {}  # whether the generator gives a workload groups that it has not
        self._gates: dict[tuple[str, str], tuple[LookedGate, ...]] = {}  # at the last look

    @property
    def _all(self) -> dict[tuple[str, str], WatchedWork]:
        return {**self._works, **self._recorded}

    # ------------------------------------------------------------ what a run asks

    def take_up(self, header: RunHeader) -> Sequence[Steer]:
        """What the log that is resumed says: fresh fixtures it drew, work that is over, and answers looked at anew."""
        for target in header.targets:  # what it says of its cache is known once it has started
            for work in self._works.values():
                if work.target == target.name:
                    work.judge_times_by(cache_rule(header.plan, target))
        if self._resumed is None:
            return (Steer(open=self._open()),)
        log = read_run_log(self._resumed, strict=True)
        steers = list(self._fresh_of(log))
        latest = latest_executions(log.executions)
        executed = () if self._live is None else tuple(self._live.execute(tuple(self._calls(log.attempts, latest))))
        self._count(executed)
        if executed:
            steers.append(Steer(self._open(), executions=executed))
        latest = latest_executions([*log.executions, *executed])
        judge = choose_judge(log, latest)
        for attempt in log.attempts:
            self._put(attempt, self._graded(attempt, judge))
        over = tuple(log.work_ends)
        for end in over:
            self._works[end.workload, end.target].is_over = True
        steers.append(Steer(ended_before=over, open=()))
        return (*steers, *self._after(list(self._works)))

    def must_execute(self, attempts: Sequence[Attempt]) -> bool:
        return self._live is not None and next(self._calls(attempts), None) is not None

    def execute(self, attempts: Sequence[Attempt]) -> Sequence[Execution]:
        return () if self._live is None else self._live.execute(tuple(self._calls(attempts)))

    def interrupt(self) -> None:
        if self._live is not None:
            self._live.interrupt()

    def close(self) -> None:
        if self._live is not None:
            self._live.close()

    def look(self, attempts: Sequence[Attempt], executions: Sequence[Execution] = ()) -> Sequence[Steer]:
        """Judge the work that ``attempts`` belong to, where they complete a fixture."""
        touched: dict[tuple[str, str], None] = {}
        self._count(executions)
        latest = latest_executions(executions)

        def judge(attempt: Attempt) -> Graded:
            fixture = self._asked.by_id[attempt.key.fixture]
            return grade_attempt(self._spec.workloads[fixture.workload], fixture, attempt, latest.get(attempt.key))

        for attempt in attempts:
            touched[self._put(attempt, self._graded(attempt, judge))] = None
        judged = (Steer(self._open(), executions=tuple(executions)),) if executions else ()
        return (*judged, *self._after(list(touched)))

    def _graded(self, attempt: Attempt, judge: Judge) -> Graded:
        """An answer that the suite's own Python broke on decides nothing; Python that breaks on all ends the run."""
        try:
            graded = judge(attempt)
        except CheckBroken as error:
            self._broken_in_a_row += 1
            if self._live is None or self._broken_in_a_row == _BROKEN_IN_A_ROW:
                raise
            workload = self._asked.by_id[attempt.key.fixture].workload
            return unjudged_by(self._spec.workloads[workload], attempt, error.message)
        self._broken_in_a_row = 0
        return graded

    def _calls(self, attempts: Iterable[Attempt], known: LatestExecutions = MappingProxyType({})) -> Iterator[OwnCall]:
        for attempt in attempts:
            fixture = self._asked.by_id[attempt.key.fixture]
            yield from calls_of(self._spec.workloads[fixture.workload], fixture, attempt, known.get(attempt.key, {}))

    def _count(self, executions: Sequence[Execution]) -> None:
        self.executed.count += len(executions)
        self.executed.broken += [one for one in executions if one.ending != "done"]

    # ------------------------------------------------------------ looks

    def _put(self, attempt: Attempt, graded: Graded) -> tuple[str, str]:
        place = (self._asked.by_id[attempt.key.fixture].workload, attempt.key.target)
        self._works[place].put(attempt, graded, self._asked.numbers[attempt.key.fixture])
        return place

    def _after(self, touched: Sequence[tuple[str, str]]) -> tuple[Steer, ...]:
        looked = [place for place in touched if self._is_due(self._works[place])]
        ends = [end for place in looked if (end := self._look(place)) is not None]
        ends += self._baselines_over()
        steers = [Steer(self._open(), tuple(ends))] if looked or ends else []
        for workload in dict.fromkeys(workload for workload, _ in touched):
            fresh = self._more(workload)
            if fresh:
                steers.append(Steer(self._open(), fresh=fresh, targets=self._open_targets(workload)))
        return tuple(steers)

    def _is_due(self, work: WatchedWork) -> bool:
        step = 1 if work.asked <= EVERY_LOOK else work.asked // 100
        return not work.is_over and work.asked >= work.looked_at + step

    def _look(self, place: tuple[str, str]) -> WorkEnd | None:
        """Judge the gates of one work; why it is over, if it is."""
        work = self._works[place]
        work.looked_at = work.asked
        if not self._looks.is_judged(work):
            return None
        gates = self._gates[place] = self._looks.look(work, self._all, self._asked, proven=False)
        if gates and self._may_end(place, gates):
            # Passes that one answer to everything gets as well are not passes, whatever ``decide`` is asked later.
            gates = self._gates[place] = self._looks.look(work, self._all, self._asked, proven=True)
        if not gates or not self._may_end(place, gates):
            return None
        work.is_over = True
        if self._is_settled(place, gates):
            undecided = [gate for gate in gates if gate.outcome == "undecided"]
            ending: WorkEnding = "out_of_reach" if undecided else "decided"
            why = {gate_name(gate): gate.why_unread for gate in undecided if gate.why_unread}
        else:
            undecided, ending = [], "beyond_routing"
            why = {gate_name(gate): BEYOND_ROUTING for gate in gates if gate.beyond_routing}
        return WorkEnd(
            target=place[1],
            workload=place[0],
            ending=ending,
            fixtures=work.asked,
            gates={gate_name(gate): gate.outcome for gate in gates},
            needs={gate_name(gate): int(gate.needs) for gate in undecided if gate.needs not in (None, NEVER)},
            why=why,
        )

    def _may_end(self, place: tuple[str, str], gates: Sequence[LookedGate]) -> bool:
        """Whether each use of the work is settled, or has a gate that no routing of these answers could pass."""
        uses = dict.fromkeys(gate.use for gate in gates)
        of_uses = [[gate for gate in gates if gate.use == use] for use in uses]
        return all(any(gate.beyond_routing for gate in of) or self._is_settled(place, of) for of in of_uses)

    def _is_settled(self, place: tuple[str, str], gates: Sequence[LookedGate]) -> bool:
        """Whether each gate is decided, or out of reach.

        Where no answer could be read, a failure may be that of how they are asked for. It counts once that can be told.
        """
        return all(
            self._is_out_of_reach(place, gate)
            if gate.outcome == "undecided"
            else not gate.unread or gate.outcome != "fail" or not self._works[place].rest
            for gate in gates
        )

    def _is_out_of_reach(self, place: tuple[str, str], gate: LookedGate) -> bool:
        work = self._works[place]
        if work.asked < min(LEAST_FOR_OUT_OF_REACH, len(work.order)):
            return False
        if gate.rests_on_judge or gate.why_unread or (gate.value is None and self._has_no_value(place, gate)):
            return True
        recorded = self._recorded.get((place[0], self._looks.policy.baseline))
        if recorded is not None and COMPARED in gate.key:
            # Fresh fixtures come after those of the suite, and the baseline has no answers to them.
            return not any(recorded.is_answered(fixture) for fixture in work.rest)
        return gate.least is not None and (
            gate.least > self._available(place[0])
            # Where a generator tells its stories again, more fixtures are no more stories.
            or gate.least / gate.a_unit > self._units_available(place[0])
        )

    def _has_no_value(self, place: tuple[str, str], gate: LookedGate) -> bool:
        """Whether no answer of this run can give ``gate`` a value: no price, or nothing to compare with."""
        workload, target = place
        unpriced = gate.key.startswith("cost_usd") and self._looks.targets[target].price is None
        alone = COMPARED in gate.key and (workload, self._looks.policy.baseline) not in self._all
        return unpriced or alone

    def _available(self, workload: str) -> int:
        """Fixtures of a workload that this run can ask at the most."""
        first = self._first[workload]
        if self._fresh is None:
            return first
        return max(first, min(self._most, first + self._most_fresh.get(workload, self._most)))

    def _units_available(self, workload: str) -> float:
        """Groups of a workload, and fixtures that stand alone, that this run can ask at the most."""
        known = {fixture.group or fixture.id for fixture in self._asked.by_id.values() if fixture.workload == workload}
        if self._fresh is None:
            return len(known)
        if workload not in self._new_groups:
            # The next fixtures are looked at and not taken: drawing them gives the same ones again.
            drawn = self._fresh(workload, 0, len(known))
            groups = {fixture.group or fixture.id for fixture in drawn}
            self._new_groups[workload] = not groups <= known
        return NEVER if self._new_groups[workload] else len(known)

    def _baselines_over(self) -> list[WorkEnd]:
        """The baseline need not go on where all that is judged beside it is over."""
        found = []
        for (workload, target), work in self._works.items():
            if target != self._looks.policy.baseline or work.is_over:
                continue
            others = [one for one in self._works_of(workload) if self._looks.is_judged(one)]
            if others and all(other.is_over for other in others) and self._has_ahead(work, others):
                work.is_over = True
                found.append(WorkEnd(target, workload, "decided", work.asked))
        return found

    def _has_ahead(self, baseline: WatchedWork, others: Sequence[WatchedWork]) -> bool:
        """Whether the baseline was asked all that the others were, so that each pair is there."""
        return baseline.asked >= max(other.asked for other in others)

    # ------------------------------------------------------------ fresh fixtures

    def _more(self, workload: str) -> tuple[Fixture, ...]:
        """The next fresh fixtures, where a work that is open has nearly asked what is planned."""
        if self._fresh is None:
            return ()
        planned, open_works = self._planned[workload], [w for w in self._works_of(workload) if self._is_waiting(w)]
        left = min((len(work.rest) for work in open_works), default=FRESH_AT_ONCE)
        room = self._available(workload) - len(planned)
        if not open_works or room <= 0 or left > self._spec.plan.concurrency + FRESH_AT_ONCE // 2:
            return ()
        return self._draw(workload, min(FRESH_AT_ONCE, room))

    def _draw(self, workload: str, count: int) -> tuple[Fixture, ...]:
        assert self._fresh is not None
        drawn = tuple(self._fresh(workload, len(self._planned[workload]) - self._first[workload], count))
        self._asked = AskedFixtures.of((*self._asked.by_id.values(), *drawn), self._spec.workloads)
        ids = [fixture.id for fixture in drawn]
        self._planned[workload] += ids
        for work in self._works_of(workload):
            if not work.is_over:
                work.add(ids)
        return drawn

    def _is_waiting(self, work: WatchedWork) -> bool:
        """Whether more fixtures would help ``work``: it is judged by gates that answers can decide."""
        return not work.is_over and bool(self._gates.get((work.workload, work.target)))

    def _fresh_of(self, log: RunLog) -> Sequence[Steer]:
        """The fresh fixtures that ``log`` holds, drawn again: their order is that of the generator."""
        steers = []
        over = {(end.workload, end.target) for end in log.work_ends}
        for workload, first in self._first.items():
            in_log = sum(fixture.workload == workload for fixture in log.fixtures.values()) - first
            while in_log > 0 and self._fresh is not None:
                drawn = self._draw(workload, min(FRESH_AT_ONCE, in_log))
                in_log -= len(drawn)
                targets = tuple(name for name in self._spec.plan.targets if (workload, name) not in over)
                steers.append(Steer(fresh=drawn, targets=targets))
        return steers

    def _works_of(self, workload: str) -> list[WatchedWork]:
        return [work for (name, _), work in self._works.items() if name == workload]

    def _open_targets(self, workload: str) -> tuple[str, ...]:
        return tuple(work.target for work in self._works_of(workload) if not work.is_over)

    # ------------------------------------------------------------ what a person is told

    def _open(self) -> tuple[OpenWork, ...]:
        return tuple(
            OpenWork(place[1], place[0], work.asked, tuple(map(_open_gate, self._undecided(place))))
            for place, work in self._works.items()
            if not work.is_over
        )

    def _undecided(self, place: tuple[str, str]) -> list[LookedGate]:
        return [gate for gate in self._gates.get(place, ()) if gate.outcome == "undecided"]


def _open_gate(gate: LookedGate) -> OpenGate:
    sign = "≥" if gate.direction == "at_least" else "≤"
    needs = None if gate.needs is None or gate.needs == NEVER else int(gate.needs)
    return OpenGate(gate.title, figure(gate.value, gate.unit), f"{sign} {figure(gate.bound, gate.unit)}", needs)
