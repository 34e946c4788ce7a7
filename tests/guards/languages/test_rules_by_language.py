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
from milo_bench.guards.facts import unsupported_facts
from milo_bench.guards.personal.data import find_personal_data
from milo_bench.guards.sentences import split_sentences
from milo_bench.guards.values.amounts import doubt_of, read_amount

FOLDER: Final = Path(__file__).parents[2] / "data" / "languages"
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
        ("金利は３．２９％です。以上。", 2),
        ("我们一起看《走吧！爸爸》好吗？好！", 2),
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
        ("1 250 zł 50 gr", "pl-PL", "1250.50"),
        ("12 euros et 50 centimes", "fr-FR", "12.50"),
        ("mille deux cent cinquante euros et cinquante centimes", "fr-FR", "1250.50"),
        ("twelve hundred and fifty dollars", "en-US", "1250"),
        ("minus fifty euros", "", "-50"),
        ("1.250,= €", "nl-NL", "1250"),
        ("1,250円(税込)", "ja-JP", "1250"),
        ("1.250,00 € (netto)", "de-DE", "1250"),
        ("12만 5천 원", "ko-KR", "125000"),
        ("NT$1,250", "zh-TW", "1250"),
        ("RMB 1,250.50", "zh-CN", "1250.50"),
        ("Rp 31.500", "", "31500"),
        ("1.727 Ft", "", "1727"),
        ("12.500 ₫", "", "12500"),
    ],
)
def test_an_amount_is_read_as_its_place_writes_it(text: str, locale: str, value: str) -> None:
    assert read_amount(text, locale=locale) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "12 % €",
        "1250 kg",
        "3 mal 5",
        "1_250",
        "1.2.3",
        "1,250,00",
        "ab 1.250 €",
        "Euro",
        "",
        "12 Euro 5",
        "two or three euros",
    ],
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


GERMAN = "Am 3. März 2025 meldete Frau Keller einen Wasserschaden. Frist: zwei Wochen. Schaden: 1.250,00 €, 14.30 Uhr."
FRENCH = "Le 3 mars 2025, M. Lefèvre a payé 1 250,00 € pour soixante-douze chaises, soit 15 pour cent, à 14h30."
JAPANESE = "2025年3月3日、ケラーさんは水漏れを報告した。修理費は1,250円だった。保証は14日間。"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Frau Keller meldete am 03.03.2025 einen Schaden durch Wasser; Höhe: 1250 Euro, Frist: 14 Tage.", GERMAN),
        ("Die Meldung vom 3.3. nennt 1.250,-- EUR und 14:30 Uhr.", GERMAN),
        ("Der Schaden liegt bei eintausendzweihundertfünfzig Euro.", GERMAN),
        ("Die Kundin nennt 1,250 Euro und wartet auf Antwort.", GERMAN),
        ("M. Lefèvre a payé mille deux cent cinquante euros le 03/03/2025 pour 72 chaises.", FRENCH),
        ("Le paiement, 15 %, est du 3/3 à 14 h 30.", FRENCH),
        ("修理費は１２５０円で、3月3日に報告された。保証は2週間。", JAPANESE),
    ],
)
def test_the_same_fact_in_another_form_is_supported(text: str, source: str) -> None:
    assert unsupported_facts(text, [source]) == ()


@pytest.mark.parametrize(
    ("text", "source", "wrong"),
    [
        ("Der Schaden von Frau Keller beträgt 2.150,00 €.", GERMAN, "2.150,00 €"),
        ("Frau Kessler meldete den Schaden.", GERMAN, "Kessler"),
        ("Frau Keller meldete den Schaden am 13. März 2025.", GERMAN, "13. März 2025"),
        ("Die Frist für Frau Keller ist drei Wochen.", GERMAN, "drei Wochen"),
        ("M. Lefèvre a payé pour quatre-vingts chaises.", FRENCH, "quatre-vingts"),
        ("修理費は2,150円だった。", JAPANESE, "2,150円"),
    ],
)
def test_a_fact_of_no_source_is_found_in_other_languages(text: str, source: str, wrong: str) -> None:
    assert [fact.text for fact in unsupported_facts(text, [source])] == [wrong]


ODD = ("", "\x00\x001", "１２３ Ｅｕｒｏ", "\u202e3. März", "٣ مارس ٢٠٢٥", "1" * 100, "neunundneunzig" * 50)


@pytest.mark.parametrize("language", ("de", "ja", "pl", ""))
@pytest.mark.parametrize("text", ODD)
def test_odd_texts_are_read_without_an_error(text: str, language: str) -> None:
    unsupported_facts(text, [text, "3. März 2025"], language=language)


