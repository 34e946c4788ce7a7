"""The rules of one workload in routing.yaml in, the same as a few lines of code to copy out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from milo_bench.config.routing.rule import RUNTIME_CHECKS
from milo_bench.decide.records import Decision
from milo_bench.report.pages.routes.rows import rules_of


def rule_stub(decision: Decision, workload: str) -> str:
    """``if keyword_risk: route = "human_review"`` and so on, in the order in which the rules apply."""
    rules = [rule for _, rule in rules_of(decision, workload)]
    lines: list[str] = []
    for rule in rules:
        asked = " and ".join(_conditions(rule.get("when", {})))
        word = "elif" if lines else "if"
        if not asked:
            if any(name in RUNTIME_CHECKS for name in rule.get("guardrails", ())):
                lines += [f"{word} fails_guardrail:", f"    {_fallback(rule)}"]
            lines += ["else:"] if lines else []
            lines.append(f"{'    ' if lines else ''}{_route(rule)}")
            return "\n".join(lines)
        lines += [f"{word} {asked}:", f"    {_route(rule)}"]
    if lines:
        lines += ["else:", f"    {_route(decision.routing['default'])}"]
    return "\n".join(lines)


def _fallback(rule: Mapping[str, Any]) -> str:
    return _route(rule.get("fallback") or {"route": "human_review"})


def _conditions(when: Mapping[str, Any]) -> Iterator[str]:
    words = when.get("words", {})
    if "over" in words:
        yield f"words > {words['over']}"
    if "under" in words:
        yield f"words < {words['under']}"
    if when.get("keywords"):
        yield "keyword_risk" if "any" in when["keywords"] else f"keyword_risk in {_listed(when['keywords'])}"
    if when.get("sensitive") is not None:
        yield "sensitive" if when["sensitive"] else "not sensitive"
    for name in ("case_status", "risk", "tags"):
        if when.get(name):
            yield f"{name} in {_listed(when[name])}"
    for name in ("missing_fields", "template_current"):
        if when.get(name) is not None:
            yield name if when[name] else f"not {name}"
    for target, states in when.get("target_health", {}).items():
        yield f"health[{target!r}] in {_listed(states)}"
    if when.get("local_label"):
        yield f"local_label in {_listed(when['local_label'])}"
    if when.get("failed_checks"):
        yield f"fails_any({_listed(when['failed_checks'])})"


def _route(rule: Mapping[str, Any]) -> str:
    said = f'route = "{rule["route"]}"'
    who = [str(rule[name]) for name in ("target", "verifier", "queue") if rule.get(name)]
    return f"{said}  # {', '.join(who)}" if who else said


def _listed(names: Any) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
