"""The mean tokens of a prompt, as the server counts them."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import mean, tokens

MEASURES.add(
    "prompt_tokens_mean",
    mean(
        unit="tokens",
        good="neither",
        title="prompt tokens",
        says="mean tokens of a prompt",
        order=210,
        values=lambda cases: tokens(cases, cases.prompt_tokens),
        phrase="mean prompt tokens",
        at_terminal=False,
    ),
)
