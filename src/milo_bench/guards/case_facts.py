"""A request's input in, what routing rules may know of its case out: status, risk, missing fields, current template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from milo_bench.core.cases.facts import CASE_RISKS, CaseFacts
from milo_bench.core.cases.record import CaseRecord, ReplyTemplate
from milo_bench.core.errors import DataError
from milo_bench.guards.templates import state_on

REQUIRED_FIELDS: Final = ("case_id", "claimant_name", "opened_at", "issue_type")


def case_facts(data: Mapping[str, Any]) -> CaseFacts:
    """What ``data`` says of its case; what it does not say stays unknown, so that no rule rests on a guess.

    ``case_status``, ``risk``, ``missing_fields`` (true, false, or the list of what is missing) and
    ``template_current`` are taken as stated. Else they are read from ``case``, a case record, and ``templates``:
    the status by the rule of ``select_events`` ("" where entries contradict each other), a required field that is
    empty, a template that is valid on the case's day.
    """
    case = _case(data)
    status = data.get("case_status")
    risk = data.get("risk", case.risk if case is not None else "")
    missing = data.get("missing_fields")
    current = data.get("template_current")
    if isinstance(missing, (list, tuple)):
        missing = bool(missing)
    if not isinstance(missing, bool):
        missing = _missing(data)
    if not isinstance(current, bool):
        current = _current(data, case)
    return CaseFacts(
        status=status if isinstance(status, str) else _status(case),
        risk=risk if risk in CASE_RISKS else "",
        missing_fields=missing,
        template_current=current,
    )


def _case(data: Mapping[str, Any]) -> CaseRecord | None:
    try:
        return msgspec.convert(data.get("case"), CaseRecord)
    except msgspec.ValidationError:
        return None


def _status(case: CaseRecord | None) -> str:
    if case is None:
        return ""
    from milo_bench.guards.event_selection import select_events  # brings rapidfuzz, which most inputs do not need

    try:
        return select_events(case).current_status
    except DataError:
        return ""


def _missing(data: Mapping[str, Any]) -> bool | None:
    case = data.get("case")
    if not isinstance(case, Mapping):
        return None
    return any(not str(case.get(name) or "").strip() for name in REQUIRED_FIELDS)


def _current(data: Mapping[str, Any], case: CaseRecord | None) -> bool | None:
    if case is None or "templates" not in data:
        return None
    try:
        templates = msgspec.convert(data["templates"], tuple[ReplyTemplate, ...])
    except msgspec.ValidationError:
        return None
    return any(state_on(template, case.as_of) == "current" for template in templates)
