"""Passes if no sentence decides cover, fault or payment, which the packet leaves open.

Denials, open statements ("cover has not been decided") and reported speech ("the owner says that the
loss is covered") do not count as decisions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from milo_bench.core.records import Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.packet_lines import without_line_citations
from milo_bench.guards.sentences import split_sentences

_READ_CHARS: Final = 40_000
_IT = r"(?:claim|loss|damage|incident|event|theft|injury|accident|fire|treatment|stay|repair|storm|it|this|that)"
_INFERENCES: Final = re.compile(
    rf"\b{_IT}\s+(?:\w+\s+){{0,3}}?(?:is|are|was|were|will\s+be|would\s+be|should\s+be|appears?(?:\s+to\s+be)?|"
    rf"seems?(?:\s+to\s+be)?|looks)\s+(?:\w+ly\s+)?(?:covered|insured|payable|excluded|uninsured|not\s+covered|valid)\b"
    rf"|\b(?:policy|section\s+\w+|cover(?:age)?|insurance)\s+(?:\w+ly\s+)?(?:covers|responds|applies|extends|will\s+pay|"
    rf"pays\s+for|excludes|should\s+(?:cover|respond|pay))\b"
    rf"|\bcover(?:age)?\s+(?:is|has\s+been|was)\s+(?:confirmed|accepted|granted|in\s+order|declined|denied|available)\b"
    rf"|\b(?:insurer|we|company)\s+(?:should|must|will|can|is\s+liable\s+to|are\s+liable\s+to)\s+(?:now\s+)?"
    rf"(?:pay|settle|decline|reject|accept|indemnify)\b"
    rf"|\bliability\s+(?:is|was|has\s+been)\s+(?:clear|admitted|accepted|established|obvious)\b"
    rf"|\b(?:is|was|are|were)\s+(?:clearly\s+|solely\s+|fully\s+)?(?:at\s+fault|to\s+blame|liable|negligent)\b"
    rf"|\b(?:covered|excluded)\s+(?:under|by)\s+(?:the\s+)?(?:policy|section)\b",
    re.IGNORECASE,
)
_LEFT_OPEN: Final = re.compile(
    r"\b(?:not|no|nobody|never|whether|if|undecided|unclear|open\s+question|yet\s+to|remains?\s+open|without|nor)\b|n't",
    re.IGNORECASE,
)
_SAID: Final = re.compile(
    r"\b(?:says?|said|states?|stated|claims?\s+that|argues?|believes?|thinks?|asks?|asked|according\s+to|told|alleges?|"
    r"alleged|in\s+the\s+view\s+of|writes?|wrote)\b",
    re.IGNORECASE,
)
_IS_DENIAL: Final = re.compile(r"\bnot\s+covered\b", re.IGNORECASE)


class CoverageInferenceParams(Params, frozen=True):
    """``allow_said``: whether what is put in somebody's mouth is let pass."""

    allow_said: bool = True


class CoverageInference:
    name = "coverage_inference"
    version = "2"
    detector = "coverage_inference"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, CoverageInferenceParams)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, CoverageInferenceParams)
        text = without_line_citations(case.output[:_READ_CHARS])
        spans = [
            Span("output", sentence.start + match.start(), sentence.start + match.end(), "inference")
            for sentence in split_sentences(text)
            for match in _INFERENCES.finditer(sentence.text)
            if not _harmless(sentence.text, match, allow_said=rules.allow_said)
        ]
        if not spans:
            return [
                Verdict(self.name, self.version, "pass", reason="the answer does not mention cover, fault or payment")
            ]
        said = "; ".join(repr(case.output[span.start : span.end]) for span in spans[:5])
        reason = f"decides an open question: {said}"
        return [Verdict(self.name, self.version, "fail", "coverage_inferred", reason, spans=tuple(spans))]


def _harmless(sentence: str, match: re.Match[str], *, allow_said: bool) -> bool:
    before = sentence[: match.start()]
    around = before[-60:] + _IS_DENIAL.sub("", match[0])
    return bool(_LEFT_OPEN.search(around)) or (allow_said and bool(_SAID.search(before)))


CHECKS.add(CoverageInference.name, CoverageInference())
