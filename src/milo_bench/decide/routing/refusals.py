"""A policy in, the rules for work that it refuses whatever was measured out: of the whole table, or of one workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.routing.rule import Condition
from milo_bench.config.routing.use_names import use_of, workload_of


def refusals(policy: PolicyFile) -> list[dict[str, Any]]:
    """One rule for each entry of ``refuse``, in its order; they come before all others."""
    return [
        {
            "id": "refused" if len(policy.refuse) == 1 else f"refused.{number}",
            "when": one.when.model_dump(mode="json", exclude_defaults=True),
            "route": "refuse",
            "why": one.note,
        }
        for number, one in enumerate(policy.refuse, 1)
    ]


def refusals_of(policy: PolicyFile, name: str) -> list[dict[str, Any]]:
    """Those that can apply to a workload, or to one use of it (``timeline:preview``), for a replay of it alone."""
    return [
        {**rule, "when": {**_rest(rule["when"]), "workload": [name]}} for rule in refusals(policy) if _on(rule, name)
    ]


def reached(rules: Sequence[Mapping[str, Any]], refused: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """``rules`` without those for cases that are all ``refused`` before them."""
    conditions = [Condition.model_validate(one["when"]) for one in refused]
    return [
        dict(rule)
        for rule in rules
        if not any(one.covers(Condition.model_validate(rule.get("when", {}))) for one in conditions)
    ]


def _on(rule: Mapping[str, Any], name: str) -> bool:
    when = rule["when"]
    here = workload_of(name) in when.get("workload", (workload_of(name),))
    return here and use_of(name) in when.get("use", (use_of(name),))


def _rest(when: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in when.items() if key not in ("workload", "use")}
