"""The mean score for usefulness, 1 to 5, by a model judge that agrees with people."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES, MeasureDefinition

MEASURES.add(
    "judge_usefulness",
    MeasureDefinition(
        kind="review",
        unit="points",
        good="high",
        title="judge usefulness",
        says="mean score of a validated model judge for usefulness",
        order=370,
    ),
)
