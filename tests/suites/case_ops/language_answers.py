"""A case_ops_v1 fixture in another language with its gold in, the perfect answer in that language out."""

from __future__ import annotations

from typing import Any, NamedTuple

from milo_bench.core.records import Fixture
from tests.suites.case_ops.extraction_answers import ideal_answer


class Sentences(NamedTuple):
    """What an answer says, with {name}, {status}, {document}."""

    summary: str
    received: str
    outstanding: str
    greeting: str
    status: str
    close: str


SENTENCES = {
    "de": Sentences(
        "Der Fall von {name} hat derzeit den Status {status}",
        "Als Unterlage liegt vor: {document}",
        "Angefordert und noch nicht eingegangen ist: {document}",
        "Guten Tag {name},",
        "Ihr Fall hat derzeit den Status {status}",
        "Mit freundlichen Grüßen",
    ),
    "fr": Sentences(
        "Le dossier de {name} a actuellement le statut {status}",
        "Pièce reçue : {document}",
        "Pièce demandée et pas encore reçue : {document}",
        "Bonjour {name},",
        "Votre dossier a actuellement le statut {status}",
        "Cordialement",
    ),
    "es": Sentences(
        "El expediente de {name} tiene actualmente el estado {status}",
        "Documento recibido: {document}",
        "Documento solicitado y aún no recibido: {document}",
        "Buenos días, {name}:",
        "Su expediente tiene actualmente el estado {status}",
        "Atentamente",
    ),
}


def ideal(fixture: Fixture, language: str) -> str:
    """The answer that a careful clerk would write in ``language``."""
    said = SENTENCES[language]
    match fixture.workload:
        case "extraction":
            return ideal_answer(fixture)
        case "timeline":
            return _timeline(fixture, said)
    return _draft(fixture, said)


def _timeline(fixture: Fixture, said: Sentences) -> str:
    expect, case = fixture.expect, fixture.input["case"]
    if expect["route"] == "human_review":
        return "HUMAN_REVIEW"
    first = said.summary.format(name=case["claimant_name"], status=_words(expect["current_status"]))
    lines = [f"{first} [{', '.join(expect['current_status_events'])}]."]
    for request in case["requests"]:
        if request["state"] in ("open", "received"):
            wording = said.received if request["state"] == "received" else said.outstanding
            lines.append(f"{wording.format(document=request['document'])} [{request['event']}].")
    return " ".join(lines)


def _draft(fixture: Fixture, said: Sentences) -> str:
    expect, case = fixture.expect, fixture.input["case"]
    if expect["action"] == "escalate":
        return f"ESCALATE: {expect['escalate_because']}"
    ids = ", ".join(expect["current_status_events"])
    body = [f"{said.status.format(status=_words(expect['current_status']))} [{ids}]."]
    for request in _open(case):
        body.append(f"{said.outstanding.format(document=request['document'])} [{request['event']}].")
    body += expect["required_text"]
    greeting = said.greeting.format(name=case["claimant_name"])
    return "\n".join([f"Template: {expect['template_id']}", greeting, " ".join(body), said.close])


def _open(case: dict[str, Any]) -> list[dict[str, Any]]:
    return [request for request in case["requests"] if request["state"] == "open"]


def _words(name: str) -> str:
    return name.replace("_", " ")
