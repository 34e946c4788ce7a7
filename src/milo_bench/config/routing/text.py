"""A checked routing table in, routing.yaml as a person reads it out: rules in order, each with what it is for."""

from __future__ import annotations

import textwrap
from typing import Any

import yaml

from milo_bench.config.routing.file import RoutingFile, rule_data
from milo_bench.config.routing.operators import LADDER, OperatorGrant
from milo_bench.config.routing.rule import Action, Condition, HoursCondition, RoutingRule, WordsCondition
from milo_bench.core.keyword_sets import KEYWORD_SETS

_HEAD = """\
Where each case goes. The first rule that matches decides. If none does, the default decides.
Rules on an answer (local_label, failed_checks) are checked after the local model has answered.
The fallback is used if a model is unavailable, does not answer or breaks a guardrail."""

_CHALLENGERS = """\
Who gets a share of a rule's live work, to be compared with its target: milo-bench audit challengers AUDIT.
A canary answers in the target's place. In shadow a copy is judged and never sent."""

_OPERATORS = """\
What each target may do as an operator, by kind of work. Work above a level takes the route beside it.
A permit is void if anything it names changes, and after its last day. A void permit allows nothing."""


def routing_text(file: RoutingFile) -> str:
    """``read_routing`` of the text gives ``file`` back (its path and line numbers aside)."""
    data = file.data()
    rules, default = data.pop("rules", []), data.pop("default")
    challengers, operators = data.pop("challengers", []), data.pop("operators", {})
    parts = [_comment("\n".join(filter(None, (file.title, _HEAD, _void(file))))), _yaml(data).rstrip(), ""]
    if rules:
        parts.append("rules:")
        for rule in file.rules:
            parts += [_comment(describe_rule(rule), "  "), _item(rule_data(rule)), ""]
    parts += [_comment(f"Everything else {_goes(file.default)}."), _yaml({"default": default}).rstrip(), ""]
    if challengers:
        parts += [_comment(_CHALLENGERS), "challengers:", *map(_item, challengers), ""]
    if operators:
        parts += [_comment(_OPERATORS), "operators:"]
        for name, grant in operators.items():
            kept = _yaml({name: grant}).rstrip("\n").split("\n")
            parts += [_comment(_permitted(file.operators[name]), "  "), *(f"  {line}" for line in kept), ""]
    return "\n".join(parts)


def _permitted(grant: OperatorGrant) -> str:
    """``Until 2026-04-01: read_only for config, none for deploy and money.``"""
    levels: dict[str, list[str]] = {}
    for kind, granted in grant.kinds.items():
        levels.setdefault(granted.level, []).append(kind)
    said = ", ".join(f"{level} for {_and(levels[level])}" for level in reversed(LADDER) if level in levels)
    return f"Until {grant.expires}: {said}."


def describe_rule(rule: RoutingRule) -> str:
    """What the rule does, in words: ``If the input is over 7500 words, a case goes to hosted_a.``"""
    why = " ".join(rule.why.split())
    return f"{_if(rule.when)} {_goes(rule)}.{f' Why: {why}.' if why else ''}"


def _if(when: Condition) -> str:
    said = []
    if when.workload:
        said.append(f"the work is {_or(when.workload)}")
    if when.use:
        said.append(f"it is for {_or(when.use)}")
    if when.case_status:
        said.append(f"the case is {_or(when.case_status)}")
    if when.risk:
        said.append(f"its risk is {_or(when.risk)}")
    if when.missing_fields is not None:
        said.append("a required field is missing" if when.missing_fields else "no required field is missing")
    if when.template_current is not None:
        said.append("a current template exists" if when.template_current else "no current template exists")
    if when.words is not None:
        said.append(f"the input is {_bounds(when.words)} words")
    if when.tokens is not None:
        said.append(f"the input is {_bounds(when.tokens)} tokens of {when.tokens.target}")
    if when.hours is not None:
        said.append(_hours(when.hours))
    if when.tags:
        said.append(f"it is tagged {_or(when.tags)}")
    if when.keyword_sets:
        every = len(when.keyword_sets) == len(KEYWORD_SETS)
        said.append("a keyword matches" if every else f"a keyword of {_or(sorted(when.keyword_sets))} matches")
    if when.sensitive is not None:
        said.append("it is sensitive" if when.sensitive else "it is not sensitive")
    said += [f"{target} is {_or(states)}" for target, states in when.target_health.items()]
    if when.local_label:
        said.append(f"the local model says {_or(when.local_label)}")
    if when.failed_checks:
        said.append(f"the answer fails {_or(when.failed_checks)}")
    return f"If {', and '.join(said)}, it" if said else "Always: it"


def _bounds(when: WordsCondition) -> str:
    return " and ".join(f"{word} {n}" for word, n in (("over", when.over), ("under", when.under)) if n is not None)


def _hours(when: HoursCondition) -> str:
    days = f" on {_or(when.days)}" if when.days else ""
    if when.before is None and when.after == "00:00":
        return f"it comes{days} ({when.zone})"
    until = f" to {when.before}" if when.before is not None else " on"
    return f"it comes from {when.after}{until}{days} ({when.zone})"


def _goes(action: Action) -> str:
    match action.route:
        case "human_review":
            said = "goes to human review"
        case "refuse":
            said = "is refused"
        case "mixed":
            said = f"is drafted by {action.target} and checked by {action.verifier}"
        case "assist":
            said = f"is drafted by {action.target} for a person to accept"
        case _:
            said = f"is answered by {action.target}"
    if action.redact:
        said = f"{said}, without personal data,"
    if action.flag:
        said = f"{said} while the flag {action.flag} is on"
    if action.on_drift == "roll_back":
        said = f"{said} until live work differs from what was measured"
    return f"{said}, queue {action.queue}" if action.queue else said


def _void(file: RoutingFile) -> str:
    digests = any(target.model_digest for target in file.targets.values())
    if file.validity.void_when == "never" or not digests:
        return ""
    return "Void for a target whose model digest differs from the one below. Run the suite and decide again."


def _or(names: Any) -> str:
    return " or ".join(str(name) for name in names)


def _and(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _comment(text: str, indent: str = "") -> str:
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, 100)]
    return "\n".join(f"{indent}# {line}" for line in lines)


def _yaml(data: Any) -> str:
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    return text


def _item(data: Any) -> str:
    # Split at line feeds alone: what Unicode also calls a line's end may stand within a text.
    lines = _yaml(data).rstrip("\n").split("\n")
    return "\n".join((("  - " if n == 0 else "    ") + line) if line else "" for n, line in enumerate(lines))
