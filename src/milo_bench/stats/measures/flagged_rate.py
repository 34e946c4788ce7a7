"""Of the answers, those that a check flagged for review."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import rate, share
from milo_bench.stats.cases.rows import failed

MEASURES.add(
    "flagged_rate",
    rate(
        good="low",
        title="flagged for review",
        says="answers flagged for review",
        order=110,
        rows=lambda cases, own: share(cases.flagged, ~failed(cases)),
        phrase="flagged rate",
        safe=False,
    ),
)
