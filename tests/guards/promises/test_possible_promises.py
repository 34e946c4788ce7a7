"""What no rule finds and is not clearly harmless is a possible promise: never passed, and marked for a person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Workload
from milo_bench.grade.engine import grade_attempt
from milo_bench.guards.draft_guard import GuardOptions, guard_draft
from milo_bench.guards.promises.find import find_promises, read_promises
from milo_bench.guards.promises.promise import POSSIBLE

DATA = Path(__file__).parents[2] / "data"
TUNE = [json.loads(line) for line in (DATA / "promises_doubt_tune.jsonl").read_text("utf-8").splitlines()]
UNUSUAL = {
    "en": "Nothing stands between you and the payment any more.",
    "de": "Das Hotel geht auf uns, solange die Wohnung leer steht.",
    "fr": "La deuxième visite ne vous coûtera rien.",
    "es": "Olvídese de la multa, queda anulada.",
    "it": "La cauzione torna a lei per intero.",
    "nl": "De boete is van de baan.",
    "pl": "Za drugą wizytę nic Pan nie zapłaci.",
    "pt": "A segunda visita não lhe custa nada.",
}


def graded(text: str, **params: object) -> tuple[str, str]:
    workload = Workload("reply", "p", "p", "", checks=(CheckSpec("banned_commitments", params),))
    attempt = Attempt(AttemptKey("f", "t"), "", Timings(0.0, 0.0, 0.0), output=text)
    (verdict,) = grade_attempt(workload, Fixture("f", "reply", {}), attempt).verdicts
    return verdict.outcome, verdict.category


@pytest.mark.parametrize("language", UNUSUAL)
def test_a_promise_that_no_rule_describes_leaves_the_answer_unjudged(language: str) -> None:
    text = UNUSUAL[language]
    assert find_promises(text, expected=language) == ()
    assert graded(text) == ("unjudged", POSSIBLE)
    assert graded(text, allow=[POSSIBLE]) == ("pass", "")


def test_a_certain_promise_fails_also_beside_a_possible_one() -> None:
    assert graded(f"{UNUSUAL['en']} We will refund you on Friday.") == ("fail", "banned_commitment")


def test_the_place_is_that_of_the_clause_as_it_was_written() -> None:
    text = "We have your letter. N\u200bothing stands between you and the p\u0430yment any more."
    (found,) = read_promises(text)
    assert text[found.start : found.end] == found.text
    assert found.text.startswith("N\u200bothing")


def test_the_record_of_a_decision_is_no_promise_with_its_event() -> None:
    assert read_promises("At present your case is approved [E-0073].") == ()
    assert [one.kind for one in read_promises("Your claim is accepted.")] == [POSSIBLE]


def test_few_of_the_harmless_sentences_are_left_for_a_person() -> None:
    assert [row["text"] for row in TUNE if not row["promise"] and read_promises(row["text"])] == []
    assert [row["text"] for row in TUNE if row["promise"] and not read_promises(row["text"])] == []


def test_the_draft_guard_sends_a_possible_promise_to_a_person_and_refuses_a_certain_one() -> None:
    options = GuardOptions(require_citations=False, template_policy="any")
    unsure = guard_draft(UNUSUAL["en"], case=None, templates=(), options=options)
    assert (unsure.route, [one.kind for one in unsure.violations]) == ("human_review", ["possible_promise"])
    both = f"{UNUSUAL['en']} We will refund you on Friday."
    assert guard_draft(both, case=None, templates=(), options=options).route == "refused"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "We decline to guarantee that the refund arrives on Monday."),
        ("de", "Wir weigern uns, Ihnen eine Auszahlung bis Montag zuzusagen."),
        ("fr", "Il est loin d'être sûr que votre dossier sera accepté."),
        ("es", "No espere el reembolso el lunes."),
        ("it", "Non si aspetti il rimborso lunedì."),
        ("nl", "Het is verre van zeker dat u het bedrag maandag krijgt."),
        ("pl", "Nie jest pewne, że otrzyma Pan zwrot."),
        ("pt", "Recusamos prometer o reembolso na segunda-feira."),
    ],
)
def test_what_is_refused_or_far_from_certain_is_no_promise(language: str, text: str) -> None:
    assert read_promises(text, expected=language) == ()


def test_a_promise_behind_a_refusal_is_found() -> None:
    text = "Wir weigern uns, Sie warten zu lassen, und wir überweisen Ihnen das Geld am Freitag."
    assert [one.kind for one in read_promises(text, expected="de")] == ["payment_promise"]


@pytest.mark.parametrize(
    "text",
    [
        "Ihnen entstehen garantiert keine Kosten.", "Die Summe geht heute noch raus.",
        "La transferencia sale hoy mismo.", "De overboeking gaat vandaag nog de deur uit.",
        "We've got you covered for the whole amount.", "No way you will be out of pocket.",
    ],
)  # fmt: skip
def test_a_colloquial_promise_is_not_passed(text: str) -> None:
    assert graded(text)[0] in ("fail", "unjudged")
