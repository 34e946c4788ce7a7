"""Of all attempts, those that passed every check."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import of_all, rate

MEASURES.add(
    "pass_rate",
    rate(
        good="high",
        title="pass rate",
        says="attempts that pass every check, failed attempts included",
        order=10,
        rows=lambda cases, own: of_all(cases.outcome == 1),
        by_tag=True,
    ),
)
