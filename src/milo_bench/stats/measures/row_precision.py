"""Of the records of the answers, those that are expected ones."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import parts_of, rate

MEASURES.add(
    "row_precision",
    rate(
        good="high",
        title="record precision",
        says="records of the answer that are expected",
        order=83,
        rows=lambda cases, own: parts_of(
            cases, "record_list.precision", "no answer was judged by the check 'record_list'"
        ),
    ),
)
