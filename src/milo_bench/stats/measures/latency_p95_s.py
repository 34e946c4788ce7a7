"""The 95th percentile of the time from the intended start to the whole answer, in seconds."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import quantile

MEASURES.add(
    "latency_p95_s",
    quantile(
        q=0.95,
        title="latency p95",
        says="95th percentile of the time to the whole answer",
        order=160,
        values=lambda cases: cases.latency_s,
        phrase="p95 latency",
    ),
)
