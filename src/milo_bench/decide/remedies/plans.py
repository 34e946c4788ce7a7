"""What a policy allows for one workload on one target in, the routing tables to replay out; a bounded number.

Each remedy is a change to the plain route: rules before the model, rules on its answer, or another
contract, decoding, verifier or target. Changes of different kinds are also tried together, two or
three at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from msgspec import Struct, field

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.models import RemedyConfig
from milo_bench.config.policy.remedies import REMEDIES
from milo_bench.config.routing.file import RoutingFile, RoutingTarget, check_routing
from milo_bench.config.routing.rule import RUNTIME_CHECKS
from milo_bench.core.records import TargetRecord
from milo_bench.decide.records import Candidate
from milo_bench.decide.remedies.length_limit import LengthLimit
from milo_bench.decide.replay.recorded import Recorded
from milo_bench.decide.routing.guardrails import known_live
from milo_bench.decide.routing.refusals import reached, refusals_of

MOST_PLANS: Final = 24


class RemedyChange(Struct, frozen=True):
    """One remedy as parts of a routing table, or why there is nothing to replay (``why_not``).

    ``alone``: it is not tried together with others. ``way`` tells several changes of one remedy apart.
    """

    name: str
    before: tuple[dict[str, Any], ...] = ()
    after: tuple[dict[str, Any], ...] = ()
    final: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False
    why_not: str = ""
    title: str = ""
    way: str = ""


class ReplayPlan(Struct, frozen=True):
    """A routing table to replay. ``judged`` is the candidate whose answers the gates are judged on, None for nobody."""

    slug: str
    title: str
    remedies: tuple[str, ...]
    file: RoutingFile
    judged: Candidate | None
    params: Mapping[str, Mapping[str, Any]]


class Ground(Struct, frozen=True):
    """What plans are made from: the record of ``base``, the policy, the limit that was fitted."""

    recorded: Recorded
    policy: PolicyFile
    limit: LengthLimit | None
    texts_known: bool

    @property
    def base(self) -> Candidate:
        return self.recorded.base

    def measured(self, **change: Any) -> Candidate | None:
        """``base`` with parts replaced, where that was measured."""
        parts = {name: getattr(self.base, name) for name in ("workload", "target", "variant", "decoding")}
        found = Candidate(**{**parts, **change})
        return found if found in self.recorded.evidence.cases else None

    def target(self, name: str) -> TargetRecord:
        return self.recorded.evidence.targets[name]

    def others(self, *, hosted: bool) -> list[str]:
        """Other targets with recorded answers to this workload, by name."""
        names = {c.target for c in self.recorded.evidence.cases if c.workload == self.base.workload}
        return sorted(name for name in names - {self.base.target} if self.target(name).hosted == hosted)


def changes_for(ground: Ground) -> list[RemedyChange]:
    """Every remedy that the policy allows, in its order; several where it may be had in several ways."""
    config = ground.policy.workloads[ground.base.workload]
    return [
        change
        for name, remedy in config.remedies.items()
        for change in REMEDIES.get(name).changes(ground, name, remedy)
    ]


def plans_for(ground: Ground, changes: Sequence[RemedyChange]) -> list[ReplayPlan]:
    """The route as it is, each change, then pairs and triples of different kinds: at most ``MOST_PLANS``."""
    ready = [change for change in changes if not change.why_not]
    together = [change for change in ready if not change.alone]
    groups: list[tuple[RemedyChange, ...]] = [(), *((change,) for change in ready)]
    groups += [group for size in (2, 3) for group in combinations(together, size) if _distinct(group)]
    plans = []
    for group in groups:
        plan = _plan(ground, group)
        if plan is not None:
            plans.append(plan)
        if len(plans) == MOST_PLANS:
            break
    return plans


def routing_target(target: TargetRecord) -> RoutingTarget:
    return RoutingTarget(
        model=target.model, hosted=target.hosted, model_digest=target.model_digest, quantisation=target.quantisation
    )


def rule_id(*parts: str) -> str:
    """An id for a rule from names that may hold anything."""
    return re.sub(r"[^A-Za-z0-9_.:-]+", "-", ".".join(parts)).strip("-.:_")[:80] or "rule"


def _distinct(group: Sequence[RemedyChange]) -> bool:
    names = [change.name for change in group]
    set_twice = [key for change in group for key in change.final]
    return len(set(names)) == len(names) and len(set(set_twice)) == len(set_twice)


def _plan(ground: Ground, group: Sequence[RemedyChange]) -> ReplayPlan | None:
    workload, base = ground.base.workload, ground.base
    hosted = ground.target(base.target).hosted
    final: dict[str, Any] = {
        "id": rule_id(workload, "answer"),
        "when": {"workload": [workload]},
        "route": "hosted" if hosted else "local",
        "target": base.target,
        "variant": base.variant,
        "decoding": base.decoding,
    }
    for change in group:
        final |= change.final
    people = final["route"] == "human_review"
    judged = None if people else Candidate(workload, final["target"], final["variant"], final["decoding"])
    if judged is not None and judged not in ground.recorded.evidence.cases:
        return None
    rules = [rule for part in ("before", "after") for change in group for rule in getattr(change, part)]
    if people:
        rules, final = [], {key: final[key] for key in ("id", "when", "route")}
    refused = refusals_of(ground.policy, workload)
    rules = [*refused, *reached(rules, refused)]
    named = dict.fromkeys(
        name
        for rule in (*rules, final)
        for name in (rule.get("target"), rule.get("verifier"), rule.get("fallback", {}).get("target"))
        if name
    )
    file = RoutingFile.model_validate(
        {
            "targets": {name: routing_target(ground.target(name)).model_dump() for name in named},
            "rules": _merged([*rules, final]),
            "default": {"route": "human_review", "why": "no rule covers this work"},
        }
    )
    check_routing(file)
    names = tuple(change.name for change in group)
    title = " + ".join(change.title or REMEDIES.get(change.name).title for change in group) or "unchanged"
    ways = [*names, *(change.way for change in group if change.way)]
    return ReplayPlan("+".join(ways) or "as_is", title, names, file, judged, {c.name: dict(c.params) for c in group})


def _merged(rules: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two changes may stop an answer for the same checks; one rule says it."""
    seen: list[str] = []
    kept = []
    for rule in rules:
        when = dict(rule["when"])
        if "failed_checks" in when and rule["route"] == "human_review":
            checks = [check for check in when["failed_checks"] if check not in seen]
            seen += checks
            if not checks:
                continue
            rule = {**rule, "when": {**when, "failed_checks": checks}}
        kept.append(rule)
    return kept


