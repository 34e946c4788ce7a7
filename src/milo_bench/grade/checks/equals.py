"""Passes if the answer is one of the expected texts, ignoring space around it.

Typographic spaces, hyphens and quotation marks count as plain ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.grade.wanted_text import read_wanted, texts_gap


class Equals:
    name = "equals"
    version = "5"
    known_served = frozenset({"not_a_standard_text"})

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_wanted(self.name, params)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        readable = bool(read_wanted(self.name, params).seen(fixture, self.name))
        return unread_expectation(fixture, self.name, readable=readable, what="expected text")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_wanted(self.name, params)
        wanted = rules.seen(case.fixture, self.name)
        if not wanted:
            return [Verdict(self.name, self.version, "skip", reason="no expected text was given")]
        got = rules.folded(case.output.strip())
        if any(got == rules.folded(text.strip()) for text in wanted):
            return [Verdict(self.name, self.version, "pass", expected=wanted[0], got=case.output.strip()[:200])]
        category = rules.category(case.fixture, self.name, "not_equal", "not_a_standard_text")
        reason = f"the answer is {case.output.strip()[:100]!r}, expected {wanted[0][:100]!r}"
        return [
            Verdict(
                self.name, self.version, "fail", category, reason, expected=wanted[0], got=case.output.strip()[:200]
            )
        ]

    def served_gap(self, params: Mapping[str, Any]) -> str:
        return texts_gap(self.name, params)

    def judge_served(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        return self.judge(case, params)


CHECKS.add(Equals.name, Equals())
