"""Figures by language are what the rules of today give, on the half that nobody tuned on."""

from __future__ import annotations

import json
from pathlib import Path

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


SEVENTH = ("certainty", "coverage_inference", "document_reviewed", "keywords", "promises", "requests", "status")


@pytest.mark.parametrize("detector", SEVENTH)
def test_what_strangers_texts_gave_at_first_stands_beside_each_language_that_they_were_in(detector: str) -> None:
    """The rules of then cannot be run again, but the faults that they were measured on can be counted."""
    rule = next(one for one in RULES if one.detector == detector)
    drawn = [path for path in _strangers_files(detector) if path.exists()]
    rows = [json.loads(line) for path in drawn for line in path.read_text("utf-8").splitlines()]
    assert {row["language"] for row in rows} == {
        language for name, language in all_measured() if name == detector and all_measured()[name, language].strangers
    }
    for language in {row["language"] for row in rows}:
        mine = [row for row in rows if row["language"] == language]
        counted = figures_of(detector, language).strangers
        assert counted is not None
        assert counted.wrong == sum(len(rule.wanted(row)) for row in mine)
        assert counted.right == sum(not rule.wanted(row) for row in mine)
        assert 0 < counted.caught <= counted.wrong
        assert 0 <= counted.false <= counted.right


def _strangers_files(detector: str) -> list[Path]:
    folder = {"coverage_inference": "coverage", "document_reviewed": "reviewed"}.get(detector, detector)
    names = ["fresh_abroad", "offices", "offices_third", "offices_fourth", "offices_fifth", "offices_eighth"]
    if detector not in ("certainty", "keywords"):
        names = names[1:]  # of the others, these sets are a held-out part or open from the start
    mine = [DATA.parent / f"{folder}_{name}.jsonl" for name in names]
    return [*mine, DATA.parent / "offices_seventh" / f"{folder}.jsonl"]


def test_a_share_that_strangers_texts_gave_is_stated_for_every_language_of_promises() -> None:
    for language in spoken_languages("promises_caught"):
        counted = figures_of("promises_caught", language).strangers
        assert counted is not None
        assert counted.caught < counted.wrong, "wordings that nobody knew were never all found"
