"""Passes, document by document, if the answer does not treat a merely mentioned document as reviewed.

``expect``: ``referenced_documents`` is a list of ``{"name", "aliases", "lines", "state"}``. In prose, each sentence
that names such a document must say that it was not seen. In rows of facts, a row that names it must say so, or leave
the wording to a person and not be marked certain. A sentence counts as a whole: if it says of two documents that one
was read and one is missing, it counts as a denial for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.document_names import NamedDocument, read_documents
from milo_bench.grade.fact_rows import FactRow, read_rows
from milo_bench.grade.languages.answers import language_of
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.guards.citing.lines import without_line_citations
from milo_bench.guards.documents.seen import says_unseen, sight_of
from milo_bench.guards.languages.recognise import main_language, recognise
from milo_bench.guards.sentences import split_sentences

_READ_CHARS: Final = 40_000


class _Said(NamedTuple):
    """A sentence at ``start`` to ``end`` of the answer, with its language (ISO 639-1, "" for none)."""

    text: str
    start: int
    end: int
    language: str


class DocumentReviewedParams(Params, frozen=True):
    """``rows``: the key of a JSON answer's list of facts; "" for prose. ``must_mention``: whether prose that
    says nothing of such a document fails, for whoever takes over would not know of it.
    """

    rows: str = ""
    must_mention: bool = True


class DocumentReviewed:
    name = "document_reviewed"
    version = "4"
    detector = "document_reviewed"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, DocumentReviewedParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        readable = bool(read_documents(fixture.expect.get("referenced_documents")))
        return unread_expectation(fixture, "referenced_documents", readable=readable, what="list of documents")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, DocumentReviewedParams)
        documents = read_documents(case.fixture.expect.get("referenced_documents"))
        if not documents:
            return [Verdict(self.name, self.version, "skip", reason="no document is only mentioned")]
        expected = language_of(case.workload)
        if rules.rows:
            if not case.json.usable:
                reason = f"no rows to read: {case.json.problem}"
                return [Verdict(self.name, self.version, "fail", "malformed_json", reason)]
            rows = read_rows(case.json.value, rules.rows)
            return [self._rows(document, rows, expected) for document in documents]
        text = without_line_citations(case.output[:_READ_CHARS])
        languages = {part.start: part.language or expected for part in recognise(text, expected=expected)}
        said = [
            _Said(one.text, one.start, one.end, languages.get(one.start, expected)) for one in split_sentences(text)
        ]
        return [verdict for one in documents for verdict in self._prose(one, said, rules.must_mention)]

    def _prose(self, document: NamedDocument, said: Sequence[_Said], must_mention: bool) -> Iterator[Verdict]:
        named = [sentence for sentence in said if document.spoken_of(sentence.text)]
        if not named:
            reason = f"the {document.name} is not mentioned, which is {document.state or 'only referred to'}"
            if must_mention:
                yield Verdict(self.name, self.version, "fail", "unmentioned_document", reason, document.name)
            else:
                yield Verdict(self.name, self.version, "skip", "", reason, document.name)
            return
        claims = [one for one in named if not says_unseen(one.text, one.language, names=document.names)]
        wrong = [one for one in claims if sight_of(one.text, one.language, names=document.names) == "reviewed"]
        if wrong:
            spans = tuple(Span("output", one.start, one.end, document.name) for one in wrong)
            reason = f"the {document.name} is not in the packet, but the note treats it as reviewed"
            category = "referenced_as_reviewed"
            yield Verdict(self.name, self.version, "fail", category, reason, document.name, spans)
        elif claims:
            spans = tuple(Span("output", one.start, one.end, document.name) for one in claims)
            reason = f"the note names the {document.name} but does not say whether it was seen"
            yield Verdict(self.name, self.version, "flag", "unclear_whether_seen", reason, document.name, spans)
        else:
            yield Verdict(self.name, self.version, "pass", subject=document.name, got="reported as not seen")

    def _rows(self, document: NamedDocument, rows: tuple[FactRow, ...], expected: str) -> Verdict:
        about = [row for row in rows if document.spoken_of(row.fact)]
        certain = [row for row in about if not row.hedged and not says_unseen(row.fact, _language(row.fact, expected))]
        if certain:
            reason = f"marked certain, although the {document.name} is only mentioned: {certain[0].fact[:120]!r}"
            return Verdict(self.name, self.version, "fail", "referenced_as_reviewed", reason, document.name)
        got = "left to human review" if about else "not used"
        return Verdict(self.name, self.version, "pass", subject=document.name, got=got)


def _language(text: str, expected: str) -> str:
    return main_language(recognise(text, expected=expected)) or expected


CHECKS.add(DocumentReviewed.name, DocumentReviewed())
