"""Findings, replays and evidence in, the routing table for all workloads out: what a gateway is to do with each case.

Each workload gets the target that was chosen (``decide.selection``), with the rules that were replayed, guardrails
from its own contract, and the limits that were measured, behind a flag of its own. Work that no target is fit for goes
to the hosted baseline where that passes the same gates, else to people; it is refused where the policy allows no
people either. What the policy refuses whatever was measured comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import takewhile
from typing import Any, Final

from msgspec import Struct

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.routing.file import RoutingFile, Validity, check_routing
from milo_bench.config.routing.flags import FlagsFile
from milo_bench.config.routing.rule import CUT_UNCITED, MODEL_ROUTES
from milo_bench.config.routing.use_names import use_of
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.baseline import passing_baseline
from milo_bench.decide.load_evidence import knee_cap
from milo_bench.decide.records import Candidate, Choice, Finding, PermitEvidence, Replay
from milo_bench.decide.remedies.plans import routing_target, rule_id
from milo_bench.decide.routing.guardrails import own_guardrails
from milo_bench.decide.routing.refusals import reached, refusals
from milo_bench.decide.selection import SHIPS
from milo_bench.decide.uses import routed_use
from milo_bench.operator.permit.grants import grants_of

FLAGS_NAME: Final = FlagsFile.file_name


def make_routing(
    findings: Sequence[Finding],
    choices: Sequence[Choice],
    replays: Sequence[Replay],
    evidence: Evidence,
    policy: PolicyFile,
    figures: Figures,
    *,
    permits: Sequence[PermitEvidence] = (),
) -> RoutingFile:
    """The table; every rule names the finding it rests on, every operator its permit. Its limits are measured."""
    by_id = {finding.id: finding for finding in findings}
    replayed = {one.id: one for one in replays}
    uses = {choice.workload for choice in choices if use_of(choice.workload)}
    refused = refusals(policy)
    rules: list[dict[str, Any]] = []
    for choice in choices:
        writer = _Writer(by_id[choice.finding], replayed.get(choice.replay), evidence, policy, figures)
        rules += writer.rules()
    rules = reached([routed_use(rule, uses) for rule in _own_ids(rules)], refused)
    default = {"route": "human_review", "why": "no evidence on this work"}
    file = RoutingFile.model_validate(
        {
            "title": policy.title or "Routing",
            "validity": _validity(evidence, policy),
            "targets": _targets(rules, evidence),
            "flags_file": FLAGS_NAME if any("flag" in rule for rule in rules) else "",
            "rules": [*refused, *rules],
            "default": default,
            "operators": grants_of([(one.permit, _hosted(one, evidence)) for one in permits]),
        }
    )
    check_routing(file)
    return file


def _hosted(one: PermitEvidence, evidence: Evidence) -> bool:
    """Whether the operator runs, which the permit rests on, call its target hosted."""
    records = [target for run in evidence.operators.runs for target in run.header.targets]
    return any(record.hosted for record in records if record.name == one.permit.target)


class _Writer(Struct, frozen=True):
    """Rules of one workload."""

    finding: Finding
    replay: Replay | None
    evidence: Evidence
    policy: PolicyFile
    figures: Figures

    def rules(self) -> list[dict[str, Any]]:
        if self.finding.kind not in SHIPS:
            return [*self._assisted(), self._turned_away()]
        rules = self._answered()
        # What goes to people whatever a model says goes to them while the target is down too, and to no hosted model.
        first = list(takewhile(_is_for_people, rules))
        rules = [*first, *self._not_ready(rules[-1]), *rules[len(first) :]]
        flag = rule_id(self.finding.workload)
        step = self.policy.on_drift_of(self.finding.workload)
        asks = {"flag": flag, **({"on_drift": step} if step != "report" else {})}
        made = [rule if rule["route"] not in MODEL_ROUTES else {**rule, **asks} for rule in rules]
        return [{"finding": self.finding.id, **rule} for rule in made]

    @property
    def when(self) -> dict[str, Any]:
        return {"workload": [self.finding.workload]}

    def _answered(self) -> list[dict[str, Any]]:
        """The rules as they were replayed; the plain route where nothing was put in front."""
        candidate = self.finding.candidate
        if self.finding.kind == "fix" and self.replay is not None and self.replay.remedies:
            rules = [dict(rule) for rule in self.replay.rules if rule["route"] != "refuse"]  # the table's first rules
        else:
            hosted = self.evidence.targets[candidate.target].hosted
            rules = [
                {
                    "id": rule_id(candidate.workload, "answer"),
                    "when": self.when,
                    "route": "hosted" if hosted else "local",
                    "target": candidate.target,
                    **({"variant": candidate.variant} if candidate.variant else {}),
                    **({"decoding": candidate.decoding} if candidate.decoding != "free" else {}),
                }
            ]
        cuts = rules[-1].get("variant") == CUT_UNCITED
        if cuts:
            rules[-1] = {key: value for key, value in rules[-1].items() if key != "variant"}
        last = rules[-1]
        contract = self.evidence.workloads.get((candidate.workload, last.get("variant", "")))
        if contract is not None:
            last["prompt"] = contract.prompt_name
            last["guardrails"] = own_guardrails(contract, cuts=cuts, before=rules[:-1])
        limits = self._limits(str(last["target"]))
        if limits:
            last["limits"] = limits
        last.setdefault("why", self._why())
        return rules

    def _limits(self, target: str) -> dict[str, Any]:
        """The knee that was measured, and the longest input that was: beyond it nobody knows."""
        limits: dict[str, Any] = {}
        cap = knee_cap(target, self.figures)
        value = self.figures[cap].value if cap else None
        if value is not None:
            limits["concurrency"] = int(value)
        cases = self.evidence.cases[self.finding.candidate]
        words = self.evidence.fixtures.words[cases.fixture]
        if len(words) and (words > 0).all():
            limits["max_words"] = int(words.max())
        return limits

    def _not_ready(self, last: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A target whose readiness probe failed gets no traffic before it is ready."""
        target = str(last["target"])
        if not any(remedy.name == "readiness_probe" for remedy in self.finding.remedies):
            return []
        when = {**self.when, "target_health": {target: ["degraded", "down"]}}
        why = "the target reported ready before it could answer"
        rule = {"id": rule_id(self.finding.workload, "not-ready"), "when": when, "why": why}
        return [{**rule, **self._elsewhere(target)}]

    def _assisted(self) -> list[dict[str, Any]]:
        """Drafts that staff must accept, for the cases that the policy names; the flag is off until somebody asks."""
        assist = self.policy.workloads[self.finding.workload].assist
        if assist is None:
            return []
        candidate = self.finding.candidate
        contract = self.evidence.workloads.get((candidate.workload, candidate.variant))
        return [
            {
                "id": rule_id(candidate.workload, "assist"),
                "when": {**self.when, **assist.when.model_dump(mode="json", exclude_defaults=True)},
                "route": "assist",
                "target": candidate.target,
                **({"variant": candidate.variant} if candidate.variant else {}),
                **({"prompt": contract.prompt_name, "guardrails": own_guardrails(contract)} if contract else {}),
                "flag": rule_id(candidate.workload, "assist"),
                "finding": self.finding.id,
                "why": assist.note or "a person accepts every draft",
            }
        ]

    def _turned_away(self) -> dict[str, Any]:
        reason = {
            "reject": "rejected for local models",
            "defer": "deferred",
            "undecided": "the evidence is inconclusive",
        }
        rule = {"id": rule_id(self.finding.workload, "elsewhere"), "when": self.when, "finding": self.finding.id}
        return {**rule, **self._elsewhere(""), "why": reason.get(self.finding.shown_kind, "")}

    def _elsewhere(self, target: str) -> dict[str, Any]:
        """The hosted baseline where it passes the gates of this work, else people, else nobody."""
        baseline = self._baseline()
        if baseline is not None and baseline.target != target:
            contract = {"variant": baseline.variant} if baseline.variant else {}
            return {"route": "hosted", "target": baseline.target, **contract}
        config = self.policy.workloads[self.finding.workload]
        return {"route": "human_review" if not config.remedies or "human_review" in config.remedies else "refuse"}

    def _baseline(self) -> Candidate | None:
        if not self.policy.baseline or self.policy.baseline not in self.evidence.targets:
            return None
        if not self.evidence.targets[self.policy.baseline].hosted:
            return None
        return passing_baseline(self.policy, self.evidence, self.finding.candidate)

    def _why(self) -> str:
        return "every gate passes" if self.finding.kind == "keep" else "gates pass with these rules"


