"""Of the fixtures of a class, those that got its label."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import labelled, missed_labels, rate

MEASURES.add(
    "recall",
    rate(
        good="high",
        title="recall",
        says="fixtures of a class that get its label",
        order=60,
        rows=lambda cases, own: labelled(cases, own, cases.want),
        missed=missed_labels,
        needs="class",
    ),
)
