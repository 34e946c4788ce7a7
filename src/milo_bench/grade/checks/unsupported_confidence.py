"""Passes if the answer is nowhere surer than its input: no certainty, confirmation, cause or diagnosis of its own.

"Definitely", "has been confirmed", "was caused by": such words need a source that carries them. Denials, open
statements and reported speech do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from milo_bench.core.records import Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.case_input import input_texts
from milo_bench.grade.languages.answers import language_of
from milo_bench.guards.certainty import unsupported_certainty
from milo_bench.guards.sent_on import escalation_reason

_READ_CHARS: Final = 40_000


class UnsupportedConfidenceParams(Params, frozen=True):
    """``allow`` are texts that count as sources beside the input, such as required sentences."""

    allow: tuple[str, ...] = ()


class UnsupportedConfidence:
    name = "unsupported_confidence"
    version = "6"
    detector = "certainty"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, UnsupportedConfidenceParams)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, UnsupportedConfidenceParams)
        if escalation_reason(case.output) is not None:
            return [Verdict(self.name, self.version, "skip", reason="the answer sends the case to a person")]
        sources = (*input_texts(case.fixture, case.attempt), *rules.allow)
        found = unsupported_certainty(case.output[:_READ_CHARS], sources, expected=language_of(case.workload))
        if not found:
            return [Verdict(self.name, self.version, "pass", reason="the answer is nowhere surer than its input")]
        said = "; ".join(repr(one.text) for one in found[:5])
        spans = tuple(Span("output", one.start, one.end, one.kind) for one in found)
        reason = f"surer than the input: {said}"
        return [Verdict(self.name, self.version, "fail", "unsupported_confidence", reason, spans=spans)]


CHECKS.add(UnsupportedConfidence.name, UnsupportedConfidence())
