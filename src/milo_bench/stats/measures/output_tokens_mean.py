"""The mean tokens of an answer, as the server counts them."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import mean, tokens

MEASURES.add(
    "output_tokens_mean",
    mean(
        unit="tokens",
        good="neither",
        title="output tokens",
        says="mean tokens of an answer",
        order=220,
        values=lambda cases: tokens(cases, cases.output_tokens),
        phrase="mean output tokens",
        at_terminal=False,
    ),
)
