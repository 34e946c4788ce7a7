"""Of the answers that were checked for it, those that break a policy rule."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import judged, rate

MEASURES.add(
    "policy_violation_rate",
    rate(
        good="low",
        title="policy violations",
        says="answers that break a policy rule",
        order=100,
        rows=lambda cases, own: judged(cases.policy_broken, cases, "no check looks for policy violations"),
        phrase="policy violation rate",
    ),
)
