"""The mean score for unsupported claims, 1 to 5, that people gave to a sample of answers."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES, MeasureDefinition

MEASURES.add(
    "review_unsupported_claims",
    MeasureDefinition(
        kind="review",
        unit="points",
        good="high",
        title="review unsupported claims",
        says="mean reviewer score for unsupported claims",
        order=310,
    ),
)
