"""The mean score for usefulness, 1 to 5, that people gave to a sample of answers."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES, MeasureDefinition

MEASURES.add(
    "review_usefulness",
    MeasureDefinition(
        kind="review",
        unit="points",
        good="high",
        title="review usefulness",
        says="mean reviewer score for usefulness",
        order=330,
    ),
)
