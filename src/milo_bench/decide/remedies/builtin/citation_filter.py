"""Removes sentences without a citation."""

from __future__ import annotations

from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.remedies.plans import not_replayable

REMEDIES.add(
    "citation_filter",
    RemedyDefinition(
        title="a citation filter",
        says="removes sentences without a citation",
        hours=(4.0, 8.0, 12.0),
        done_when="a test proves that sentences without a citation never reach a reader",
        changes=not_replayable(
            "filtered answers were not graded, but a guard on the same check shows what the filter would affect"
        ),
    ),
)
