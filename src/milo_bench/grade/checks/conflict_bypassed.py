"""Passes if a contradictory case, and only such a case, goes to human review.

``expect``: ``route`` is ``human_review`` if the record's current statuses contradict each other, else
``summarise``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.guards.sent_on import MARKS, sends_on


class ConflictBypassedParams(Params, frozen=True):
    """``review_marks``: an answer that begins with one of these, also in emphasis, quotes or JSON, sends the case to a
    person itself."""

    review_marks: tuple[str, ...] = MARKS


class ConflictBypassed:
    name = "conflict_bypassed"
    version = "3"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, ConflictBypassedParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        gold = fixture.expect.get("route")
        readable = gold in ("human_review", "summarise")
        return unread_expectation(fixture, "route", readable=readable, what="route")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        route = case.fixture.expect.get("route")
        if route not in ("human_review", "summarise"):
            return [Verdict(self.name, self.version, "skip", reason="the fixture gives no route")]
        marks = read_params(self.name, params, ConflictBypassedParams).review_marks
        sent_on = sends_on(case.output, marks)
        if route == "human_review" and not sent_on:
            reason = "summarised instead of sent to review: the record's current statuses contradict each other"
            spans = (Span("output", 0, len(case.output), "summary"),) if case.output else ()
            return [
                Verdict(self.name, self.version, "fail", "conflict_not_bypassed", reason, "", spans, route, "summarise")
            ]
        if route == "summarise" and sent_on:
            return [self._needless("the answer sends the case to human review")]
        if route == "summarise":
            return [Verdict(self.name, self.version, "skip", reason="the record does not contradict itself")]
        return [Verdict(self.name, self.version, "pass", reason="sent to human review", expected=route, got=route)]

    def judge_bypass(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        route, bypass = case.fixture.expect.get("route"), case.attempt.bypass
        got = bypass.split(":", 1)[0].strip()
        if route == "human_review" and got == "human_review":
            return [Verdict(self.name, self.version, "pass", reason=bypass, expected="human_review", got=got)]
        if route == "human_review":
            reason = f"the case was sent to {got}, not to human review"
            return [Verdict(self.name, self.version, "fail", "wrong_route", reason, expected="human_review", got=got)]
        if route == "summarise":
            return [self._needless(f"the case was not sent to the model ({bypass})")]
        return [Verdict(self.name, self.version, "skip", reason="the fixture gives no route")]

    def _needless(self, what: str) -> Verdict:
        reason = f"{what}, but the record does not contradict itself"
        return Verdict(
            self.name, self.version, "fail", "needless_bypass", reason, expected="summarise", got="human_review"
        )


CHECKS.add(ConflictBypassed.name, ConflictBypassed())
