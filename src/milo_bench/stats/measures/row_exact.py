"""Of the expected records, those that are exactly right."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import missed_once, parts_of, rate

MEASURES.add(
    "row_exact",
    rate(
        good="high",
        title="records exact",
        says="expected records that are exactly right",
        order=82,
        rows=lambda cases, own: parts_of(cases, "record_list.exact", "no answer was judged by the check 'record_list'"),
        missed=missed_once,
    ),
)
