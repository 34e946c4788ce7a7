"""The mean score for missing documents, 1 to 5, by a model judge that agrees with people."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES, MeasureDefinition

MEASURES.add(
    "judge_missing_documents",
    MeasureDefinition(
        kind="review",
        unit="points",
        good="high",
        title="judge missing documents",
        says="mean score of a validated model judge for missing documents",
        order=360,
    ),
)
