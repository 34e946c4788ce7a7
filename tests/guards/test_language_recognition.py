"""The language of each sentence is recognised; numbers, codes and names have none, and marks hide nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py3langid.langid import LanguageIdentifier

from milo_bench.guards.languages import evidence
from milo_bench.guards.languages import recognise as recognising
from milo_bench.guards.languages.marks import unmarked
from milo_bench.guards.languages.recognise import main_language, recognise

SENTENCES = {
    "en": ["The fee will be refunded to your card tomorrow.", "Claim approved, payment pending."],
    "de": ["Ihre Erstattung wird am Freitag auf Ihr Konto überwiesen.", "Erstattung garantiert."],
    "fr": ["Votre remboursement sera versé sur votre compte vendredi.", "Nous garantissons le paiement."],
    "es": ["Le pagaremos el reembolso el viernes sin falta.", "Garantizamos el pago."],
    "it": ["Il rimborso sarà accreditato venerdì.", "Garantiamo il pagamento entro domani."],
    "nl": ["De terugbetaling wordt vrijdag overgemaakt.", "Wij garanderen de betaling."],
    "pl": ["Zwrot zostanie przelany w piątek.", "Gwarantujemy wypłatę do jutra."],
    "pt": ["O reembolso será pago na sexta-feira.", "Garantimos o pagamento até amanhã."],
    "sv": ["Din återbetalning betalas ut på fredag."],
    "ja": ["申請は3月3日に届いた。"],
    "zh": ["我们明天退款。"],
    "ar": ["سيتم رد المبلغ غدا"],
    "ru": ["Мы вернём вам деньги завтра."],
    "el": ["Θα σας επιστρέψουμε τα χρήματα."],
}


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in SENTENCES.items() for text in texts])
def test_a_sentence_is_of_its_language(language: str, text: str) -> None:
    assert main_language(recognise(text)) == language


@pytest.mark.parametrize(
    "text",
    [
        "resolved", "Approved.", "4711", "billing_issue", "Jürgen Müller", "N/A", "Paris, Lyon, Marseille", "A-4711/23",
        "status: under_review", "invoice 4711 Müller GmbH", "Jürgen Müller called Małgorzata Wiśniewska.", "€ 1.250,00",
        "NO. 9-G, JALAN DINAR D U3/D", "[E-0412]", "https://example.org/der/die/das", "", "   ", "!!!",
    ],
)  # fmt: skip
def test_words_of_no_language_are_not_taken_for_one(text: str) -> None:
    assert main_language(recognise(text)) in ("", "en")


def test_each_sentence_of_a_mixed_text_has_its_own_language() -> None:
    text = "Thank you for writing. Die Auszahlung erfolgt garantiert bis Montag. Merci de votre patience."
    assert [(part.language, text[part.start : part.end][:5]) for part in recognise(text)] == [
        ("en", "Thank"), ("de", "Die A"), ("fr", "Merci"),
    ]  # fmt: skip


def test_clauses_of_two_languages_in_one_sentence_are_parted() -> None:
    text = "We have received your letter and will read it, und wir garantieren Ihnen die Zahlung bis zum Freitag"
    assert [part.language for part in recognise(text)] == ["en", "de"]


@pytest.mark.parametrize(
    "text",
    [
        "Wе will refund уou tomorrow",
        "W\u200de will re\u200bfund you",
        "Ｗｅ ｗｉｌｌ ｒｅｆｕｎｄ you",
        "\u202eWe will refund you\u202c",
    ],
)
def test_what_hides_words_does_not_hide_their_language(text: str) -> None:
    assert main_language(recognise(text)) == "en"


def test_digits_of_other_scripts_and_accents_written_apart_are_read() -> None:
    assert unmarked("١٢٣ ４５ cafe\u0301").text == "123 45 café"


@given(st.text(max_size=80))
def test_places_are_those_of_the_original(text: str) -> None:
    plain = unmarked(text)
    parts = recognise(text)
    assert all(0 <= part.start <= part.end <= len(text) for part in parts)
    assert plain.places is None or len(plain.places) == len(plain.text) + 1


def test_texts_in_several_scripts_share_one_copy_of_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    reads: list[object] = []
    whole = LanguageIdentifier.from_model_file

    def counted(path: object, *args: object, **options: object) -> object:
        reads.append(path)
        return whole(path, *args, **options)

    monkeypatch.setattr(LanguageIdentifier, "from_model_file", counted)
    for cached in (evidence._tables, evidence._model, evidence.likelihoods):
        cached.cache_clear()
    texts = {"LATIN": "Der Antrag ist da", "CYRILLIC": "Заявление получено вчера", "ARABIC": "وصل الطلب أمس"}
    best = {script: max(found, key=found.__getitem__) for script, text in texts.items()
            if (found := evidence.likelihoods(text, script))}  # fmt: skip
    assert best == {"LATIN": "de", "CYRILLIC": "ru", "ARABIC": "ar"}
    assert len(reads) == 1


@given(st.text(alphabet="ab @.1_/`[]{}<>A\n#=w", max_size=60))
def test_a_text_without_an_at_sign_has_no_address_to_leave_out(text: str) -> None:
    alone = recognising._with_mail().sub(" ", text) if recognising._HAS_NO_WORDS.search(text) else text
    assert recognising._words_alone(text) == alone
