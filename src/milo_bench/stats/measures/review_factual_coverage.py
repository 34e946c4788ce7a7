"""The mean score for factual coverage, 1 to 5, that people gave to a sample of answers."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES, MeasureDefinition

MEASURES.add(
    "review_factual_coverage",
    MeasureDefinition(
        kind="review",
        unit="points",
        good="high",
        title="review factual coverage",
        says="mean reviewer score for factual coverage",
        order=300,
    ),
)