ABROAD = {
    "Sehr geehrter Herr Jürgen Müller, wohnhaft Hauptstraße 5, 10115 Berlin, geb. am 12.04.1980, Steuer-ID "
    "86 095 742 719, Kfz B-MW 1234. Bestellung 4711 vom Montag.": (
        *("Jürgen Müller", "Hauptstraße 5", "10115", "12.04.1980", "86 095 742 719", "B-MW 1234"),
    ),
    "Monsieur Étienne Lefèvre, né le 3 mai 1971, 12 rue de la République, 69002 Lyon, tél. 04 72 00 11 22, NIR "
    "1 71 05 69 123 456 48.": (
        *("Étienne Lefèvre", "3 mai 1971", "12 rue de la République", "69002", "04 72 00 11 22"),
        "1 71 05 69 123 456 48",
    ),
    "La señora María García López, DNI 12345678Z, calle Mayor 3, 28013 Madrid.": (
        *("María García López", "12345678Z", "calle Mayor 3", "28013"),
    ),
    "Mevrouw Anke de Vries, BSN 111222333, Dorpsstraat 8, 1012 AB Amsterdam.": (
        *("Anke de Vries", "111222333", "Dorpsstraat 8", "1012 AB"),
    ),
    "Giulia Bianchi, nata a Roma il 3 marzo 1980, C.F. BNCGLI80C43H501X, via Garibaldi 12, 00184 Roma": (
        *("Giulia Bianchi", "3 marzo 1980", "BNCGLI80C43H501X", "via Garibaldi 12", "00184"),
    ),
    "Jan Kowalski, ul. Długa 5/7, 00-238 Warszawa, PESEL 44051401359, tel. 601 234 567": (
        *("Jan Kowalski", "ul. Długa 5/7", "00-238", "44051401359", "601 234 567"),
    ),
    "CPF 529.982.247-25 do Sr. José da Silva, Rua das Flores, 123, 01310-100 São Paulo, nascido em 5 de maio de 1975": (
        *("529.982.247-25", "José da Silva", "Rua das Flores, 123", "01310-100", "5 de maio de 1975"),
    ),
    "Frau Mag. Huber, CPR 211062-5629, Fødselsnummer 15076500565, dowód ABA300000": (
        *("Huber", "211062-5629", "15076500565", "ABA300000"),
    ),
    "AHV-Nr. 756.9217.0769.85, Hans Muster, Bahnhofstrasse 1, 8001 Zürich": (
        *("756.9217.0769.85", "Hans Muster", "Bahnhofstrasse 1", "8001"),
    ),
}


@pytest.mark.parametrize("text", ABROAD)
def test_personal_data_of_eight_countries_is_found_whole(text: str) -> None:
    rest = text
    for datum in find_personal_data(text):
        rest = rest.replace(datum.text, "…")
    assert [piece for piece in ABROAD[text] if piece in rest] == []
    assert not any(datum.text in ("4711", "Montag") for datum in find_personal_data(text))


@pytest.mark.parametrize(
    "text",
    [
        "Die Versammlung am 12. März in 12345 Fällen mit 25 000 Euro und 12 345 678 Stück.",
        "Der Bericht von Januar 2025 nennt 120 Kunden, Art. 5 Abs. 3 und Rechnung 2025-0312.",
        "Laut Süddeutscher Zeitung fährt die Deutsche Bahn von Köln nach Bad Homburg.",
        "La Junta Directiva aprobó el Plan Nacional de Vivienda. Según Banco Santander, sube.",
        "Le Conseil d'État et la Cour de cassation ont statué. Selon Radio France, il pleut.",
        "Im Jahr 2016 stand das Werk in der Stadt unter den Top 50, im Oktober 2015 noch nicht.",
        "El Tribunal Supremo decidió ayer, según la Oficina del Censo.",
        "Au total, 300 m de câble et 12 places de parking sont prévus.",
        "Order 86095742719 was shipped. Invoice 12345678.",
        "Bestellung 12345678901 vom Montag, Sendung 123456789012345, Telefonzentrale.",
    ],
)
def test_orders_quantities_and_offices_are_no_personal_data(text: str) -> None:
    assert find_personal_data(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "3. března 2025", "3 марта 2025 г.", "2025. március 3.", "3 Mart 2025", "3. maaliskuuta 2025", "3 martie 2025",
        "3 Μαρτίου 2025", "3 березня 2025", "3 март 2025", "2025년 3월 3일", "٣ مارس ٢٠٢٥", "3 במרץ 2025",
        "3 Maret 2025", "den 3 mars 2025", "3. marts 2025",
    ],
)  # fmt: skip
def test_months_of_more_languages_are_read(text: str) -> None:
    assert normalise_date(text) == "2025-03-03"
