"""Of the records of the answers, those that are no expected one and no repeat of one."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import parts_lost, rate

MEASURES.add(
    "row_invented_rate",
    rate(
        good="low",
        title="records invented",
        says="records of the answer that are invented",
        order=84,
        rows=lambda cases, own: parts_lost(
            cases, "record_list.genuine", "no answer was judged by the check 'record_list'"
        ),
    ),
)
