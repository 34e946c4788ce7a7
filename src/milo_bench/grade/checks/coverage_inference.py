"""Passes if no sentence decides cover, fault or payment, which the packet leaves open.

Denials, open statements ("cover has not been decided") and reported speech ("the owner says that the
loss is covered") do not count as decisions. A sentence on cover, fault or payment that no rule describes leaves an
answer in German, French or Spanish unjudged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from milo_bench.core.records import Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.languages.answers import language_of
from milo_bench.guards.citing.lines import without_line_citations
from milo_bench.guards.cover import read_cover

_READ_CHARS: Final = 40_000


class CoverageInferenceParams(Params, frozen=True):
    """``allow_said``: whether what is put in somebody's mouth is let pass."""

    allow_said: bool = True


class CoverageInference:
    name = "coverage_inference"
    version = "4"
    detector = "coverage_inference"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, CoverageInferenceParams)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, CoverageInferenceParams)
        text = without_line_citations(case.output[:_READ_CHARS])
        found = read_cover(text, allow_said=rules.allow_said, expected=language_of(case.workload))
        if not found:
            return [
                Verdict(self.name, self.version, "pass", reason="the answer does not mention cover, fault or payment")
            ]
        certain = [one for one in found if not one.possible]
        spans = tuple(Span("output", one.start, one.end, "inference") for one in certain or found)
        if not certain:
            reason = f"a person must read “{found[0].text}”: it may decide cover, fault or payment"
            return [Verdict(self.name, self.version, "unjudged", "possible_decision", reason, spans=spans)]
        said = "; ".join(repr(case.output[span.start : span.end]) for span in spans[:5])
        reason = f"decides an open question: {said}"
        return [Verdict(self.name, self.version, "fail", "coverage_inferred", reason, spans=spans)]


CHECKS.add(CoverageInference.name, CoverageInference())
