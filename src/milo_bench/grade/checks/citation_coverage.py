"""Passes if every claim sentence of the prose cites an event that the model was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Span, Verdict, VerdictOutcome, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.case_input import case_of, shown_event_ids
from milo_bench.grade.drafting_input import exempt_text
from milo_bench.guards.citations import cited_sentences
from milo_bench.guards.sent_on import escalation_reason


class CitationCoverageParams(Params, frozen=True):
    """``min_claims``: an answer with fewer claim sentences fails, since it says nothing to cite."""

    min_claims: int = 1


class CitationCoverage:
    """One verdict; ``parts_held`` of ``parts`` claim sentences cite shown events, and only such.

    Skipped for an escalation. Without a case in the input, any well-formed citation counts.
    """

    name = "citation_coverage"
    version = "6"
    detector = "sentences"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, CitationCoverageParams)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, CitationCoverageParams)
        if escalation_reason(case.output) is not None:
            return [Verdict(self.name, self.version, "skip", reason="the answer escalates")]
        record = case_of(case.fixture)
        known = shown_event_ids(record, case.attempt) if record else None
        said = cited_sentences(case.output, exempt=exempt_text(case.fixture, case.workload))
        uncited, unknown, claims = [], [], 0
        for one in said:
            claims += one.claim
            span = Span("output", one.sentence.start, one.sentence.end)
            if known is not None and not known.issuperset(one.event_ids):
                unknown.append((one, span))
            elif one.claim and not one.event_ids:
                uncited.append((one, span))
        held = claims - len(uncited) - sum(one.claim for one, _ in unknown)
        faults = tuple(span for _, span in (*unknown, *uncited))
        if claims < rules.min_claims:
            category, reason = "no_claims", f"{claims} claim sentences, at least {rules.min_claims} expected"
        elif unknown:
            strange = sorted({i for one, _ in unknown for i in one.event_ids if known is not None and i not in known})
            category, reason = "unknown_citation", f"cites {', '.join(strange)}, which was not given to the model"
        elif uncited:
            category, reason = "uncited_claim", f"{len(uncited)} of {claims} claim sentences cite no event"
        else:
            category = reason = ""
        outcome: VerdictOutcome = "fail" if category else "pass"
        return [
            Verdict(self.name, self.version, outcome, category, reason, spans=faults, parts_held=held, parts=claims)
        ]


CHECKS.add(CitationCoverage.name, CitationCoverage())
