"""A case as a case-management system keeps it: the claimant, dated events, document requests, templates.

Shared by the suites that ship such cases, the rails that select from them and the checks that
hold an answer against them. Dates are ISO 8601 (``2025-03-14`` or ``2025-03-14T09:30``).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from milo_bench.core.records import Frozen

EventSource: TypeAlias = Literal["system", "decision_letter", "caseworker", "claimant", "third_party", "attachment"]
EventKind: TypeAlias = Literal["status", "correction", "note", "email", "call", "document", "request"]
RequestState: TypeAlias = Literal["open", "received", "withdrawn"]


class CaseEvent(Frozen, frozen=True):
    """One entry of a case record.

    ``status`` is the status that the entry states, if it states one. ``corrects`` is the id of
    an earlier entry that this one puts right; the earlier entry's status no longer counts.
    """

    id: str
    at: str
    source: EventSource
    kind: EventKind
    text: str
    status: str = ""
    corrects: str = ""
    author: str = ""


class DocumentRequest(Frozen, frozen=True):
    """A document that was asked for; ``event`` is the entry that shows its present state."""

    document: str
    state: RequestState
    requested_at: str
    event: str = ""


class ReplyTemplate(Frozen, frozen=True):
    """A reply template with the policy sentences that must stand in a draft word for word."""

    id: str
    title: str
    valid_from: str
    valid_until: str = ""  # "" while it is current
    required_text: tuple[str, ...] = ()


class CaseRecord(Frozen, frozen=True):
    """One case. Events are in the order in which the system stored them, not by date."""

    case_id: str
    claimant_name: str
    opened_at: str
    as_of: str  # the day on which the record was read; "now" for every rule
    issue_type: str
    events: tuple[CaseEvent, ...]
    requests: tuple[DocumentRequest, ...] = ()
    risk: Literal["low", "medium", "high"] = "low"
