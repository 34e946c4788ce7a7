"""Passes, document by document, if the answer does not treat a merely mentioned document as reviewed.

``expect``: ``referenced_documents`` is a list of ``{"name", "aliases", "lines", "state"}``. In prose, each sentence
that names such a document must say that it was not seen. In rows of facts, a row that names it must say so, or leave
the wording to a person and not be marked certain. A sentence counts as a whole: if it says of two documents that one
was read and one is missing, it counts as a denial for both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from milo_bench.core.records import Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.document_names import NamedDocument, read_documents
from milo_bench.grade.fact_rows import FactRow, read_rows
from milo_bench.grade.packet_lines import without_line_citations
from milo_bench.guards.sentences import Sentence, split_sentences

_READ_CHARS: Final = 40_000
_NOT_SEEN: Final = re.compile(
    r"\bnot\s+(?:in|found|been|yet|seen|received|on\s+file|available|provided|attached|enclosed|included|reviewed|"
    r"present|part)\b|n't\s+(?:been\s+|yet\s+)?(?:in|seen|received|found|available|attached|enclosed|arrived|come)\b|"
    r"\b(?:missing|outstanding|absent|awaited|awaiting|pending|promised|unseen|"
    r"never\s+(?:seen|received)|no\s+copy|without\s+(?:a\s+copy|sight)|only\s+(?:referenced|mentioned|spoken\s+of|"
    r"referred\s+to)|requested\s+but|not\s+yet|will\s+follow|to\s+follow|still\s+to\s+come|has\s+yet\s+to|still\s+needed|"
    r"chase[ds]?|waiting\s+for)\b",
    re.IGNORECASE,
)
_REVIEWED: Final = re.compile(
    r"\b(?:review(?:ed|s|ing)?|read|examin\w+|inspect\w+|stud(?:y|ied)|check(?:ed)?|confirm\w*|show(?:s|ed|n)?|"
    r"stat(?:es|ed|ing)|indicat\w+|find(?:s|ings?)?|found|record(?:s|ed)|note[ds]|conclud\w+|prov(?:es|ed)|say(?:s)?|said|"
    r"(?:was|been|is|has)\s+(?:received|provided|supplied|obtained|submitted|attached|enclosed)|received|"
    r"according\s+to|as\s+per|per\s+the|based\s+on|reveal\w*|establish\w*|on\s+file|in\s+the\s+packet)\b",
    re.IGNORECASE,
)


class DocumentReviewedParams(Params, frozen=True):
    """``rows``: the key of a JSON answer's list of facts; "" for prose. ``must_mention``: whether prose that
    says nothing of such a document fails, for whoever takes over would not know of it.
    """

    rows: str = ""
    must_mention: bool = True


class DocumentReviewed:
    name = "document_reviewed"
    version = "2"
    detector = "document_reviewed"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, DocumentReviewedParams)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, DocumentReviewedParams)
        documents = read_documents(case.fixture.expect.get("referenced_documents"))
        if not documents:
            return [Verdict(self.name, self.version, "skip", reason="no document is only mentioned")]
        if rules.rows:
            if not case.json.usable:
                reason = f"no rows to read: {case.json.problem}"
                return [Verdict(self.name, self.version, "fail", "malformed_json", reason)]
            rows = read_rows(case.json.value, rules.rows)
            return [self._rows(document, rows) for document in documents]
        sentences = split_sentences(without_line_citations(case.output[:_READ_CHARS]))
        return [verdict for one in documents for verdict in self._prose(one, sentences, rules.must_mention)]

    def _prose(self, document: NamedDocument, sentences: tuple[Sentence, ...], must_mention: bool) -> Iterator[Verdict]:
        named = [sentence for sentence in sentences if document.spoken_of(sentence.text)]
        if not named:
            reason = f"the {document.name} is not mentioned, which is {document.state or 'only referred to'}"
            if must_mention:
                yield Verdict(self.name, self.version, "fail", "unmentioned_document", reason, document.name)
            else:
                yield Verdict(self.name, self.version, "skip", "", reason, document.name)
            return
        claims = [one for one in named if not _NOT_SEEN.search(one.text)]
        wrong = [one for one in claims if _REVIEWED.search(one.text)]
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

    def _rows(self, document: NamedDocument, rows: tuple[FactRow, ...]) -> Verdict:
        about = [row for row in rows if document.spoken_of(row.fact)]
        certain = [row for row in about if not row.hedged and not _NOT_SEEN.search(row.fact)]
        if certain:
            reason = f"marked certain, although the {document.name} is only mentioned: {certain[0].fact[:120]!r}"
            return Verdict(self.name, self.version, "fail", "referenced_as_reviewed", reason, document.name)
        got = "left to human review" if about else "not used"
        return Verdict(self.name, self.version, "pass", subject=document.name, got=got)


CHECKS.add(DocumentReviewed.name, DocumentReviewed())
