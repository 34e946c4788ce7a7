"""Texts of two languages or with odd marks: each sentence by the rules of its own language, places as written."""

from __future__ import annotations

from decimal import Decimal

import pytest

from milo_bench.guards.citations import cited_sentences, find_citations
from milo_bench.guards.dates import normalise_date
from milo_bench.guards.facts import find_facts, unsupported_facts
from milo_bench.guards.keywords import keyword_risk
from milo_bench.guards.languages.recognise import recognise
from milo_bench.guards.personal.data import find_personal_data
from milo_bench.guards.sentences import split_sentences
from milo_bench.guards.values.amounts import read_amount
from milo_bench.guards.values.number_words import find_number_words


def test_facts_of_a_german_sentence_in_an_english_answer_are_read_as_german() -> None:
    source = "The bill of 12 May came to EUR 2,340.50. The landlord has paid nothing."
    answer = "The bill came to EUR 2,340.50. Die Rechnung vom 12.05. über 2.340,50 € hat der Vermieter nicht bezahlt."
    assert unsupported_facts(answer, [source]) == ()
    (wrong,) = unsupported_facts(answer.replace("2.340,50 €", "2.430,50 €"), [source])
    assert wrong.text == "2.430,50 €"


def test_a_source_of_two_languages_supports_both_forms() -> None:
    source = "La facture du 3 mai est de 1 450,00 €. The tenant paid 200 pounds."
    assert unsupported_facts("Invoice: EUR 1,450, dated 3 May. Le locataire a payé 200 livres.", [source]) == ()


def test_dates_of_short_texts_are_read_in_their_language() -> None:
    assert [fact.value for fact in find_facts("Umowa zawarta 7 sierpnia 2024 r.")] == ["2024-08-07"]
    assert [fact.value for fact in find_facts("Le bail commence le 1er octobre 2024.")] == ["2024-10-01"]


def test_hidden_marks_within_a_number_change_nothing_and_the_place_is_as_written() -> None:
    answer = "The sum is 2\u200b340 EUR."
    assert unsupported_facts(answer, ["The sum is 2340 EUR."]) == ()
    (wrong,) = unsupported_facts(answer, ["The sum is 2430 EUR."])
    assert (wrong.text, answer[wrong.start : wrong.end]) == ("2\u200b340 EUR", "2\u200b340 EUR")


@pytest.mark.parametrize(
    ("language", "words", "value"),
    [
        ("fr", "quatre-vingt-treize", 93),
        ("fr", "soixante et un", 61),
        ("pl", "czterdzieści jeden", 41),
        ("pt", "trinta e um", 31),
        ("nl", "vijftienhonderd", 1500),
        ("de", "achtzehnhundert", 1800),
        ("it", "millesettecento", 1700),
        ("es", "dos mil cuatrocientos", 2400),
    ],
)
def test_number_words_of_several_parts_are_one_number(language: str, words: str, value: int) -> None:
    assert [one.value for one in find_number_words(f"x {words} y", language)] == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("₹3.5 lakh", 350_000),
        ("2 crore rupees", 20_000_000),
        ("7.5万円", 75_000),
        ("2億円", 200_000_000),
        ("980,50 TL", Decimal("980.5")),
        ("4 300,00 руб.", 4300),
        ("4.\u200b300,00 €", 4300),
    ],
)
def test_amounts_of_other_countries_are_read(text: str, value: int) -> None:
    locale = "tr-TR" if "TL" in text else "de-DE" if "€" in text or "руб" in text else "en-IN"
    assert read_amount(text, locale=locale) == value


def test_a_citation_in_full_width_marks_is_one_at_its_place() -> None:
    text = "請求書は届いた［Ｅ－０４０２］。次の書類も届いた［E-0403］。"
    assert [one.event_id for one in find_citations(text)] == ["E-0402", "E-0403"]
    assert text[find_citations(text)[0].start : find_citations(text)[0].end] == "［Ｅ－０４０２］"
    assert [one.event_ids for one in cited_sentences(text)] == [("E-0402",), ("E-0403",)]


def test_abbreviations_of_a_sentence_in_another_language_than_the_rest_end_none() -> None:
    text = (
        "We have read the report, and the invoice is with us. Der Gutachter kam lt. Protokoll ggf. zu spät bzw. gar "
        "nicht. The case is open."
    )
    assert [one.text[:11] for one in split_sentences(text)] == ["We have rea", "Der Gutacht", "The case is"]


