"""Passes, sentence by sentence, if the draft contains each required policy sentence verbatim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.drafting_input import texts_of
from milo_bench.grade.languages.answers import language_of
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.guards.policy_text import judge_required_text
from milo_bench.guards.sent_on import escalation_reason


class PolicyTextParams(Params, frozen=True):
    """``required``: sentences that every answer needs besides ``expect.required_text``."""

    required: list[str] = []


class PolicyText:
    """Skipped where nothing is required or the answer escalates."""

    name = "policy_text"
    version = "6"
    known_served = frozenset({"missing_standard_text", "softened_standard_text"})
    detector = "policy_text"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, PolicyTextParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        own = texts_of(fixture.expect.get("required_text"))
        readable = bool(own or read_params(self.name, params, PolicyTextParams).required)
        return unread_expectation(fixture, "required_text", readable=readable, what="required text")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, PolicyTextParams)
        own = texts_of(case.fixture.expect.get("required_text"))
        required = (*own, *rules.required)
        if not required or escalation_reason(case.output) is not None:
            return [Verdict(self.name, self.version, "skip", reason="no policy text is required here")]
        language = language_of(case.workload)
        verdicts = []
        for number, one in enumerate(judge_required_text(case.output, required, expected=language), start=1):
            subject = f"required_text {number}"
            spans = (Span("output", one.start, one.end, one.state),) if one.end else ()
            ok = one.state == "present"
            what = "policy_text" if number <= len(own) else "standard_text"
            category = "" if ok else f"{one.state}_{what}"
            verdicts.append(
                Verdict(
                    self.name, self.version, "pass" if ok else "fail", category, one.reason, subject,
                    spans, one.required, one.found,
                )
            )  # fmt: skip
        return verdicts

    def served_gap(self, params: Mapping[str, Any]) -> str:
        return (
            "" if read_params(self.name, params, PolicyTextParams).required else "it requires no text of every answer"
        )

    def judge_served(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        return self.judge(case, params)


CHECKS.add(PolicyText.name, PolicyText())
