"""The mean tokens of thinking before an answer, as the server counts them, else by the chunks that carried them."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import mean, of_thinking

MEASURES.add(
    "reasoning_tokens_mean",
    mean(
        unit="tokens",
        good="neither",
        title="thinking tokens",
        says="mean tokens of thinking before an answer",
        order=225,
        values=lambda cases: of_thinking(cases, "reasoning_tokens"),
        phrase="mean thinking tokens",
    ),
)
