"""Passes if the draft names a known template that is valid on the case's day and fits the case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from milo_bench.core.records import Fixture, Span, Verdict, VerdictOutcome, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.case_input import case_of
from milo_bench.grade.drafting_input import templates_of
from milo_bench.guards.sent_on import escalation_reason
from milo_bench.guards.templates import TemplateState, template_use


class TemplateCurrentParams(Params, frozen=True):
    """``exact``: the template must also be ``expect.template_id`` where the fixture names one."""

    exact: bool = True


class TemplateCurrent:
    """The day is the case's ``as_of``. Skipped for an escalation and where there is no case."""

    name = "template_current"
    version = "3"
    known_served = frozenset(f"template_{state}" for state in get_args(TemplateState) if state != "current")

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, TemplateCurrentParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        return "" if case_of(fixture) is not None else "the input contains no case record (input.case)"

    def served_gap(self, params: Mapping[str, Any]) -> str:
        return ""

    def judge_served(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        if why := self.unreadable(case.fixture, params):
            return [Verdict(self.name, self.version, "unjudged", reason=why)]
        return self.judge(case, params)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, TemplateCurrentParams)
        record = case_of(case.fixture)
        assert record is not None  # ``unreadable`` otherwise
        if escalation_reason(case.output) is not None:
            return [Verdict(self.name, self.version, "skip", reason="the answer escalates instead of drafting")]
        use = template_use(case.output, templates_of(case.fixture, case.workload), record.as_of)
        spans = (Span("output", use.start, use.end),) if use.end else ()
        wanted = str(case.fixture.expect.get("template_id") or "")
        if use.state != "current":
            category, reason = f"template_{use.state}", use.reason
        elif rules.exact and wanted and use.template_id.casefold() != wanted.casefold():
            category, reason = "wrong_template", f"{use.template_id} is valid, but {wanted} fits this case"
        else:
            category = reason = ""
        outcome: VerdictOutcome = "fail" if category else "pass"
        return [Verdict(self.name, self.version, outcome, category, reason, "", spans, wanted, use.template_id)]


CHECKS.add(TemplateCurrent.name, TemplateCurrent())
