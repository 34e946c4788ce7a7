"""Passes if the answer escalates exactly when the fixture requires a person to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Verdict, VerdictOutcome, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.guards.sent_on import escalation_reason


class EscalationParams(Params, frozen=True):
    """``needs_reason``: a bare ``ESCALATE:`` fails."""

    needs_reason: bool = True


class Escalation:
    """``expect.action`` is ``draft`` or ``escalate``; an escalation is the single line ``ESCALATE: reason``.

    Skipped where the fixture expects neither.
    """

    name = "escalation"
    version = "3"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, EscalationParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        gold = fixture.expect.get("action")
        readable = gold in ("draft", "escalate")
        return unread_expectation(fixture, "action", readable=readable, what="action")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, EscalationParams)
        wanted = case.fixture.expect.get("action")
        if wanted not in ("draft", "escalate"):
            return [Verdict(self.name, self.version, "skip", reason="the fixture expects neither")]
        reason_given = escalation_reason(case.output)
        got = "draft" if reason_given is None else "escalate"
        category = reason = ""
        if wanted == "escalate" and got == "draft":
            category, reason = "missed_escalation", "drafts a reply that a person must write"
            if "ESCALATE" in case.output:
                category, reason = "malformed_escalation", "ESCALATE must be the only line of the answer"
        elif wanted == "draft" and got == "escalate":
            category, reason = "needless_escalation", f"escalates a case that it can answer: {reason_given}"
        elif rules.needs_reason and reason_given == "":
            category, reason = "malformed_escalation", "escalates without a reason"
        outcome: VerdictOutcome = "fail" if category else "pass"
        return [Verdict(self.name, self.version, outcome, category, reason, expected=str(wanted), got=got)]


CHECKS.add(Escalation.name, Escalation())
