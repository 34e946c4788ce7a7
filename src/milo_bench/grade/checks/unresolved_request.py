"""Passes if the draft does not treat an open document request as received.

A sentence that names an open document and that no rule reads either way leaves the answer unjudged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.case_input import case_of
from milo_bench.grade.drafting_input import open_documents
from milo_bench.grade.languages.answers import language_of
from milo_bench.guards.requests import read_requests
from milo_bench.guards.sent_on import escalation_reason


class UnresolvedRequestParams(Params, frozen=True):
    """``must_mention``: the draft must also name every open document as outstanding."""

    must_mention: bool = False


class UnresolvedRequest:
    """Skipped where no request is open or the answer escalates."""

    name = "unresolved_request"
    version = "7"
    detector = "requests_caught"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, UnresolvedRequestParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        if "open_documents" in fixture.expect or case_of(fixture) is not None:
            return ""
        return "there is neither a case record (input.case) nor expect.open_documents"

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, UnresolvedRequestParams)
        documents = open_documents(case.fixture)
        if not documents or escalation_reason(case.output) is not None:
            return [Verdict(self.name, self.version, "skip", reason="the case has no open document request")]
        reading = read_requests(case.output, documents, expected=language_of(case.workload))
        if reading.treated_as_received:
            first = reading.treated_as_received[0]
            what = first.document or "every document"
            reason = f"treats {what} as received, but the request is open"
            spans = tuple(Span("output", one.start, one.end, one.document) for one in reading.treated_as_received)
            return [Verdict(self.name, self.version, "fail", "open_request_as_complete", reason, what, spans)]
        if reading.unread:
            first = reading.unread[0]
            reason = f"a person must read “{first.text}”: no rule reads whether {first.document} came"
            spans = tuple(Span("output", one.start, one.end, one.document) for one in reading.unread)
            return [Verdict(self.name, self.version, "unjudged", "possible_receipt", reason, first.document, spans)]
        silent = [document for document in documents if document not in reading.outstanding]
        if rules.must_mention and silent:
            reason = f"does not say that {', '.join(silent)} is outstanding"
            return [Verdict(self.name, self.version, "fail", "open_request_unmentioned", reason, silent[0])]
        return [Verdict(self.name, self.version, "pass")]


CHECKS.add(UnresolvedRequest.name, UnresolvedRequest())
