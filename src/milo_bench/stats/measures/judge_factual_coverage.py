"""The mean score for factual coverage, 1 to 5, by a model judge that agrees with people."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES, MeasureDefinition

MEASURES.add(
    "judge_factual_coverage",
    MeasureDefinition(
        kind="review",
        unit="points",
        good="high",
        title="judge factual coverage",
        says="mean score of a validated model judge for factual coverage",
        order=340,
    ),
)
