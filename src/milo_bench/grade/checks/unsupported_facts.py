"""Flags numbers, dates and names that are not in the input. Never passes or fails an answer.

Of summaries of sales e-mails that people labelled (SummEdits, two halves), it flagged 40% and 47% of the inconsistent
ones, and 1% and 5% of the consistent ones. Most broken summaries change other words. Rules on negations, antonyms and
new words were tried, and none reached 60% with at most 5% false flags. So a gate on unsupported claims needs a labelled
sample (``milo-bench review``) or a licensed judge. ``guards/measured.json`` has all measured errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from milo_bench.core.records import Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.case_input import input_texts
from milo_bench.grade.languages.answers import NOTHING_FOUND, day_first_of, language_of
from milo_bench.guards.facts import unsupported_facts
from milo_bench.guards.sent_on import escalation_reason

_READ_CHARS: Final = 100_000  # a runaway answer is not read to its end


class UnsupportedFactsParams(Params, frozen=True):
    """``allow``: texts that an answer may rest on besides the input, e.g. the office's own name."""

    day_first: bool = True
    allow: list[str] = []


class UnsupportedFacts:
    name = "unsupported_facts"
    version = "6"
    detector = "unsupported_facts"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, UnsupportedFactsParams)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, UnsupportedFactsParams)
        if escalation_reason(case.output) is not None:
            return [Verdict(self.name, self.version, "skip", reason="the answer sends the case to a person")]
        sources = (*input_texts(case.fixture, case.attempt), *rules.allow)
        day_first = day_first_of(case.workload, rules.day_first)
        found = unsupported_facts(
            case.output[:_READ_CHARS], sources, day_first=day_first, expected=language_of(case.workload)
        )
        if not found:
            reason = "every number, date and name is in the input"
            return [Verdict(self.name, self.version, "skip", NOTHING_FOUND, reason)]
        said = ", ".join(f"{fact.text!r} ({fact.kind})" for fact in found[:10])
        more = f" and {len(found) - 10} more" if len(found) > 10 else ""
        spans = tuple(Span("output", fact.start, fact.end, fact.kind) for fact in found)
        reason = f"not in the input: {said}{more}"
        return [Verdict(self.name, self.version, "flag", "unsupported_fact", reason, spans=spans)]


CHECKS.add(UnsupportedFacts.name, UnsupportedFacts())