def judged_checks(ground: Ground, candidate: Candidate) -> list[str]:
    """The checks that can run on live answers, of those that judged this candidate's."""
    contract = ground.recorded.evidence.workloads.get((candidate.workload, candidate.variant))
    silent = set() if contract is None else {spec.name for spec in contract.checks} - set(known_live(contract))
    held = ground.recorded.cases(candidate).held
    return [check for check in RUNTIME_CHECKS if check in held and check not in silent]


def hosted_baseline(ground: Ground) -> str | None:
    """The hosted target to send cases to: the policy's baseline, else the only hosted one."""
    hosted = ground.others(hosted=True)
    if ground.policy.baseline in hosted:
        return ground.policy.baseline
    return hosted[0] if len(hosted) == 1 and not ground.policy.baseline else None


def not_replayable(why: str) -> Callable[[Ground, str, RemedyConfig], Iterator[RemedyChange]]:
    """The changes of a remedy that no routing of recorded answers can show."""

    def changes(ground: Ground, name: str, remedy: RemedyConfig) -> Iterator[RemedyChange]:
        yield RemedyChange(name, why_not=why)

    return changes


def other_variant(ground: Ground, name: str, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    """The changes of a remedy that is another variant of the workload."""
    variant = remedy.variant or ""
    if ground.measured(variant=variant) is None:
        yield RemedyChange(name, why_not="that variant was not run on this target", params={"variant": variant})
    else:
        yield RemedyChange(name, final={"variant": variant}, params={"variant": variant, "replaces": remedy.replaces})
