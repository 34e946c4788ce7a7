"""Eight languages: each rule is measured on the half of its labelled texts that nobody tuned on."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from milo_bench.guards.citations import is_claim
from milo_bench.guards.dates import normalise_date
from milo_bench.guards.sentences import split_sentences
from milo_bench.guards.values.amounts import doubt_of, read_amount

FOLDER: Final = Path(__file__).parents[1] / "data" / "languages"
LANGUAGES: Final = ("en", "de", "fr", "es", "it", "nl", "pl", "pt")


def rows(rule: str, language: str, half: str) -> list[dict[str, Any]]:
    lines = (FOLDER / rule / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["half"] == half]


def test_the_labelled_texts_are_those_of_before_the_rules() -> None:
    said = (FOLDER / "digests.sha256").read_text(encoding="utf-8").splitlines()
    for digest, name in (line.split() for line in said):
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name


def boundaries(text: str, sentences: list[str]) -> set[int]:
    found, at = set(), 0
    for sentence in sentences:
        at = text.index(sentence, at) + len(sentence)
        found.add(at)
    return found - {len(text)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_end_where_they_do_in_at_least_98_of_100_places(language: str) -> None:
    right = wrong = 0
    for row in rows("sentences", language, "held_out"):
        found = boundaries(row["text"], [sentence.text for sentence in split_sentences(row["text"])])
        wanted = boundaries(row["text"], row["sentences"])
        right += len(found & wanted)
        wrong += len(found ^ wanted)
    assert right / (right + wrong) >= 0.98


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("申請は3月3日に届いた[E-0401]。保険会社は写真を求めた[E-0402]。", 2),
        ("「来週行きます。」と彼女は言った。写真は？", 2),
        ("我们收到了申请。请等待回复！谢谢。[E-0401]", 3),
        ("وصل الطلب في 3 مارس. هل هو كامل؟ نعم.", 3),
        ("वह आया। फिर गया।", 2),
        ("Il a dit « Venez. » Puis il est parti.", 2),
    ],
)
def test_sentences_of_other_scripts_end_at_their_own_marks(text: str, count: int) -> None:
    assert len(split_sentences(text)) == count


@pytest.mark.parametrize(
    "text",
    [
        "Sehr geehrte Frau Keller,",
        "Mit freundlichen Grüßen",
        "Bitte senden Sie uns die Fotos.",
        "Cordialement,",
        "Le dossier ne mentionne pas de date.",
        "Muchas gracias por su mensaje.",
        "Distinti saluti",
        "Met vriendelijke groet,",
        "Z poważaniem",
        "Com os melhores cumprimentos,",
        "概要",
    ],
)
def test_what_states_nothing_needs_no_citation_in_other_languages(text: str) -> None:
    assert not is_claim(text)


@pytest.mark.parametrize(
    "text",
    [
        "Der Antrag ging am 3. März ein.",
        "Bitte senden Sie das Formular, das am 3. Mai angefordert wurde.",
        "La compañía pidió fotos.",
        "保険会社は写真を求めた。",
    ],
)
def test_what_states_something_needs_a_citation_in_other_languages(text: str) -> None:
    assert is_claim(text)


def read_field(row: dict[str, Any]) -> object:
    if row["kind"] == "date":
        return normalise_date(row["text"], day_first=not row["locale"].endswith("-US"))
    return read_amount(row["text"], locale=row["locale"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_amounts_and_dates_of_fields_are_read_right_in_most_forms(language: str) -> None:
    held = rows("amounts", language, "held_out")
    right = [
        row for row in held if read_field(row) == (row["value"] if row["kind"] == "date" else Decimal(row["value"]))
    ]
    assert len(right) / len(held) >= 0.99


@pytest.mark.parametrize(
    ("text", "locale", "value"),
    [
        ("1.250,00 €", "", "1250"),
        ("CHF 1'250.00", "", "1250"),
        ("1 250,00 €", "", "1250"),
        ("₹1,25,000", "", "125000"),
        ("1.250,-- €", "", "1250"),
        ("CHF 1’250.–", "de-CH", "1250"),
        ("1.250", "de-DE", "1250"),
        ("1.250", "de-CH", "1.25"),
        ("1.250", "", "1.25"),
        ("2,5 Mio. Euro", "de", "2500000"),
        ("1 billion euros", "en", "1000000000"),
        ("1 billion d'euros", "fr", "1000000000000"),
        ("１２５０円", "ja", "1250"),
        ("1٬250٫50", "ar", "1250.50"),
    ],
)
def test_an_amount_is_read_as_its_place_writes_it(text: str, locale: str, value: str) -> None:
    assert read_amount(text, locale=locale) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["12 % €", "1250 kg", "3 mal 5", "1_250", "1.2.3", "1,250,00", "ab 1.250 €", "Euro", ""]
)
def test_what_is_no_one_amount_is_not_read(text: str) -> None:
    assert read_amount(text, locale="de") is None


def test_a_number_with_one_mark_is_in_doubt_where_its_text_begins_decimals_with_it() -> None:
    german = "Die Rechnung ist am 3. März bei uns eingegangen und der Betrag liegt bei 1,250 Euro."
    assert doubt_of("1,250", german) == "is 1.25 as its text is written and 1250 as English is"
    assert doubt_of("1.250", german) == ""
    assert doubt_of("12,50", german) == ""
    assert doubt_of("1,250", "The invoice came in on 3 March and the amount is 1,250 euros.") == ""
    assert doubt_of("1,250", "4711") == ""
