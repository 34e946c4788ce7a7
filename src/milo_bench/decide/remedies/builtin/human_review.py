"""Sends all of the work to human review."""

from __future__ import annotations

from collections.abc import Iterator

from milo_bench.config.policy.models import RemedyConfig
from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.remedies.plans import Ground, RemedyChange


def _changes(ground: Ground, name: str, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    yield RemedyChange(name, final={"route": "human_review"}, alone=True)


REMEDIES.add(
    "human_review",
    RemedyDefinition(
        title="human review",
        short="human review",
        step="Send risky cases to people",
        says="sends all of the work to human review",
        hours=(4.0, 8.0, 16.0),
        done_when="the review queue is staffed and its length is monitored",
        changes=_changes,
    ),
)
