"""Logs of runs that stopped by what they saw in; the order in which they asked, and the rows that count, out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from milo_bench.core.records import Plan
from milo_bench.decide.records import Candidate
from milo_bench.run.schedule import NOT_RETRIED
from milo_bench.stats.arrays import Bools
from milo_bench.stats.cases.columns import NOT_JUDGED, Cases, FixtureTable
from milo_bench.store.log.reader import RunLog

Places = NDArray[np.int32]


def rows_that_count(
    logs: Iterable[RunLog], table: FixtureTable, measured: Mapping[Candidate, Cases]
) -> tuple[dict[Candidate, Cases], dict[Candidate, Places]]:
    """``measured``, cut where a stopping rule looked no further; and the place of each fixture in the order of asking.

    That order is of the fixture lines of a log: those of the plan, then fresh ones as they were drawn. What other logs
    add comes after. Candidates of no such log are not changed, and have no places.
    """
    cases, places = dict(measured), dict[Candidate, Places]()
    numbers = table.numbers()
    for log in logs:
        if log.header.plan.stopping is None:
            continue
        ends = {(end.workload, end.target): end.fixtures for end in log.work_ends}
        order = np.arange(len(numbers), dtype=np.int32) + len(log.fixtures)
        for place, id_ in enumerate(log.fixtures):
            order[numbers[id_]] = place
        for candidate in measured:
            asked = [id_ for id_, fixture in log.fixtures.items() if fixture.workload == candidate.workload]
            if candidate.target not in log.header.plan.targets or not asked:
                continue
            withheld = frozenset(log.header.plan.withheld.get(candidate.target, ()))
            wanted = np.array([numbers[id_] for id_ in asked if id_ not in withheld], dtype=np.int64)
            ended = ends.get((candidate.workload, candidate.target), len(wanted))
            cases[candidate] = _first_asked(cases[candidate], wanted, ended, log.header.plan)
            places.setdefault(candidate, order)
    return cases, places


def _first_asked(cases: Cases, wanted: NDArray[np.int64], ended: int, plan: Plan) -> Cases:
    """``cases`` without the fixtures of ``wanted`` from the first on that lacks an answer, or that came after the end.

    A run that a budget or a person ended has answers to fixtures after some that it was still waiting for. Quick
    answers may be right more often, so those do not count. Nor do answers that were under way when the rule ended the
    work after ``ended`` fixtures: a decision rests on what the rule saw.
    """
    size = int(max(wanted.max(initial=-1), cases.fixture.max(initial=-1))) + 1
    whole = np.bincount(cases.fixture[~_to_be_retried(cases, plan)], minlength=size) >= plan.repeats
    missing = np.flatnonzero(~whole[wanted])
    last = min([ended, *missing[:1].tolist()])
    if last >= len(wanted):
        return cases
    after = np.zeros(size, dtype=np.bool_)
    after[wanted[max(0, last) :]] = True
    return cases.take(~after[cases.fixture])


def _to_be_retried(cases: Cases, plan: Plan) -> Bools:
    final = np.array([kind in NOT_RETRIED for kind in cases.failure_kinds] + [False], dtype=np.bool_)
    lost = cases.outcome == NOT_JUDGED
    found: Bools = lost & (cases.retry < plan.retries) & ~final[cases.failure_kind]
    return found
