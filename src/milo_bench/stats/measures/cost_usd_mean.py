"""The mean cost of an answer in US dollars, at the price of the target."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import mean

MEASURES.add(
    "cost_usd_mean",
    mean(
        unit="USD",
        good="low",
        title="cost per answer",
        says="mean cost of an answer",
        order=240,
        values=lambda cases: cases.cost_usd,
        phrase="mean cost of an answer",
    ),
)
