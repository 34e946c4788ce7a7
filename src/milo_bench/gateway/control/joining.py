"""Open incidents and a new one in, which of them has the same cause out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import msgspec

from milo_bench.store.state.incidents import Incident, IncidentPart

# The rules of a target are closed: whatever its work does then, has that cause.
OF_TARGET = frozenset({"target_closed", "behaviour"})
TargetsOf = Callable[[str], Collection[str]]
"""The targets that the rules of a workload call."""


def find_cause(new: Incident, found: Iterable[Incident], targets_of: TargetsOf) -> Incident | None:
    """The open incident that ``new``, an alarm, is a part of; None where its cause is its own.

    Alarms about one target have one cause, whatever they count and for whichever workload. So has the queue of a
    workload whose target has an incident, and an alarm of a workload whose queue has one.
    """
    if new.kind != "drift":
        return None
    return next((one for one in found if one.subject != new.subject and _is_cause(one, new, targets_of)), None)


def absorbed(new: Incident, found: Iterable[Incident]) -> tuple[Incident, ...]:
    """Open alarms about the target that ``new`` says is another one now: it is why they rang."""
    if new.kind not in OF_TARGET:
        return ()
    return tuple(one for one in found if one.kind == "drift" and new.target in _targets(one))


def with_parts(new: Incident, alarms: Iterable[Incident]) -> Incident:
    """``new`` with what ``alarms`` said."""
    parts = [part for one in alarms for part in (part_of(one), *one.also)]
    return msgspec.structs.replace(new, also=(*new.also, *parts))


def part_of(one: Incident) -> IncidentPart:
    return IncidentPart(one.subject, one.what, one.workload, one.target, one.rolled_back)


def _is_cause(one: Incident, new: Incident, targets_of: TargetsOf) -> bool:
    if one.kind != "drift" and one.kind not in OF_TARGET:
        return False
    targets = _targets(one)
    if new.target:
        workloads = {one.workload, *(part.workload for part in one.also)} if one.kind == "drift" else set()
        return new.target in targets or (not targets and new.workload in workloads)
    mine = set(targets_of(new.workload))
    if one.kind == "drift" and new.workload in (one.workload, *(part.workload for part in one.also)):
        return True
    return not targets.isdisjoint(mine)


def _targets(one: Incident) -> set[str]:
    return {target for target in (one.target, *(part.target for part in one.also)) if target}
