"""Removes sentences without a citation."""

from __future__ import annotations

from collections.abc import Iterator

from milo_bench.config.policy.models import RemedyConfig
from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.config.routing.rule import CUT_UNCITED
from milo_bench.decide.remedies.plans import Ground, RemedyChange


def _changes(ground: Ground, name: str, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    if ground.base.variant or ground.measured(variant=CUT_UNCITED) is None:
        yield RemedyChange(name, why_not="the logs keep no answers with citations that could be cut")
    else:
        yield RemedyChange(name, final={"variant": CUT_UNCITED}, params={"step": CUT_UNCITED})


REMEDIES.add(
    "citation_filter",
    RemedyDefinition(
        title="a citation filter",
        short="citation filter",
        step="Cut sentences that cite nothing",
        says="removes sentences without a citation",
        hours=(4.0, 8.0, 12.0),
        done_when="a test proves that sentences without a citation never reach a reader",
        changes=_changes,
        rewrites=True,
    ),
)
