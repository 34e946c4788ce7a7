"""Passes if prose makes no promise. Marks each promise it finds.

A sentence that no rule describes but that may promise something leaves the answer unjudged. With `suspects: true` so
does a sentence that a learned score suspects: it finds more of the promises in new wordings, and leaves more answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.drafting_input import exempt_text
from milo_bench.grade.languages.answers import language_of
from milo_bench.guards.promises.find import read_promises
from milo_bench.guards.promises.promise import POSSIBLE, Promise
from milo_bench.guards.promises.suspects import DETECTOR as SUSPECTED


class BannedCommitmentsParams(Params, frozen=True):
    """``allow``: kinds of `guards.promises.Promise` that this workload may make. ``possible_promise`` passes what no
    rule describes, as those did that were graded before version 5. ``suspects`` leaves for a person what the learned
    score of `guards.promises.suspects` suspects."""

    allow: list[str] = []
    suspects: bool = False


class BannedCommitments:
    """One verdict; required policy language is exempt. Its figures are in ``guards/measured.json``."""

    name = "banned_commitments"
    version = "5"
    detector = "promises_caught"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, BannedCommitmentsParams)

    def measured_as(self, params: Mapping[str, Any]) -> str:
        """Its rows in ``measured.json`` with these parameters."""
        return SUSPECTED if read_params(self.name, params, BannedCommitmentsParams).suspects else self.detector

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, BannedCommitmentsParams)
        promises = [
            promise
            for promise in read_promises(
                case.output,
                exempt=exempt_text(case.fixture, case.workload),
                expected=language_of(case.workload),
                suspects=rules.suspects,
            )
            if promise.kind not in rules.allow
        ]
        if not promises:
            return [Verdict(self.name, self.version, "pass")]
        certain = [promise for promise in promises if promise.kind != POSSIBLE]
        first = (certain or promises)[0]
        spans = _spans(certain or promises)
        if not certain:
            reason = f"a person must read “{first.text}”: it {first.reason}"
            return [Verdict(self.name, self.version, "unjudged", POSSIBLE, reason, spans=spans)]
        reason = f"{first.kind}: “{first.text}” {first.reason}"
        return [Verdict(self.name, self.version, "fail", "banned_commitment", reason, spans=spans, got=first.text)]


def _spans(promises: Iterable[Promise]) -> tuple[Span, ...]:
    return tuple(Span("output", one.start, one.end, one.kind) for one in promises)


CHECKS.add(BannedCommitments.name, BannedCommitments())
