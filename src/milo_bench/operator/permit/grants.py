"""Permits in, the operators of a routing table out; and such a table, a target and a day in, what it may do out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal

from msgspec import Struct

from milo_bench.config.routing.file import RoutingFile
from milo_bench.config.routing.operators import LADDER, GrantedLevel, OperatorGrant
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import TargetRecord
from milo_bench.operator.permit.holds import PINNED, why_void
from milo_bench.operator.permit.records import OperatorPermit

_ID_CHARACTERS: Final = 16


class Allowed(Struct, frozen=True):
    """What a target may do now. ``void`` says why its permit does not hold; the level is then none.

    What ``level`` does not allow goes to ``route``: people, or the hosted ``target`` (to be asked
    about in its own turn, as it is served then). None where nothing is left over.
    """

    level: GrantedLevel
    route: Literal["human_review", "hosted"] | None
    target: str | None = None
    void: tuple[str, ...] = ()


class _Terms(Struct, frozen=True):
    """A grant of a routing table as ``permit_holds`` reads it."""

    target: str
    model: str
    model_digest: str
    quantisation: str
    runtime: str
    runtime_version: str
    configuration: str
    bench_version: int
    issued: str
    expires: str


def permit_id(permit: OperatorPermit) -> str:
    """A short hash over everything that the permit is about, so that none of it can change unseen."""
    pinned = {field: getattr(permit, field) for field in PINNED}
    levels = {kind.kind: kind.level for kind in permit.kinds}
    return _id(permit.target, pinned, permit.bench_version, permit.seeds, permit.issued, permit.expires, levels)


def grants_of(permits: Sequence[tuple[OperatorPermit, bool]]) -> dict[str, dict[str, Any]]:
    """The ``operators`` of a routing table, by target; each permit comes with whether its target is hosted.

    What a local target is not permitted goes to the hosted one that is permitted most of that kind
    of work and more than it, else to people.
    """
    found: dict[str, dict[str, Any]] = {}
    for permit, hosted in permits:
        others = [other for other, outside in permits if outside and other is not permit and not hosted]
        kinds: dict[str, dict[str, Any]] = {}
        for kind in permit.kinds:
            best = max(others, key=lambda other: LADDER.index(other.level_for(kind.kind)), default=None)
            kinds[kind.kind] = {"level": kind.level}
            if best is not None and LADDER.index(best.level_for(kind.kind)) > LADDER.index(kind.level):
                kinds[kind.kind] |= {"route": "hosted", "target": best.target}
            elif kind.level != "operator":
                kinds[kind.kind] |= {"route": "human_review"}
        found[permit.target] = {
            "permit": permit_id(permit),
            **{field: getattr(permit, field) for field in PINNED},
            "hosted": hosted,
            "bench_version": permit.bench_version,
            "seeds": permit.seeds,
            "issued": permit.issued,
            "expires": permit.expires,
            "kinds": kinds,
            "void_when": permit.void_when,
        }
    return found


def operator_allows(file: RoutingFile, target: TargetRecord, kind: str, today: date) -> Allowed:
    """The level of ``target`` for ``kind`` today, where the rest goes, and the reasons if its permit is void."""
    grant = file.operators.get(target.name)
    if grant is None:
        return Allowed("none", "human_review", void=(f"no permit names '{target.name}'",))
    granted = grant.kinds.get(kind)
    if granted is None:
        return Allowed("none", "human_review", void=(f"the permit does not cover '{kind}'",))
    void = _void(target.name, grant, target, today)
    if void:
        return Allowed("none", granted.route or "human_review", granted.target, void)
    return Allowed(granted.level, granted.route, granted.target)


def _void(name: str, grant: OperatorGrant, target: TargetRecord, today: date) -> tuple[str, ...]:
    pinned = {field: str(getattr(grant, field)) for field in PINNED}
    issued, expires = grant.issued.isoformat(), grant.expires.isoformat()
    levels = {kind: granted.level for kind, granted in grant.kinds.items()}
    reasons = why_void(
        _Terms(name, **pinned, bench_version=grant.bench_version, issued=issued, expires=expires), target, today
    )
    if grant.permit != _id(name, pinned, grant.bench_version, grant.seeds, issued, expires, levels):
        changed = "the model, the seeds, a date or a level changed after the permit was granted"
        return (*reasons, f"{changed} ({grant.permit})")
    return reasons


def _id(
    target: str,
    pinned: Mapping[str, str],
    bench_version: int,
    seeds: Sequence[int],
    issued: str,
    expires: str,
    levels: Mapping[str, str],
) -> str:
    terms = [target, dict(pinned), bench_version, list(seeds), issued, expires, dict(levels)]
    return f"permit-{sha256_data(terms)[:_ID_CHARACTERS]}"
