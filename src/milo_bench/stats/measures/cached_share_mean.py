"""The mean share of a prompt that the server took from its cache, where it says."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import mean

MEASURES.add(
    "cached_share_mean",
    mean(
        unit="share",
        good="neither",
        title="prompt from cache",
        says="mean share of a prompt that the server took from its cache",
        order=215,
        values=lambda cases: cases.cached_share,
        phrase="mean cached share of prompts",
    ),
)
