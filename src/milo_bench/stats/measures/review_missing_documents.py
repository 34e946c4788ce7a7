"""The mean score for missing documents, 1 to 5, that people gave to a sample of answers."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES, MeasureDefinition

MEASURES.add(
    "review_missing_documents",
    MeasureDefinition(
        kind="review",
        unit="points",
        good="high",
        title="review missing documents",
        says="mean reviewer score for missing documents",
        order=320,
    ),
)
