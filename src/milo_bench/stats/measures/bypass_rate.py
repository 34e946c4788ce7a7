"""Of all attempts, those that a rule routed elsewhere before any model was called."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import of_all, rate

MEASURES.add(
    "bypass_rate",
    rate(
        good="neither",
        title="sent to review by rule",
        says="fixtures that a rule routed elsewhere before any model was called",
        order=120,
        rows=lambda cases, own: of_all(cases.bypassed),
        phrase="bypass rate",
    ),
)
