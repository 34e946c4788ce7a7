"""Sends answers that fail a check to human review."""

from __future__ import annotations

from collections.abc import Iterator

from milo_bench.config.policy.models import RemedyConfig
from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.config.routing.rule import RUNTIME_CHECKS
from milo_bench.decide.remedies.plans import Ground, RemedyChange, judged_checks, rule_id


def _changes(ground: Ground, name: str, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    judged = judged_checks(ground, ground.base)
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


REMEDIES.add(
    "guard_to_review",
    RemedyDefinition(
        title="a guard that sends failures to review",
        short="guard to review",
        step="Send answers that fail a check to people",
        says="sends answers that fail a check to human review",
        settings="`checks`: those that can run on live answers",
        hours=(4.0, 8.0, 16.0),
        done_when="answers that the guard stops reach only the review queue",
        changes=_changes,
        splits=True,
    ),
)
