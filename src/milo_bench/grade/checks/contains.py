"""Passes if the answer contains one of the expected texts.

Typographic spaces, hyphens and quotation marks count as plain ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.grade.wanted_text import read_wanted


class Contains:
    name = "contains"
    version = "4"

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
        reason = f"the answer lacks {' or '.join(repr(text[:100]) for text in wanted)}"
        return [Verdict(self.name, self.version, "fail", "text_missing", reason, expected=" or ".join(wanted))]


CHECKS.add(Contains.name, Contains())
