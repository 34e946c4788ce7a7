"""Of the answers that a model gave, those that passed every check."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import answered, passed, rate

MEASURES.add(
    "pass_rate_of_answers",
    rate(
        good="high",
        title="pass rate of answers",
        says="the same, of the attempts that the model answered",
        order=20,
        rows=lambda cases, own: passed(cases, answered(cases)),
    ),
)
