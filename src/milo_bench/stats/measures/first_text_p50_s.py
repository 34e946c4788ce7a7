"""The median time to the first text of an answer, after its thinking, in seconds."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import of_thinking, quantile

MEASURES.add(
    "first_text_p50_s",
    quantile(
        q=0.5,
        title="first visible token p50",
        says="median time to the first text of the answer, after its thinking",
        order=175,
        values=lambda cases: of_thinking(cases, "first_text_s"),
        phrase="median time to first visible token",
    ),
)
