"""Median time to the first token of prompts that came out of a cache, in seconds."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import quantile

MEASURES.add(
    "warm_ttft_p50_s",
    quantile(
        q=0.5,
        title="first token p50, warm",
        says="median time to the first token of prompts that came out of a cache",
        order=171,
        values=lambda cases: cases.warm_ttft_s,
        phrase="median time to first token of warm prompts",
    ),
)