def _is_for_people(rule: Mapping[str, Any]) -> bool:
    """Whether the rule sends cases to people before any model answers."""
    when = rule.get("when", {})
    return rule["route"] not in MODEL_ROUTES and not when.get("local_label") and not when.get("failed_checks")


def _targets(rules: Sequence[Mapping[str, Any]], evidence: Evidence) -> dict[str, dict[str, Any]]:
    """Every target that a rule names, as it was measured."""
    named: dict[str, None] = {}
    for rule in rules:
        named |= dict.fromkeys(rule.get("when", {}).get("target_health", ()))
        fallback = rule.get("fallback", {}).get("target")
        named |= dict.fromkeys(name for name in (rule.get("target"), rule.get("verifier"), fallback) if name)
    return {name: routing_target(evidence.targets[name]).model_dump() for name in named}


def _own_ids(rules: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Two workloads whose names differ in odd characters alone would give the same ids."""
    seen: dict[str, int] = {}
    found = []
    for rule in rules:
        id = str(rule["id"])
        seen[id] = seen.get(id, 0) + 1
        found.append({**rule, "id": id if seen[id] == 1 else f"{id[:74]}-{seen[id]}"})
    return found


def _validity(evidence: Evidence, policy: PolicyFile) -> Validity:
    played = {run.name for run in evidence.operators.runs}
    suites = sorted(evidence.logs, key=lambda log: log.path in played)  # of the cases first, where there are any
    first = suites[0].suite if suites else None
    return Validity(
        suite=f"{first.name} {first.version}" if first else "",
        suite_hash=first.hash if first else "",
        policy_sha256=sha256(policy.text.encode()).hexdigest() if policy.text else "",
        logs=tuple(log.sha256 for log in evidence.logs),
    )
