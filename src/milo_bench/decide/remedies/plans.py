"""What a policy allows for one workload on one target in, the routing tables to replay out; a bounded number.

Each remedy is a change to the plain route: rules before the model, rules on its answer, or another
contract, decoding, verifier or target. Changes of different kinds are also tried together, two or
three at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.models import RemedyConfig
from milo_bench.config.routing.file import RoutingFile, RoutingTarget, check_routing
from milo_bench.config.routing.rule import RUNTIME_CHECKS
from milo_bench.core.records import TargetRecord
from milo_bench.decide.records import Candidate, RemedyName
from milo_bench.decide.remedies.length_limit import LengthLimit
from milo_bench.decide.replay.recorded import Recorded
from milo_bench.decide.wording import REMEDY_TITLES

MOST_PLANS: Final = 24
READABLE: Final = ("answer_present", "json_reading", "schema")  # without these an answer has no label
_VARIANTS: Final = ("safer_prompt", "event_selection", "extraction_first")


@dataclass(frozen=True)
class RemedyChange:
    """One remedy as parts of a routing table, or why there is nothing to replay (``why_not``)."""

    name: RemedyName
    before: tuple[dict[str, Any], ...] = ()
    after: tuple[dict[str, Any], ...] = ()
    final: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False
    why_not: str = ""
    title: str = ""


@dataclass(frozen=True)
class ReplayPlan:
    """A routing table to replay. ``judged`` is the candidate whose answers the gates are judged on, None for nobody."""

    slug: str
    title: str
    remedies: tuple[RemedyName, ...]
    file: RoutingFile
    judged: Candidate | None
    params: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Ground:
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
    return [change for name, remedy in config.remedies.items() for change in _MAKERS[name](ground, name, remedy)]


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
    title = " + ".join(change.title or REMEDY_TITLES[change.name] for change in group) or "unchanged"
    ways = [*names, *(str(final["target"]) for change in group if change.name == "other_target")]
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


def _judged_checks(ground: Ground, candidate: Candidate) -> list[str]:
    return [check for check in RUNTIME_CHECKS if check in ground.recorded.cases(candidate).held]


def _constrained(ground: Ground, name: RemedyName, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    if ground.measured(decoding="constrained") is None:
        yield RemedyChange(name, why_not="constrained decoding was not run on this target")
    else:
        yield RemedyChange(name, final={"decoding": "constrained"}, params={"decoding": "constrained"})


def _variant(ground: Ground, name: RemedyName, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    variant = remedy.variant or ""
    if ground.measured(variant=variant) is None:
        yield RemedyChange(name, why_not="that variant was not run on this target", params={"variant": variant})
    else:
        yield RemedyChange(name, final={"variant": variant}, params={"variant": variant, "replaces": remedy.replaces})


def _other_target(ground: Ground, name: RemedyName, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    names = [remedy.target] if remedy.target else ground.others(hosted=False)
    names = [one for one in names if one != ground.base.target and ground.measured(target=one) is not None]
    if not names:
        yield RemedyChange(name, why_not="no other local target was run with this variant")
    for one in names:
        hosted = ground.target(one).hosted
        final = {"target": one, "route": "hosted" if hosted else "local"}
        yield RemedyChange(name, final=final, params={"target": one}, alone=True, title=f"{one} instead")


def _guard(ground: Ground, name: RemedyName, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    judged = _judged_checks(ground, ground.base)
    checks = [check for check in remedy.checks or judged if check in judged]
    needs_gold = [check for check in remedy.checks if check not in RUNTIME_CHECKS]
    if not checks:
        yield RemedyChange(name, why_not="none of its checks can run on a live answer")
        return
    rule = {
        "id": rule_id(ground.base.workload, "guard"),
        "when": {"workload": [ground.base.workload], "failed_checks": checks},
        "route": "human_review",
        "queue": "manual_queue",
        "why": "no retry, because a loop would hide an unstable model",
    }
    yield RemedyChange(name, after=(rule,), params={"checks": checks, "not_known_at_run_time": needs_gold})


def _keywords(ground: Ground, name: RemedyName, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    if not ground.texts_known:
        yield RemedyChange(name, why_not="the logs have no text, so keyword matches are unknown")
        return
    here = {"workload": [ground.base.workload]}
    before = {"id": rule_id(ground.base.workload, "keywords"), "when": {**here, "keywords": ["any"]}}
    after = []
    expected = set(ground.recorded.wanted[ground.recorded.wanted >= 0].tolist())
    labels = [label for place, label in enumerate(ground.recorded.labels) if place in expected]
    if remedy.safe_label and remedy.safe_label in labels:
        unsafe = sorted(label for label in labels if label != remedy.safe_label)
        if unsafe:
            after.append(
                {
                    "id": rule_id(ground.base.workload, "downgrade-nothing"),
                    "when": {**here, "local_label": unsafe},
                    "route": "human_review",
                    "why": "the model cannot lower a label, only flag cases for human review",
                }
            )
        readable = [check for check in READABLE if check in _judged_checks(ground, ground.base)]
        if readable:
            when = {**here, "failed_checks": readable}
            after.append({"id": rule_id(ground.base.workload, "unreadable"), "when": when, "route": "human_review"})
    rail = {**before, "route": "human_review", "why": "too many keyword matches are better than a missed one"}
    yield RemedyChange(name, before=(rail,), after=tuple(after), params={"safe_label": remedy.safe_label})


def _length(ground: Ground, name: RemedyName, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    limit = ground.limit
    if limit is None:
        why = "no length was found above which errors increase"
        yield RemedyChange(name, why_not=why if ground.texts_known else "the logs have no text, so lengths are unknown")
        return
    workload = ground.base.workload
    when: dict[str, Any] = {"workload": [workload], "words": {"over": limit.words}}
    hosted = _baseline(ground) if remedy.past == "hosted" else None
    rules = []
    if hosted is not None:
        table, here = ground.recorded.evidence.fixtures, ground.recorded.fixture
        if table.sensitive[here].any():
            sensitive = {**when, "sensitive": True}
            rules.append({"id": rule_id(workload, "long-sensitive"), "when": sensitive, "route": "human_review"})
        rules.append({"id": rule_id(workload, "long"), "when": when, "route": "hosted", "target": hosted})
    else:
        rules.append({"id": rule_id(workload, "long"), "when": when, "route": "human_review"})
    yield RemedyChange(name, before=tuple(rules), params={"max_words": limit.words, "past": hosted or "human_review"})


def _mixed(ground: Ground, name: RemedyName, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    verifier = remedy.target or _baseline(ground)
    if not verifier or verifier == ground.base.target or ground.measured(target=verifier, decoding="free") is None:
        yield RemedyChange(name, why_not="no verifier was run on this work")
    elif ground.target(ground.base.target).hosted:
        yield RemedyChange(name, why_not="a mixed route needs a local model for the draft")
    else:
        yield RemedyChange(name, final={"route": "mixed", "verifier": verifier}, params={"verifier": verifier})


def _baseline(ground: Ground) -> str | None:
    """The hosted target to send cases to: the policy's baseline, else the only hosted one."""
    hosted = ground.others(hosted=True)
    if ground.policy.baseline in hosted:
        return ground.policy.baseline
    return hosted[0] if len(hosted) == 1 and not ground.policy.baseline else None


def _people(ground: Ground, name: RemedyName, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    yield RemedyChange(name, final={"route": "human_review"}, alone=True)


def _filter(ground: Ground, name: RemedyName, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    yield RemedyChange(
        name,
        why_not="filtered answers were not graded, but a guard on the same check shows what the filter would affect",
    )


def _not_routing(ground: Ground, name: RemedyName, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    yield RemedyChange(name, why_not="it changes how the target runs, not which cases it gets")


_MAKERS: Final = {
    "constrained_decoding": _constrained,
    **dict.fromkeys(_VARIANTS, _variant),
    "other_target": _other_target,
    "guard_to_review": _guard,
    "keyword_rule": _keywords,
    "length_limit": _length,
    "mixed_routing": _mixed,
    "human_review": _people,
    "citation_filter": _filter,
    "concurrency_cap": _not_routing,
    "readiness_probe": _not_routing,
}
