"""The median time from the intended start to the whole answer, in seconds."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import quantile

MEASURES.add(
    "latency_p50_s",
    quantile(
        q=0.5,
        title="latency p50",
        says="median time to the whole answer",
        order=150,
        values=lambda cases: cases.latency_s,
        phrase="median latency",
    ),
)
