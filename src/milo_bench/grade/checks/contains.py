"""Passes if the answer contains one of the expected texts.

Typographic spaces, hyphens and quotation marks count as plain ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.grade.wanted_text import read_wanted, texts_gap


class Contains:
    name = "contains"
    version = "5"
    known_served = frozenset({"standard_text_missing"})

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
        got = rules.folded(case.output)
        if any(text and rules.folded(text) in got for text in wanted):
            return [Verdict(self.name, self.version, "pass", expected=" or ".join(wanted))]
        category = rules.category(case.fixture, self.name, "text_missing", "standard_text_missing")
        reason = f"the answer lacks {' or '.join(repr(text[:100]) for text in wanted)}"
        return [Verdict(self.name, self.version, "fail", category, reason, expected=" or ".join(wanted))]

    def served_gap(self, params: Mapping[str, Any]) -> str:
        return texts_gap(self.name, params)

    def judge_served(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        return self.judge(case, params)


CHECKS.add(Contains.name, Contains())
