"""Of the labels that were given, those that are correct."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import labelled, missed_labels, rate

MEASURES.add(
    "accuracy",
    rate(
        good="high",
        title="label accuracy",
        phrase="accuracy",
        says="correct labels",
        order=50,
        rows=labelled,
        missed=missed_labels,
    ),
)
