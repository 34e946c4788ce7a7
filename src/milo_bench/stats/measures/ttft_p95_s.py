"""The 95th percentile of the time from the intended start to the first token, in seconds."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import quantile

MEASURES.add(
    "ttft_p95_s",
    quantile(
        q=0.95,
        title="first token p95",
        says="95th percentile of the time to the first token",
        order=180,
        values=lambda cases: cases.ttft_s,
        phrase="p95 time to first token",
    ),
)
