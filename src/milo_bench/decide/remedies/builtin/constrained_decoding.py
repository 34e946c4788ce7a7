"""Decodes within the answer schema."""

from __future__ import annotations

from collections.abc import Iterator

from milo_bench.config.policy.models import RemedyConfig
from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.remedies.plans import Ground, RemedyChange


def _changes(ground: Ground, name: str, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    if ground.measured(decoding="constrained") is None:
        yield RemedyChange(name, why_not="constrained decoding was not run on this target")
    else:
        yield RemedyChange(name, final={"decoding": "constrained"}, params={"decoding": "constrained"})


REMEDIES.add(
    "constrained_decoding",
    RemedyDefinition(
        title="constrained decoding",
        short="constrained decoding",
        step="Allow only answers of the right form",
        says="decodes within the answer schema",
        hours=(2.0, 4.0, 8.0),
        done_when="every request carries the answer schema and a new run passes the gates",
        changes=_changes,
    ),
)
