"""Median time to the whole answer to prompts that came out of a cache, in seconds."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import quantile

MEASURES.add(
    "warm_latency_p50_s",
    quantile(
        q=0.5,
        title="latency p50, warm",
        says="median time to the whole answer to prompts that came out of a cache",
        order=151,
        values=lambda cases: cases.warm_latency_s,
        phrase="median latency of warm prompts",
    ),
)
