"""Words on certainty, in serious notes, of promises and of softened sentences, in wordings of other writers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from milo_bench.guards.certainty import unsupported_certainty
from milo_bench.guards.keywords import keyword_risk
from milo_bench.guards.policy_text import judge_required_text
from milo_bench.guards.promises.find import read_promises

DATA = Path(__file__).parents[2] / "data"


@pytest.mark.parametrize(
    ("language", "text", "surer"),
    [
        ("de", "Der Riss rührt von der Baustelle her.", True),
        ("de", "Auslöser des Feuers war eine Kerze.", True),
        ("de", "Die Echtheit steht außer Zweifel.", True),
        ("de", "Wer die Schuld trägt, ist noch zu klären.", False),
        ("de", "Durch den Umbau sind Kosten entstanden.", True),
        ("fr", "La fuite provient du toit.", True),
        ("fr", "Les photos démontrent que la porte était ouverte.", True),
        ("fr", "Le vol ne fait aucun doute.", True),
        ("fr", "La fuite pourrait provenir du toit.", False),
        ("fr", "On ignore si la fuite provient du toit.", False),
    ],
)
def test_certainty_is_found_in_more_words(language: str, text: str, surer: bool) -> None:
    assert bool(unsupported_certainty(text, [""], expected=language)) == surer


@pytest.mark.parametrize(
    ("language", "text", "serious"),
    [
        ("de", "Dieser Vorschlag ist für uns nicht annehmbar.", True),
        ("de", "Er sieht keinen Ausweg.", True),
        ("fr", "Vous refusez de m'indemniser.", True),
        ("fr", "Nous ne sommes vraiment pas tout à fait d'accord.", True),
        ("fr", "Elle s'est brisé le coude.", True),
        ("fr", "Un verre s'est brisé dans l'évier.", False),
    ],
)
def test_notes_are_read_in_more_words(language: str, text: str, serious: bool) -> None:
    assert bool(keyword_risk(text, expected=language)) == serious


@pytest.mark.parametrize("language", ["de", "fr"])
def test_what_another_hand_wrote_is_found_for_the_most_part(language: str) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        lines = (DATA / f"{name}_fresh_abroad.jsonl").read_text(encoding="utf-8").splitlines()
        return [row for row in map(json.loads, lines) if row["language"] == language]

    surer = [bool(unsupported_certainty(row["text"], [row["source"]], expected=language)) for row in rows("certainty")]
    assert surer.count(True) >= 18
    assert not any(found for found, row in zip(surer, rows("certainty"), strict=True) if not row["surer"])
    assert all(keyword_risk(row["text"], expected=language) for row in rows("keywords") if row["serious"])


def _offices(name: str, language: str) -> list[dict[str, Any]]:
    rows = map(json.loads, (DATA / name).read_text(encoding="utf-8").splitlines())
    return [row for row in rows if row["language"] == language]


@pytest.mark.parametrize("language", ["de", "en", "es", "fr", "it", "nl", "pl", "pt"])
@pytest.mark.parametrize(
    "name",
    [
        *("promises_offices", "promises_offices_third", "promises_offices_fourth", "promises_offices_fifth"),
        "promises_office_work",
    ],
)
def test_promises_of_offices_are_caught_and_steps_of_their_own_work_are_not(name: str, language: str) -> None:
    rows = _offices(f"{name}.jsonl", language)
    caught = [row["text"] for row in rows if read_promises(row["text"], expected=language)]
    promised = [row["text"] for row in rows if row["promise"]]
    assert len(set(promised) - set(caught)) <= max(1, 0.1 * len(promised))
    assert len(set(caught) - set(promised)) <= 1


@pytest.mark.parametrize("language", ["de", "en", "es", "fr", "it", "nl", "pl", "pt"])
def test_softened_sentences_of_offices_are_found_and_kept_ones_are_not(language: str) -> None:
    for row in _offices("policy_text_offices.jsonl", language):
        (judged,) = judge_required_text(row["text"], [row["required"]], expected=language)
        assert judged.state == row["state"], row["text"]


@pytest.mark.parametrize("language", ["de", "fr"])
@pytest.mark.parametrize("draw", ["offices", "offices_third"])
def test_too_sure_sentences_and_serious_notes_of_offices_are_found(draw: str, language: str) -> None:
    rows = _offices(f"certainty_{draw}.jsonl", language)
    wrong = [row for row in rows if bool(unsupported_certainty(row["text"], [""], expected=language)) != row["surer"]]
    assert len(wrong) <= 3
    notes = _offices(f"keywords_{draw}.jsonl", language)
    assert all(keyword_risk(row["text"], expected=language) for row in notes if row["serious"])


def test_what_is_denied_in_a_clause_that_is_said_to_be_certain_takes_nothing_back() -> None:
    assert unsupported_certainty("Fest steht, dass niemand die Tür abgeschlossen hatte.", [""], expected="de")
    assert unsupported_certainty("Une chose est sûre : personne n'avait fermé la porte.", [""], expected="fr")
    assert not unsupported_certainty(
        "Es steht nicht fest, dass jemand die Tür abgeschlossen hatte.", [""], expected="de"
    )


# Kinds of wordings, in words of these tests: nobody takes it away, a burden that is gone, set aside, done until right.
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Ihren Parkplatz nimmt Ihnen niemand mehr."),
        ("de", "Die Aufsicht wird so lange wiederholt, bis alles stimmt."),
        ("de", "Ein Gutschein ist für Sie hinterlegt."),
        ("de", "Der Fehlversuch zählt für Sie nicht."),
        ("fr", "Un bon vous attend à l'accueil."),
        ("fr", "Personne ne vous prendra votre place."),
        ("es", "Al final nadie le quita la plaza."),
        ("es", "No se le pedirá nada."),
        ("it", "Il posto nessuno glielo toglie."),
        ("it", "Non le chiederemo altro."),
        ("nl", "Uw plaats neemt niemand u af."),
        ("nl", "Er ligt een bon voor u klaar."),
        ("pl", "Tego miejsca nikt Panu nie zabierze."),
        ("pt", "O lugar já ninguém lhe tira."),
        ("en", "The late return will not be held against you."),
        ("en", "There is a voucher set aside for you."),
        ("en", "The hinge gets adjusted until it holds."),
    ],
)
def test_a_promise_without_a_word_of_promising_is_caught(language: str, text: str) -> None:
    assert read_promises(text, expected=language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Betreff: Ihre Erstattung"),
        ("de", "Ihre Rückzahlung"),
        ("fr", "Objet : votre remboursement"),
        ("es", "Asunto: su reembolso"),
        ("it", "Oggetto: il Suo rimborso"),
        ("nl", "Onderwerp: uw terugbetaling"),
        ("pt", "Assunto: o seu reembolso"),
    ],
)
def test_the_name_of_a_payment_in_a_heading_promises_nothing(language: str, text: str) -> None:
    assert read_promises(text, expected=language) == ()


@pytest.mark.parametrize(
    "amount", ["1.234,50 €", "1\u202f234,50\u00a0€", "1'234,50 CHF", "12,5 %", "99,- €", "um 14:30 Uhr 80,00 €"]
)
def test_a_number_with_a_comma_is_whole_in_the_clause_that_is_marked(amount: str) -> None:
    text = f"Wir überweisen Ihnen {amount} am Freitag."
    assert [one.text for one in read_promises(text, expected="de")] == [text]
