"""Of the answers, those cut off at max_tokens."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import answered, rate, share

MEASURES.add(
    "cut_at_max_tokens_rate",
    rate(
        good="low",
        title="cut at max_tokens",
        says="answers cut off at max_tokens",
        order=200,
        rows=lambda cases, own: share(cases.cut, answered(cases)),
        phrase="share of answers cut at max_tokens",
        of_calls=True,
    ),
)
