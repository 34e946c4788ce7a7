"""Of the expected records, those that are in the answer."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import missed_once, parts_of, rate

MEASURES.add(
    "row_recall",
    rate(
        good="high",
        title="records found",
        says="expected records that are in the answer",
        order=81,
        rows=lambda cases, own: parts_of(cases, "record_list.found", "no answer was judged by the check 'record_list'"),
        missed=missed_once,
    ),
)
