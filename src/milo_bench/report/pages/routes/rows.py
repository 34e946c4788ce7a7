"""A decision's routing table in, a row for each chosen work out: who answers, what checks it, where its texts go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from milo_bench.config.routing.rule import RUNTIME_CHECKS, RoutingRule
from milo_bench.config.routing.use_names import use_of, workload_of
from milo_bench.decide.records import Decision
from milo_bench.decide.wording import join_words

_SHOWN_GUARDS = 4


@dataclass(frozen=True)
class RouteRow:
    """Texts of one work. ``words`` and ``concurrency`` are places of limits in decision.json, "" without one."""

    workload: str
    answers: str
    guards: str
    fails_to: str
    person: str
    leaves: str
    words: str = ""
    concurrency: str = ""


def route_rows(decision: Decision) -> tuple[RouteRow, ...]:
    """One row for each chosen work, in the order of the decision."""
    return tuple(_row(decision, finding.workload) for finding in decision.chosen)


def refused_work(decision: Decision) -> tuple[RoutingRule, ...]:
    """The rules for work that the policy refuses, whatever was measured."""
    rules = [rule for rule in decision.routing.get("rules", ()) if rule.get("route") == "refuse"]
    return tuple(RoutingRule.model_validate(rule) for rule in rules if not rule.get("finding"))


def rules_of(decision: Decision, workload: str) -> list[tuple[int, Mapping[str, Any]]]:
    """The rules of one work or use with their numbers in the table, in the order in which they apply."""
    return [
        (number, rule)
        for number, rule in enumerate(decision.routing.get("rules", ()))
        if _is_of(rule.get("when", {}), workload)
    ]


def _is_of(when: Mapping[str, Any], workload: str) -> bool:
    uses = when.get("use", ())
    return workload_of(workload) in when.get("workload", ()) and (not uses or use_of(workload) in uses)


def _row(decision: Decision, workload: str) -> RouteRow:
    rules = rules_of(decision, workload)
    number, last = rules[-1] if rules else (-1, decision.routing["default"])
    calls = last.get("route") in ("local", "hosted", "mixed")
    assists = [rule for _, rule in rules if rule.get("route") == "assist"]
    limits = last.get("limits", {})
    place = f"routing.rules.{number}.limits"
    return RouteRow(
        workload,
        answers=_who(last) + "".join(f"; {rule['target']} drafts for staff" for rule in assists),
        guards=_guards([rule for _, rule in rules]) if calls or assists else "none needed",
        fails_to=_fallback(decision, last) if calls else "",
        person="; ".join(dict.fromkeys(_person(rules, assists=bool(assists), calls=calls))),
        leaves=_leaves(decision, rules, last),
        words=f"{place}.max_words" if "max_words" in limits else "",
        concurrency=f"{place}.concurrency" if "concurrency" in limits else "",
    )


def _who(rule: Mapping[str, Any]) -> str:
    match rule.get("route"):
        case "human_review":
            return "people"
        case "refuse":
            return "no one"
        case "mixed":
            return f"{rule.get('target')}, verified by {rule.get('verifier')}"
    return str(rule.get("target", ""))


def _guards(rules: Sequence[Mapping[str, Any]]) -> str:
    every = [
        name for rule in rules for name in (*rule.get("guardrails", ()), *rule.get("when", {}).get("failed_checks", ()))
    ]
    names = list(dict.fromkeys(name.replace("_", " ") for name in every))
    more = ["more"] if len(names) > _SHOWN_GUARDS else []
    return join_words([*names[:_SHOWN_GUARDS], *more]) or "nothing here"


def _fallback(decision: Decision, rule: Mapping[str, Any]) -> str:
    fallback = rule.get("fallback") or decision.routing["default"]
    return str(fallback["target"]) if fallback.get("target") else "people"


def _person(rules: Sequence[tuple[int, Mapping[str, Any]]], *, assists: bool, calls: bool) -> Iterator[str]:
    if assists:
        yield "accepts each draft"
    for _, rule in rules:
        when = rule.get("when", {})
        if rule.get("route") != "human_review":
            continue
        if when.get("keywords"):
            yield "on a risk keyword"
        if when.get("local_label"):
            yield f"if the label is {join_words(list(when['local_label']), 'or')}"
        if when.get("failed_checks"):
            yield "if a check fails"
        if when.get("words"):
            yield "if the input is too long"
    if calls:
        if _stops(rules[-1][1]):
            yield "if a check fails"
        yield "if no model answers"
    elif not assists:
        yield "always" if rules and rules[-1][1].get("route") == "human_review" else "never"


def _stops(rule: Mapping[str, Any]) -> bool:
    """Whether an answer that breaks a check of the rule goes to a person."""
    return not rule.get("fallback", {}).get("target") and any(
        name in RUNTIME_CHECKS for name in rule.get("guardrails", ())
    )


def _leaves(decision: Decision, rules: Sequence[tuple[int, Mapping[str, Any]]], last: Mapping[str, Any]) -> str:
    """Whether texts of this work reach a hosted model."""
    hosted = {target.name for target in decision.targets if target.hosted}
    names = ("target", "verifier")
    if any(last.get(name) in hosted for name in names):
        return f"yes, to {next(last[name] for name in names if last.get(name) in hosted)}"
    sometimes = [rule["target"] for _, rule in rules if rule.get("target") in hosted]
    sometimes += [rule["fallback"]["target"] for _, rule in rules if rule.get("fallback", {}).get("target") in hosted]
    return f"to {sometimes[0]}, if the server is not ready or a rule says so" if sometimes else "no"
