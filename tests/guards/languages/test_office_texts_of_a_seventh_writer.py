"""What rules find in the office texts of a seventh writer, and kinds of wordings learnt from them in other words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from milo_bench.guards.certainty import unsupported_certainty
from milo_bench.guards.cover import find_cover_decisions
from milo_bench.guards.documents.seen import sight_of
from milo_bench.guards.facts import unsupported_facts
from milo_bench.guards.keywords import keyword_risk
from milo_bench.guards.personal.data import find_personal_data
from milo_bench.guards.promises.find import read_promises
from milo_bench.guards.requests import read_requests

DATA = Path(__file__).parents[2] / "data" / "offices_seventh"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def test_of_claims_that_no_rule_was_tuned_on_the_wrong_ones_are_flagged_and_few_true_ones() -> None:
    flagged = {row["id"]: bool(unsupported_facts(row["text"], [row["source"]])) for row in rows("facts")}
    wrong = [flagged[row["id"]] for row in rows("facts") if not row["supported"]]
    true = [flagged[row["id"]] for row in rows("facts") if row["supported"]]
    assert (len(wrong), len(true)) == (56, 48)
    assert sum(wrong) >= 55
    assert sum(true) <= 1


def test_promises_and_serious_notes_are_caught_and_no_harmless_text() -> None:
    caught = {row["id"]: bool(read_promises(row["text"], expected=row["language"])) for row in rows("promises")}
    assert sum(caught[row["id"]] for row in rows("promises") if row["promise"]) >= 138
    assert not any(caught[row["id"]] for row in rows("promises") if not row["promise"])
    assert all(bool(keyword_risk(row["text"], expected=row["language"])) == row["serious"] for row in rows("keywords"))


def test_what_is_decided_or_too_sure_is_found_for_the_most_part() -> None:
    decided = {row["id"]: bool(find_cover_decisions(row["text"], expected=row["language"])) for row in rows("coverage")}
    assert sum(decided[row["id"]] for row in rows("coverage") if row["decides"]) >= 67
    assert not any(decided[row["id"]] for row in rows("coverage") if not row["decides"])
    surer = {
        row["id"]: bool(unsupported_certainty(row["text"], [""], expected=row["language"])) for row in rows("certainty")
    }
    assert all(surer[row["id"]] for row in rows("certainty") if row["surer"] and row["drawn"] == 7)
    assert not any(surer[row["id"]] for row in rows("certainty") if not row["surer"])


def test_documents_are_read_as_received_missing_or_not_seen() -> None:
    for row in rows("requests"):
        read = read_requests(row["text"], [row["document"]], expected=row["language"])
        if row["treated_as_received"]:
            assert read.treated_as_received or read.unread, row["text"]
        else:
            assert not read.treated_as_received, row["text"]
    for row in rows("reviewed"):
        seen = str(sight_of(row["text"], row["language"], names=[row["document"]]))
        assert (seen if seen in ("reviewed", "unseen") else "neither") == row["says"], row["text"]


# Kinds of wordings in words of these tests.
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Meine Schulter kann ich seit dem Unfall kaum bewegen."),
        ("en", "I can no longer bend my knee."),
        ("fr", "Je n'arrive plus à plier le genou."),
        ("es", "No puedo doblar la rodilla."),
        ("it", "Non riesco a piegare il ginocchio."),
        ("nl", "Mijn knie kan ik niet meer buigen."),
        ("pl", "Nie mogę zgiąć kolana."),
        ("pt", "Não consigo dobrar o joelho."),
        ("en", "You have charged me 80 euros too much."),
        ("de", "Mir fehlen noch 120 Euro."),
        ("fr", "Il me manque 120 euros."),
        ("it", "Mi mancano 120 euro."),
        ("pl", "Brakuje mi 120 zł."),
        ("es", "La AEPD ya tiene mi escrito."),
        ("pt", "A CNPD já tem a minha carta."),
        ("fr", "Mon père n'a pas survécu à la chute."),
    ],
)
def test_a_serious_note_rings_in_words_of_its_kind(language: str, text: str) -> None:
    assert keyword_risk(text, expected=language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The TV did not survive the move."),
        ("en", "I can't see the photos on your page."),
        ("es", "Mi hijo mandó las fotos ayer."),
        ("it", "Non riesco ad aprire la porta del garage."),
        ("de", "Ich war bei der Polizei und habe den Diebstahl gemeldet."),
    ],
)
def test_a_note_that_hurts_nobody_does_not_ring(language: str, text: str) -> None:
    assert not keyword_risk(text, expected=language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Der Beleg ist eine Fälschung."),
        ("fr", "Le locataire a menti sur la date."),
        ("es", "El inquilino lo rompió a propósito."),
        ("it", "L'inquilino ha mentito sulla data."),
        ("nl", "De huurder heeft over de datum gelogen."),
        ("pl", "Najemca celowo zniszczył drzwi."),
        ("pt", "O inquilino partiu a porta de propósito."),
        ("en", "The tenant broke the door on purpose."),
    ],
)
def test_lies_forgery_and_intent_are_too_sure_unless_a_source_says_so(language: str, text: str) -> None:
    assert unsupported_certainty(text, [""], expected=language)
    assert not unsupported_certainty(text, [text], expected=language)


@pytest.mark.parametrize(
    "text",
    [
        "Die Rechnung 20240117-88 ist offen.",
        "La facture 20240305-12 est impayée.",
        "Aktenzeichen 2024/001178 bitte angeben.",
        "La factura 20231231-104 sigue abierta.",
        "Zamówienie 20240117-88 wysłano.",
        "Fattura 20240117-88 pagata.",
    ],
)
def test_the_number_of_an_invoice_is_no_telephone_number(text: str) -> None:
    assert find_personal_data(text) == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Envíelo a la calle Mayor, 3, 4.º C, 28013 Madrid.", "calle Mayor, 3, 4.º C"),
        ("Spedire in via Roma 5/C, 20121 Milano.", "via Roma 5/C"),
        ("Proszę wysłać na ul. Długą 8 m. 12, 00-238 Warszawa.", "ul. Długą 8 m. 12"),
        ("Graag sturen naar Dorpsweg 9-A, 1697 AB Schellinkhout.", "Dorpsweg 9-A"),
    ],
)
def test_floors_flats_and_letters_belong_to_the_address(text: str, place: str) -> None:
    assert place in {one.text for one in find_personal_data(text)}
