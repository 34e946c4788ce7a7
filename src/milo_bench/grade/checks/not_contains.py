"""Passes if the answer contains none of the forbidden texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.grade.wanted_text import read_wanted, texts_gap


class NotContains:
    name = "not_contains"
    version = "5"
    known_served = frozenset({"standard_text_forbidden"})

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_wanted(self.name, params)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        readable = bool(read_wanted(self.name, params).wanted(fixture, self.name))
        return unread_expectation(fixture, self.name, readable=readable, what="expected text")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_wanted(self.name, params)
        wanted = rules.wanted(case.fixture, self.name)
        if not wanted:
            return [Verdict(self.name, self.version, "skip", reason="no expected text was given")]
        spans: list[Span] = []
        for text in wanted:
            found = rules.pattern(text).finditer(case.output) if text else iter(())
            spans.extend(Span("output", match.start(), match.end(), text[:60]) for match in found)
        if not spans:
            return [Verdict(self.name, self.version, "pass", reason="the answer contains none of the texts")]
        said = ", ".join(sorted({repr(span.label) for span in spans}))
        category = rules.category(case.fixture, self.name, "text_forbidden", "standard_text_forbidden")
        reason = f"the answer contains {said}, which is forbidden"
        return [Verdict(self.name, self.version, "fail", category, reason, spans=tuple(spans))]

    def served_gap(self, params: Mapping[str, Any]) -> str:
        return texts_gap(self.name, params)

    def judge_served(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        return self.judge(case, params)


CHECKS.add(NotContains.name, NotContains())
