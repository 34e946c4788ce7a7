"""Passes, sentence by sentence, if the cited events state the sentence's numbers, dates and names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.cases.record import CaseRecord
from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.case_input import case_header, case_of, event_texts, shown_event_ids
from milo_bench.grade.languages.answers import day_first_of
from milo_bench.guards.citations import CitedSentence, cited_sentences, find_citations
from milo_bench.guards.facts import unsupported_facts


class CitationSupportParams(Params, frozen=True):
    """``allow_sources`` names keys of the input whose text may be restated in a citing sentence."""

    day_first: bool = True
    allow_sources: list[str] = []


class CitationSupport:
    name = "citation_support"
    version = "6"
    detector = "unsupported_facts"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, CitationSupportParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        return "" if case_of(fixture) is not None else "the input contains no case record (input.case)"

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, CitationSupportParams)
        record = case_of(case.fixture)
        assert record is not None  # ``unreadable`` otherwise
        cited = [sentence for sentence in cited_sentences(case.output) if sentence.event_ids]
        if not cited:
            return [Verdict(self.name, self.version, "skip", reason="the answer cites no event")]
        shown = shown_event_ids(record, case.attempt)
        day_first = day_first_of(case.workload, rules.day_first)
        allowed = tuple(text for key in rules.allow_sources if isinstance(text := case.fixture.input.get(key), str))
        return [
            self._sentence(case, record, shown, allowed, number, sentence, day_first)
            for number, sentence in enumerate(cited, 1)
        ]

    def _sentence(
        self,
        case: GradeCase,
        record: CaseRecord,
        shown: frozenset[str],
        allowed: tuple[str, ...],
        number: int,
        cited: CitedSentence,
        day_first: bool,
    ) -> Verdict:
        subject = f"sentence {number}"
        sentence = cited.sentence
        events = {event.id: event for event in record.events}
        unknown = [event_id for event_id in cited.event_ids if event_id not in shown]
        if unknown:
            spans = tuple(
                Span("output", sentence.start + one.start, sentence.start + one.end, one.event_id)
                for one in find_citations(sentence.text)
                if one.event_id in unknown
            )
            absent = [event_id for event_id in unknown if event_id not in events]
            category = "unknown_event" if absent else "unselected_event"
            where = "not in the case" if absent else "in the case, but not among the events given to the model"
            reason = f"{', '.join(absent or unknown)} is cited, but is {where}"
            return Verdict(self.name, self.version, "fail", category, reason, subject, spans)
        sources = tuple(text for event_id in cited.event_ids for text in event_texts(record, events[event_id]) if text)
        plain = _blanked(sentence.text)
        wrong = unsupported_facts(plain, (*sources, *case_header(record), *allowed), day_first=day_first)
        if not wrong:
            return Verdict(self.name, self.version, "pass", subject=subject, got=", ".join(cited.event_ids))
        spans = tuple(
            Span("output", sentence.start + fact.start, sentence.start + fact.end, fact.kind) for fact in wrong
        )
        said = ", ".join(f"{fact.text!r} ({fact.kind})" for fact in wrong)
        reason = f"{', '.join(cited.event_ids)} does not state {said}"
        return Verdict(self.name, self.version, "fail", "unsupported_by_citation", reason, subject, spans)


def _blanked(sentence: str) -> str:
    """The sentence with its citations as spaces, so that offsets hold and no id counts as a fact."""
    for citation in find_citations(sentence):
        width = citation.end - citation.start
        sentence = f"{sentence[: citation.start]}{' ' * width}{sentence[citation.end :]}"
    return sentence


CHECKS.add(CitationSupport.name, CitationSupport())