def test_dutch_titles_end_no_sentence_of_a_short_text() -> None:
    assert len(split_sentences("Mevr. de Jong en dhr. Bakker tekenden o.a. het verslag.")) == 1


def test_russian_in_latin_letters_is_not_read_as_english() -> None:
    (part,) = recognise("My obeshchaem, chto vyplata pridyot v ponedelnik.")
    assert part.language not in ("", "en")  # Slovak, perhaps, or none that is known: no rule reads it


def test_german_streets_of_two_words_are_told_by_the_postcode_behind_them() -> None:
    def found(text: str) -> list[str]:
        return [text[one.start : one.end] for one in find_personal_data(text) if one.kind == "address"]

    assert found("Familie Jensen wohnt Hinter der Mauer 12 b, 23552 Lübeck.") == ["Hinter der Mauer 12 b"]
    assert found("Im Bericht 2024, 12345 Personen") == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Die Unterlagen sind gefälscht."),
        ("it", "Hanno falsificato il contratto."),
        ("nl", "Mijn handtekening is vervalst."),
        ("pt", "Já não aguento mais."),
        ("en", "The invoice was forged."),
    ],
)
def test_forgery_and_despair_send_a_note_to_a_person(language: str, text: str) -> None:
    assert keyword_risk(text, expected=language)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("山田さんは1万2500円を支払った。", "JPY 12500"),
        ("12万5千円を払った。", "JPY 125000"),
        ("彼は3億2000万円を借りた。", "JPY 320000000"),
        ("王先生付了1万2500元。", "CNY 12500"),
    ],
)
def test_a_number_in_digits_and_numerals_is_one_amount(text: str, value: str) -> None:
    (fact,) = [fact for fact in find_facts(text) if fact.kind == "money"]
    assert fact.value == value
    assert text[fact.start : fact.end] == fact.text
    assert fact.text.endswith(("円", "元"))
    assert not [fact for fact in find_facts(text) if fact.kind == "number"]


def test_legal_abbreviations_end_no_sentence() -> None:
    assert len(split_sentences("Das steht auf Bl. 14 d. A. und sonst nirgends. Es fehlt nichts.")) == 2
    assert len(split_sentences("Ai sensi del d.lgs. 231 la società risponde. Così è.")) == 2
    assert len(split_sentences("Vale o art. 5.º do Cód. Civil. É tudo.")) == 2


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("3 KASIM 2026", "2026-11-03"),
        ("3 ARALIK 2026", "2026-12-03"),
        ("3 HAZİRAN 2026", "2026-06-03"),
        ("3 mayis 2026", "2026-05-03"),
        ("3. Maerz 2026", "2026-03-03"),
        ("2. JAENNER 2026", "2026-01-02"),
    ],
)
def test_months_are_read_in_capitals_and_without_the_letters_of_a_language(text: str, day: str) -> None:
    assert normalise_date(text) == day


def test_numbers_in_arabic_digits_are_those_of_the_source() -> None:
    source = "Die Prämie beträgt 1.234,50 € und ist am 31.12.2026 fällig."
    assert unsupported_facts("Die Prämie ist ١٢٣٤٫٥٠ € oder ١٬٢٣٤٫٥٠ €.", [source]) == ()
    assert [one.text for one in unsupported_facts("Die Prämie ist ١٢٤٣٫٥٠ €.", [source])] == ["١٢٤٣٫٥٠ €"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Vivo en el 2.º dcha. Gracias.", 2),
        ("La oficina está en el 3.º izq. Ventanilla seis. Le esperamos.", 2),
        ("Die Fa. Kern, Inh. Lutz, zahlt lt. Vertrag.", 1),
        ("Das Regal ist 2 m lg. Eiche und 80 cm br. Buche.", 1),
        ("Der Preis ist 5 € zzgl. MwSt. Bitte zahlen Sie.", 2),
        ("Moro no 2.º dto. Lisboa. Obrigado.", 2),
    ],
)
def test_abbreviations_of_sizes_and_addresses_end_a_sentence_only_where_the_next_begins(
    text: str, sentences: int
) -> None:
    assert len(split_sentences(text)) == sentences
