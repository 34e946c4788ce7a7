"""Drafts with a local model and checks each draft with a stronger one."""

from __future__ import annotations

from collections.abc import Iterator

from milo_bench.config.policy.models import RemedyConfig
from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.remedies.plans import Ground, RemedyChange, hosted_baseline


def _changes(ground: Ground, name: str, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    verifier = remedy.target or hosted_baseline(ground)
    if not verifier or verifier == ground.base.target or ground.measured(target=verifier, decoding="free") is None:
        yield RemedyChange(name, why_not="no verifier was run on this work")
    elif ground.target(ground.base.target).hosted:
        yield RemedyChange(name, why_not="a mixed route needs a local model for the draft")
    else:
        yield RemedyChange(name, final={"route": "mixed", "verifier": verifier}, params={"verifier": verifier})


REMEDIES.add(
    "mixed_routing",
    RemedyDefinition(
        title="a local draft with a stronger verifier",
        short="second model checks",
        step="Let a second model check",
        says="drafts with a local model and checks each draft with a stronger one",
        settings="`target`: the model that verifies",
        hours=(8.0, 16.0, 32.0),
        done_when="the verifier checks every draft and a new run passes the gates",
        changes=_changes,
        splits=True,
    ),
)
