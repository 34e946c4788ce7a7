"""Of the records of the answers, those that repeat another one."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import parts_lost, rate

MEASURES.add(
    "row_repeated_rate",
    rate(
        good="low",
        title="records repeated",
        says="records of the answer that repeat another",
        order=85,
        rows=lambda cases, own: parts_lost(
            cases, "record_list.unique", "no answer was judged by the check 'record_list'"
        ),
    ),
)
