"""Passes if prose makes no promise. Marks each promise it finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.drafting_input import exempt_text
from milo_bench.grade.languages.answers import language_of
from milo_bench.guards.promises.find import find_promises


class BannedCommitmentsParams(Params, frozen=True):
    """``allow``: kinds of `guards.promises.Promise` that this workload may make."""

    allow: list[str] = []


class BannedCommitments:
    """One verdict; required policy language is exempt. Its recall is in ``guards/measured.json``."""

    name = "banned_commitments"
    version = "4"
    detector = "promises"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, BannedCommitmentsParams)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, BannedCommitmentsParams)
        promises = [
            promise
            for promise in find_promises(
                case.output,
                exempt=exempt_text(case.fixture, case.workload),
                expected=language_of(case.workload),
            )
            if promise.kind not in rules.allow
        ]
        if not promises:
            return [Verdict(self.name, self.version, "pass")]
        spans = tuple(Span("output", one.start, one.end, one.kind) for one in promises)
        first = promises[0]
        reason = f"{first.kind}: “{first.text}” {first.reason}"
        return [Verdict(self.name, self.version, "fail", "banned_commitment", reason, spans=spans, got=first.text)]


CHECKS.add(BannedCommitments.name, BannedCommitments())
