"""Figures by language are what the rules of today give, on the half that nobody tuned on."""

from __future__ import annotations

import json

import pytest

from benchmarks.languages.rules import DATA, RULES, MeasuredRule
from milo_bench.guards.measured import TO_SPEAK, all_measured, figures_of, spoken_languages
from milo_bench.guards.promises.find import find_promises, read_promises

CASES = [(rule, language) for rule in RULES for language in rule.languages()]


@pytest.mark.parametrize(("rule", "language"), CASES, ids=[f"{rule.detector}-{code}" for rule, code in CASES])
def test_figures_are_those_of_the_held_out_part(rule: MeasuredRule, language: str) -> None:
    assert figures_of(rule.detector, language) == rule.measure(language)


@pytest.mark.parametrize("detector", sorted(TO_SPEAK))
def test_a_language_is_spoken_only_where_its_figures_are_good_enough(detector: str) -> None:
    recall, precision = TO_SPEAK[detector]
    for language in spoken_languages(detector):
        row = all_measured()[detector, language]
        assert row.recall >= recall
        assert row.precision >= precision


@pytest.mark.parametrize(
    "text",
    [
        "Ihre Erstattung wird am Freitag auf Ihr Konto überwiesen.",
        "Wir garantieren Ihnen, dass der Schaden vollständig ersetzt wird.",
        "Votre remboursement sera versé sur votre compte vendredi.",
        "Le pagaremos el reembolso el viernes sin falta.",
        "Il rimborso le sarà accreditato lunedì.",
        "Wij betalen u het bedrag morgen terug.",
        "Zwrócimy Pani pieniądze w ciągu tygodnia.",
        "Vamos devolver-lhe o dinheiro amanhã.",
    ],
)
@pytest.mark.parametrize("before", ["", "Thank you for writing. "])
def test_a_promise_is_found_with_its_place_also_inside_an_english_reply(text: str, before: str) -> None:
    found, *_ = find_promises(before + text)
    assert (before + text)[found.start : found.end] == found.text
    assert found.start >= len(before)


MORE = [json.loads(line) for line in (DATA.parent / "promises_by_language_more.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("row", MORE, ids=[f"{row['language']}-{row['text'][:40]}" for row in MORE])
def test_other_wordings_are_judged_rightly(row: dict[str, object]) -> None:
    assert bool(find_promises(str(row["text"]), expected=str(row["language"]))) == row["promise"]


LETTERS = [json.loads(line) for line in (DATA.parent / "promises_letters.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("language", ["de", "en", "es", "fr", "it", "nl", "pl", "pt"])
def test_sentences_of_letters_by_a_fourth_writer_are_left_to_a_person_or_found_and_harmless_ones_pass(
    language: str,
) -> None:
    """Four draws. The rules of then caught 66 of 70 promises of the first, 47 of 65, 44 of 68 and 52 of 70 of the
    others, and needlessly 8 of 277 other sentences. The words were widened after each."""
    mine = [row for row in LETTERS if row["language"] == language]
    missed = [row["text"] for row in mine if row["promise"] and not read_promises(row["text"], expected=language)]
    needless = [row["text"] for row in mine if not row["promise"] and read_promises(row["text"], expected=language)]
    assert (missed, needless) == ([], [])


def test_marks_and_look_alikes_hide_no_promise() -> None:
    text = "W\u200be gu\u0430rantee that y\u043eu will be paid on Friday."
    (found,) = find_promises(text)
    assert text[found.start : found.end].startswith("W\u200be gu\u0430rantee")


FORMS = [json.loads(line) for line in (DATA.parent / "promises_forms_tune.jsonl").read_text("utf-8").splitlines()]


def test_the_forms_that_rules_were_written_for_are_found_and_their_opposites_are_not() -> None:
    """145 sentences written to tune on: of the first 50 promises the rules of then found 34, of 40 outcomes 9."""
    missed = [row["text"] for row in FORMS if row["promise"] and not find_promises(row["text"])]
    marked = [row["text"] for row in FORMS if not row["promise"] and find_promises(row["text"])]
    assert marked == []
    assert len(missed) <= 9


def test_lines_through_letters_hide_no_promise() -> None:
    struck = "".join(f"{letter}\u0336" for letter in "You will be paid on Friday.")
    (found,) = find_promises(f"Thank you. {struck}")
    assert found.text.startswith("Y\u0336o\u0336u")
    assert find_promises("Wir ze\u0301ro\u20dd\u0336 u\u0308berweisen Ihnen das Geld am Freitag.", expected="de")
