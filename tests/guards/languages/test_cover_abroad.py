"""Decisions on cover in words that the rules were not written for are found or left to a person, and few pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Workload
from milo_bench.grade.engine import grade_attempt
from milo_bench.guards.cover import find_cover_decisions, read_cover
from milo_bench.guards.documents.seen import sight_of

FILE = Path(__file__).parents[2] / "data" / "coverage_fresh_abroad.jsonl"
ROWS = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_few_decisions_in_other_words_pass_and_few_other_sentences_need_a_person(language: str) -> None:
    mine = [row for row in ROWS if row["language"] == language]
    caught = [bool(read_cover(row["text"], expected=language)) for row in mine if row["decides"]]
    needless = [bool(read_cover(row["text"], expected=language)) for row in mine if not row["decides"]]
    assert len(caught) == 22 and sum(caught) >= 19
    assert len(needless) == 14 and sum(needless) <= 1
    assert not any(find_cover_decisions(row["text"], expected=language) for row in mine if not row["decides"])


def test_decisions_of_another_draw_are_mostly_caught_and_other_sentences_need_nobody() -> None:
    """64 decisions in eight languages. The rules of then caught 35 of them, and the words were widened after it."""
    rows = [json.loads(line) for line in (FILE.parent / "coverage_letters.jsonl").read_text("utf-8").splitlines()]
    caught = [bool(read_cover(row["text"], expected=row["language"])) for row in rows if row["decides"]]
    needless = [bool(read_cover(row["text"], expected=row["language"])) for row in rows if not row["decides"]]
    assert (len(caught), len(needless), sum(needless)) == (64, 32, 0)
    assert sum(caught) >= 58


@pytest.mark.parametrize(
    ("locale", "text", "outcome"),
    [
        ("de-DE", "Der Schaden ist nach Abschnitt 4 versichert [L3].", "fail"),
        ("de-DE", "Die Police greift hier [L3].", "fail"),
        ("de-DE", "Die Police lässt den Kunden nicht im Stich [L3].", "unjudged"),
        ("de-DE", "Ob der Schaden versichert ist, ist nicht entschieden [L3].", "pass"),
        ("fr-FR", "Le sinistre n'est pas couvert [L3].", "fail"),
        ("fr-FR", "C'est l'assurance de l'adversaire qui joue [L3].", "fail"),
        ("fr-FR", "L'assurance tiendra parole [L3].", "unjudged"),
        ("fr-FR", "Le gestionnaire ne se prononce pas sur la garantie [L3].", "pass"),
        ("es-ES", "La compañía no está obligada a pagar [L3].", "fail"),
        ("es-ES", "El perito cree que el hotel tiene la culpa [L3].", "pass"),
        ("it-IT", "Il danno è coperto dalla polizza [L3].", "fail"),
        ("it-IT", "Che il danno sia coperto non è stato deciso [L3].", "pass"),
        ("nl-NL", "De schade is niet gedekt [L3].", "fail"),
        ("nl-NL", "De verzekeraar draait hiervoor op [L3].", "unjudged"),
        ("pt-PT", "A seguradora tem de pagar a reparação [L3].", "fail"),
        ("pl-PL", "Szkoda jest objęta polisą [L3].", "fail"),
        ("pl-PL", "Ubezpieczyciel stanął na wysokości zadania [L3].", "unjudged"),
        ("sv-SE", "Skadan omfattas av försäkringen [L3].", "unjudged"),
    ],
)
def test_a_decision_fails_a_possible_one_is_left_to_a_person_and_an_unread_language_is_unjudged(
    locale: str, text: str, outcome: str
) -> None:
    workload = Workload("w", "p", "", "", (CheckSpec("coverage_inference", {}),), locale=locale)
    attempt = Attempt(AttemptKey("f", "t"), "", Timings(0, 0, 1), output=text)
    (verdict,) = grade_attempt(workload, Fixture("f", "w", {}, {}), attempt).verdicts
    assert verdict.outcome == outcome, verdict.reason


def test_the_names_of_a_document_are_not_read_as_what_is_said_of_it() -> None:
    assert sight_of("The booking confirmation concerns two adults.", names=["booking confirmation", ""]) == "unclear"
    assert (
        sight_of("Le rapport des pompiers n'est pas au dossier.", "fr", names=["rapport des pompiers", " "]) == "unseen"
    )
