"""Gives the work to another model that was run on it."""

from __future__ import annotations

from collections.abc import Iterator

from milo_bench.config.policy.models import RemedyConfig
from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.remedies.plans import Ground, RemedyChange


def _changes(ground: Ground, name: str, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    names = [remedy.target] if remedy.target else ground.others(hosted=False)
    names = [one for one in names if one != ground.base.target and ground.measured(target=one) is not None]
    if not names:
        yield RemedyChange(name, why_not="no other local target was run with this variant")
    for one in names:
        hosted = ground.target(one).hosted
        final = {"target": one, "route": "hosted" if hosted else "local"}
        yield RemedyChange(name, final=final, params={"target": one}, alone=True, title=f"answers from {one}", way=one)


REMEDIES.add(
    "other_target",
    RemedyDefinition(
        title="another model or quantisation",
        short="other model",
        step="Use the other model",
        says="gives the work to another model that was run on it",
        settings="`target` for one target only",
        hours=(4.0, 8.0, 16.0),
        done_when="routing names the other target and a new run on it passes the gates",
        changes=_changes,
        elsewhere=True,
    ),
)
