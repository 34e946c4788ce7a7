"""Measures of runs that stopped by what they saw in, the same with intervals that hold at every look out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from msgspec import structs

from milo_bench.core.records import Interval, Measure
from milo_bench.decide.gates.ends import ends_at_any_look
from milo_bench.decide.records import Candidate
from milo_bench.evidence.asked import Places
from milo_bench.stats.cases.columns import Cases, FixtureTable
from milo_bench.stats.cases.rows import select_rows

_EACH_END = 0.975  # 95% between both


def at_any_look(
    measures: Iterable[Measure],
    cases: Mapping[Candidate, Cases],
    table: FixtureTable,
    places: Mapping[Candidate, Places],
) -> tuple[Measure, ...]:
    """``measures``; those of candidates with ``places`` get the intervals that a decision would judge them by.

    An interval of a fixed number of fixtures is too narrow for a run that ended because of what it saw.
    """
    stopped = {(one.workload, one.target, one.decoding): one for one in places}
    found = []
    for measure in measures:
        candidate = stopped.get((measure.workload, measure.target, measure.decoding))
        if candidate is not None and measure.interval is not None:
            columns = cases[candidate]
            interval = _interval(columns, measure, table, places[candidate])
            measure = structs.replace(measure, interval=interval)
        found.append(measure)
    return tuple(found)


def _interval(cases: Cases, measure: Measure, table: FixtureTable, order: Places) -> Interval | None:
    rows = select_rows(cases, table, measure.name, slice=measure.slice)
    group = None
    if table.group is not None:
        # A group stands where its first fixture was asked.
        first = np.full(len(table.group), len(order) + int(order.max(initial=0)), dtype=np.int32)
        np.minimum.at(first, table.group, order)
        group = np.zeros(int(order.max(initial=0)) + 1, dtype=np.int32)
        group[order] = first[table.group]
    ends = ends_at_any_look(rows, order[cases.fixture], _EACH_END, group=group, in_order=True)
    if ends.low is None or ends.high is None:
        return None
    return Interval(ends.low, ends.high, 2 * _EACH_END - 1, ends.method)
