"""The mean score for unsupported claims, 1 to 5, by a model judge that agrees with people."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES, MeasureDefinition

MEASURES.add(
    "judge_unsupported_claims",
    MeasureDefinition(
        kind="review",
        unit="points",
        good="high",
        title="judge unsupported claims",
        says="mean score of a validated model judge for unsupported claims",
        order=350,
    ),
)
