"""A fixture with its gold in, the perfect answer or an answer with one known fault out; what checks are tested with."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from milo_bench.core.records import Fixture

TimelineFault: TypeAlias = Literal["stale_status", "uncited_conclusion"]
DraftFault: TypeAlias = Literal["promise", "softened_policy", "request_complete", "expired_template", "uncited_fact"]


def ideal_timeline(fixture: Fixture) -> str:
    """A summary that states the current status, the opening and every request, each cited."""
    expect, case = fixture.expect, fixture.input["case"]
    if expect["route"] == "human_review":
        return "HUMAN_REVIEW"
    ids = ", ".join(expect["current_status_events"])
    lines = [f"Case {case['case_id']} of {case['claimant_name']} is now {_words(expect['current_status'])} [{ids}]."]
    for request in case.get("requests", []):
        document, event = request["document"], request["event"]
        if request["state"] == "received":
            lines.append(f"The {document} arrived [{event}].")
        elif request["state"] == "open":
            lines.append(f"The {document} was requested and has not arrived [{event}].")
    return " ".join(lines)


def faulty_timeline(fixture: Fixture, fault: TimelineFault) -> str:
    """The ideal summary with ``fault``. ``stale_status`` needs a stale status in the fixture's gold."""
    ideal = ideal_timeline(fixture)
    if fault == "uncited_conclusion":
        return f"{ideal} The file shows that the claimant was entitled to the full amount."
    current, stale = fixture.expect["current_status"], fixture.expect["stale_statuses"][0]
    return ideal.replace(f"now {_words(current)}", f"now {_words(stale)}", 1)


def ideal_draft(fixture: Fixture) -> str:
    """A reply under the right template with its policy sentences, or the ESCALATE line."""
    expect, case = fixture.expect, fixture.input["case"]
    if expect["action"] == "escalate":
        return f"ESCALATE: {_words(expect['escalate_because'])}"
    ids = ", ".join(expect["current_status_events"])
    body = [f"Your case is now {_words(expect['current_status'])} [{ids}]."]
    for request in _open(case):
        body.append(f"We still need your {request['document']} [{request['event']}].")
    body += expect["required_text"]
    greeting = f"Dear {case['claimant_name']},"
    return "\n".join([f"Template: {expect['template_id']}", greeting, " ".join(body), "Kind regards"])


def faulty_draft(fixture: Fixture, fault: DraftFault) -> str:
    """The ideal draft with ``fault``; ``request_complete`` needs an open request in the case."""
    ideal, expect = ideal_draft(fixture), fixture.expect
    if fault == "promise":
        ids = ", ".join(expect["current_status_events"])
        return _before_close(ideal, f"Your review will be completed within five business days [{ids}].")
    if fault == "uncited_fact":
        return _before_close(ideal, "Your file was passed to the regional office last month.")
    if fault == "softened_policy":
        sentence = expect["required_text"][0]
        return ideal.replace(sentence, f"We will try to be in touch soon; {sentence[0].lower()}{sentence[1:40]}…")
    if fault == "request_complete":
        request = _open(fixture.input["case"])[0]
        document, event = request["document"], request["event"]
        return ideal.replace(
            f"We still need your {document} [{event}].", f"We have received your {document}, thank you [{event}]."
        )
    title = next(t["title"] for t in fixture.input["templates"] if t["id"] == expect["template_id"])
    expired = next(t for t in fixture.input["templates"] if t["title"] == title and t.get("valid_until"))
    return ideal.replace(f"Template: {expect['template_id']}", f"Template: {expired['id']}", 1)


def _before_close(draft: str, sentence: str) -> str:
    return draft.replace("\nKind regards", f" {sentence}\nKind regards")


def _open(case: dict[str, Any]) -> list[dict[str, Any]]:
    return [request for request in case.get("requests", []) if request["state"] == "open"]


def _words(name: str) -> str:
    return name.replace("_", " ")
