"""The 95th percentile of the time to the first text of an answer, after its thinking, in seconds."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import of_thinking, quantile

MEASURES.add(
    "first_text_p95_s",
    quantile(
        q=0.95,
        title="first visible token p95",
        says="95th percentile of the time to the first text of the answer, after its thinking",
        order=185,
        values=lambda cases: of_thinking(cases, "first_text_s"),
        phrase="p95 time to first visible token",
    ),
)
