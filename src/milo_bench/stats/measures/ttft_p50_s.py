"""The median time from the intended start to the first token, in seconds."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import quantile

MEASURES.add(
    "ttft_p50_s",
    quantile(
        q=0.5,
        title="first token p50",
        says="median time to the first token",
        order=170,
        values=lambda cases: cases.ttft_s,
        phrase="median time to first token",
    ),
)
