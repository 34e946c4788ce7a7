"""Passes, document by document, if the list of missing documents is correct: none missed, none invented.

``expect``: ``missing_documents``, ``present_documents`` and ``waived_documents`` are lists of
``{"name", "aliases"}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.document_names import NamedDocument, read_documents
from milo_bench.grade.languages.answers import language_of
from milo_bench.grade.sections import SectionItem, read_sections, section_named
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.guards.citing.lines import without_line_citations
from milo_bench.guards.documents.listed import read_item
from milo_bench.guards.languages.recognise import main_language, recognise


class MissingDocumentsParams(Params, frozen=True):
    """``section``: the heading of the list; ``headings``: those of the whole answer, so that it ends at the next."""

    section: str = "Missing Documents"
    headings: tuple[str, ...] = ("Summary", "Missing Documents", "Escalation Signal", "Evidence Lines")


class MissingDocuments:
    """One verdict for each document of the gold, one for each item that names anything else.

    An item that says of its document that it is there ("lease: received") makes no claim that it is missing.
    """

    name = "missing_documents"
    version = "5"
    detector = "missing_documents"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, MissingDocumentsParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        gold = fixture.expect.get("missing_documents")
        readable = isinstance(gold, list)
        return unread_expectation(fixture, "missing_documents", readable=readable, what="missing documents")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, MissingDocumentsParams)
        if not isinstance(case.fixture.expect.get("missing_documents"), list):
            return [Verdict(self.name, self.version, "skip", reason="the fixture gives no missing documents")]
        section = section_named(read_sections(case.output, (*rules.headings, rules.section)), rules.section)
        if section is None:
            reason = f"the answer has no section {rules.section}"
            return [Verdict(self.name, self.version, "fail", "missing_section", reason)]
        return list(self._judge(case, section.items))

    def _judge(self, case: GradeCase, items: tuple[SectionItem, ...]) -> Iterator[Verdict]:
        expect = case.fixture.expect
        missing = read_documents(expect.get("missing_documents"))
        expected = language_of(case.workload)
        claimed = [item for item in items if _claims_missing(item, expected)]
        named: set[str] = set()
        extra: list[tuple[SectionItem, str, str]] = []
        for item in claimed:
            text = without_line_citations(item.text)
            hits = [document.name for document in missing if document.spoken_of(text)]
            named.update(hits)
            if not hits:
                extra.append((item, *_other(text, expect)))
        for document in missing:
            if document.name in named:
                yield Verdict(self.name, self.version, "pass", subject=document.name, expected="missing", got="missing")
            else:
                reason = f"{document.name} ({document.state or 'requested'}) is neither in the packet nor in the list"
                category = "missed_document"
                yield Verdict(self.name, self.version, "fail", category, reason, document.name, (), "missing", "")
        for item, category, what in extra:
            spans = (Span("output", item.start, item.end, category),)
            reason = f"{item.text[:80]!r} is listed as missing, but {what}"
            yield Verdict(self.name, self.version, "fail", category, reason, item.text[:60], spans, "", "missing")
        if not missing and not extra:
            yield Verdict(self.name, self.version, "pass", reason="nothing is missing, and nothing is listed")


def _claims_missing(item: SectionItem, expected: str) -> bool:
    text = without_line_citations(item.text)
    language = main_language(recognise(text, expected=expected)) or expected
    return read_item(text, language) == "missing"


def _other(text: str, expect: Mapping[str, Any]) -> tuple[str, str]:
    """What an item that is not in the gold list names: a document that is there, one withdrawn, or none at all."""
    for key, category, what in (
        ("present_documents", "present_document", "it is in the packet"),
        ("waived_documents", "waived_document", "it was requested, then withdrawn"),
    ):
        known: tuple[NamedDocument, ...] = read_documents(expect.get(key))
        if any(document.spoken_of(text) for document in known):
            return category, what
    return "invented_document", "it was not requested in this claim"


CHECKS.add(MissingDocuments.name, MissingDocuments())
