"""Figures of runs that stopped by what they saw in, their intervals that hold at every look out; pure.

An interval of a fixed number of fixtures is too narrow for a run that ended because of what it saw. Whatever shows an
interval of such a run takes it from here: scorecards, decisions and the figures of fixes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from milo_bench.core.records import Interval, Measure
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.gates.ends import Groups, ends_at_any_look
from milo_bench.decide.records import Candidate
from milo_bench.stats.cases.columns import Cases, FixtureTable
from milo_bench.stats.cases.rows import RateRows, ValueRows, select_rows


class EveryLook(Struct, frozen=True):
    """The order in which a run asked: ``places`` by number of fixture, ``group`` by place, None where none is alike."""

    places: NDArray[np.int32]
    group: Groups

    @classmethod
    def of(cls, places: NDArray[np.int32], table: FixtureTable) -> EveryLook:
        """A group stands where its first fixture was asked."""
        if table.group is None:
            return cls(places, None)
        by_place = np.arange(int(places.max(initial=0)) + 1, dtype=np.int32)
        first = np.full(len(table.group), len(by_place), dtype=np.int32)
        np.minimum.at(first, table.group, places)
        by_place[places] = first[table.group]
        return cls(places, by_place)

    def interval(
        self, rows: RateRows | ValueRows, fixture: NDArray[np.int32], confidence: float = 0.95
    ) -> Interval | None:
        """``confidence`` between both ends; ``fixture`` is the number of each row's. None where nothing is bounded."""
        ends = ends_at_any_look(rows, self.places[fixture], (1 + confidence) / 2, group=self.group, in_order=True)
        if ends.low is None or ends.high is None:
            return None
        low, high = (end if np.isfinite(end) else None for end in (ends.low, ends.high))
        return None if low is None and high is None else Interval(low, high, confidence, ends.method)

    def measure(self, measure: Measure, cases: Cases, table: FixtureTable) -> Measure:
        """``measure`` of ``cases`` with that interval, if it had one."""
        if measure.interval is None:
            return measure
        rows = select_rows(cases, table, measure.name, slice=measure.slice)
        return structs.replace(measure, interval=self.interval(rows, cases.fixture))


def every_look(evidence: Evidence, *candidates: Candidate) -> EveryLook | None:
    """The order in which the first of ``candidates`` was asked that stopped by what its run saw, if one did."""
    stopped = next((one for one in candidates if one in evidence.looked_at), None)
    return None if stopped is None else EveryLook.of(evidence.looked_at[stopped], evidence.fixtures)


def at_any_look(
    measures: Iterable[Measure],
    cases: Mapping[Candidate, Cases],
    table: FixtureTable,
    places: Mapping[Candidate, NDArray[np.int32]],
) -> tuple[Measure, ...]:
    """``measures``; those of candidates with ``places`` get the intervals that a decision would judge them by."""
    stopped = {(one.workload, one.target, one.decoding): one for one in places}
    looks = {one: EveryLook.of(order, table) for one, order in places.items()}
    found = []
    for measure in measures:
        one = stopped.get((measure.workload, measure.target, measure.decoding))
        found.append(measure if one is None else looks[one].measure(measure, cases[one], table))
    return tuple(found)
