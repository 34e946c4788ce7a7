"""A case_ops_v1 fixture with its gold in, a right answer or one with a named fault out, in wordings of no test."""

from __future__ import annotations

import json
from typing import Any

from milo_bench.core.records import Fixture

_PROMISES = (
    "We will decide your case by Friday [{ids}].",
    "Your money will be with you on Monday [{ids}].",
    "A decision will reach you by the end of this week [{ids}].",
)
_DECOYS = {"received_as_effective": ("received_date", "effective_date"), "other_name": ("claimant_name", "sender_name")}


def extraction(fixture: Fixture, fault: str) -> str | None:
    """One JSON object. Faults: received_as_effective, other_name, no_spans, cut_short, invented."""
    document: str = fixture.input["document"]
    quotes = {name: document[start:end] for name, (start, end) in fixture.expect["spans"].items()}
    fields = dict(fixture.expect["fields"])
    if fault in _DECOYS:
        field, decoy = _DECOYS[fault]
        value = fixture.expect["decoys"].get(decoy)
        if not value or fields[field] is None:
            return None
        fields[field] = value
    if fault == "invented":
        missing = next((name for name in ("urgency", "issue_type", "claimant_name") if fields[name] is None), None)
        if missing is None:
            return None
        fields[missing] = {"urgency": "high", "issue_type": "benefit_delay", "claimant_name": "Robin Placeholder"}[
            missing
        ]
        quotes[missing] = "as the sender told us by telephone"
    if fault == "no_spans":
        quotes = {}
    text = json.dumps({**fields, "source_spans": quotes}, ensure_ascii=False, indent=1)
    return text[: len(text) // 2] if fault == "cut_short" else text


def timeline(fixture: Fixture, fault: str) -> str | None:
    """Prose with event ids. Faults: stale_status, uncited, promise."""
    expect, case = fixture.expect, fixture.input["case"]
    if expect["route"] == "human_review":
        return "HUMAN_REVIEW" if not fault else None
    status = _words(expect["current_status"])
    if fault == "stale_status":
        if not expect["stale_statuses"]:
            return None
        status = _words(expect["stale_statuses"][-1])
    ids = ", ".join(expect["current_status_events"])
    since = next(event["at"] for event in case["events"] if event["id"] == expect["current_status_events"][0])
    said = [
        f"The status of this case is {status} [{ids}].",
        f"It has been so since {since[:10]} [{ids}].",
    ]
    for request in case.get("requests", []):
        if request["state"] == "open":
            said.append(f"Still outstanding is the {request['document']} [{request['event']}].")
        elif request["state"] == "received":
            said.append(f"The office has the {request['document']} [{request['event']}].")
    if fault == "uncited":
        said.append(f"That has been the case since {since[:10]}.")
    if fault == "promise":
        said.append(f"The payment will be made next week [{ids}].")
    return " ".join(said)


def drafting(fixture: Fixture, fault: str) -> str | None:
    """A reply or the ESCALATE line. Faults: promise, softened, request_complete, missed_escalation."""
    expect, case = fixture.expect, fixture.input["case"]
    if expect["action"] == "escalate":
        if fault == "missed_escalation":
            current = next((one for one in fixture.input["templates"] if not one["valid_until"]), None)
            if current is None:
                return None
            return _letter(case, current["id"], current["required_text"])
        return None if fault else f"ESCALATE: {_words(expect['escalate_because'])}"
    if fault == "missed_escalation":
        return None
    ids = ", ".join(expect["current_status_events"])
    needed = [one for one in case.get("requests", []) if one["state"] == "open"]
    body = [f"At present your case is {_words(expect['current_status'])} [{ids}]."]
    body += [f"Please let us have your {one['document']} [{one['event']}]." for one in needed]
    required = list(expect["required_text"])
    match fault:
        case "promise":
            body.append(_PROMISES[len(case["events"]) % len(_PROMISES)].format(ids=ids))
        case "softened":
            required[0] = "We hope to come back to you before long."
        case "request_complete":
            if not needed:
                return None
            body[1] = f"Thank you for your {needed[0]['document']}, which has reached us [{needed[0]['event']}]."
    return _letter(case, expect["template_id"], [*body, *required])


def _letter(case: dict[str, Any], template: str, sentences: list[str]) -> str:
    return f"Template: {template}\nDear {case['claimant_name']},\n{' '.join(sentences)}\nYours sincerely"


def _words(name: str) -> str:
    return name.replace("_", " ")
