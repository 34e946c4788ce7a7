"""Of the answers with the label of a class, those that are correct."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import labelled, rate

MEASURES.add(
    "precision",
    rate(
        good="high",
        title="precision",
        says="correct labels among those of a class",
        order=70,
        rows=lambda cases, own: labelled(cases, own, cases.got),
        needs="class",
        at_terminal=False,
    ),
)
