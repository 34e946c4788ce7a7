"""Sentences: exact offsets on any text, and the cuts that case prose needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.guards.sentences import paragraphs, split_sentences


def texts(source: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(source)]


@given(st.text(alphabet=st.sampled_from(list("aB1. !?\n\r[]E-0412,;:'\"”é📄\ud800\x00\u2028•-")), max_size=120))
def test_every_sentence_is_its_span_and_spans_never_overlap(source: str) -> None:
    end = 0
    for sentence in split_sentences(source):
        assert source[sentence.start : sentence.end] == sentence.text
        assert sentence.start >= end
        end = sentence.end


@given(st.text(alphabet=st.sampled_from(list("aB1. !?\n[]E-0412,•*>")), max_size=120))
def test_no_letter_is_lost_between_sentences(source: str) -> None:
    covered = set()
    for sentence in split_sentences(source):
        covered.update(range(sentence.start, sentence.end))
    missed = [i for i, mark in enumerate(source) if mark.isalpha() and i not in covered]
    # Only a one-letter list mark such as "a) " stands outside every sentence.
    assert all(source[i + 1 : i + 2] in (".", ")") for i in missed)


def test_a_citation_after_the_full_stop_belongs_to_the_sentence_before() -> None:
    assert texts("It was received. [E-0412] The review began. [E-0413]\nIt is open [E-0414].") == [
        "It was received. [E-0412]",
        "The review began. [E-0413]",
        "It is open [E-0414].",
    ]


def test_a_citation_alone_on_the_next_line_belongs_to_the_sentence_before() -> None:
    assert texts("It was received.\n[E-0412, E-0413]\nNext.") == ["It was received.\n[E-0412, E-0413]", "Next."]


@pytest.mark.parametrize(
    "whole",
    [
        "Dr. Smith called about No. 4 at approx. 3 p.m. on Mar. 3.",
        "Form no. 12 of Acme Ltd. was sent to Mrs. J. R. Doe on 14.03.2025.",
        "See Fig. 2, e.g. the roof, i.e. item No. 7.",
        "The amount of £1,200.50 was paid at 10.30 a.m. on 3 May 2025.",
    ],
)
def test_abbreviations_dates_and_amounts_do_not_end_a_sentence(whole: str) -> None:
    assert texts(whole) == [whole]


def test_bullets_and_numbers_are_marks_not_text() -> None:
    assert texts("- one was sent\n• two was denied. It closed.\n1. third\n(b) fourth") == [
        "one was sent",
        "two was denied.",
        "It closed.",
        "third",
        "fourth",
    ]


def test_hard_wrapped_prose_is_one_sentence_and_a_heading_is_not_joined() -> None:
    wrapped = "The claimant has sent us the medical report that was asked for by the\ncaseworker in March."
    assert texts(wrapped) == [wrapped]
    assert texts("# Summary of the whole of the case as it stands today\nwork goes on") == [
        "# Summary of the whole of the case as it stands today",
        "work goes on",
    ]


def test_a_quotation_does_not_swallow_the_sentences_after_it() -> None:
    assert texts('He wrote "I will send it." We wait. It is open.') == [
        'He wrote "I will send it."',
        "We wait.",
        "It is open.",
    ]


def test_paragraphs_are_runs_of_lines() -> None:
    source = "One.\nTwo.\n\n  \nThree.\n"
    assert [p.text for p in paragraphs(source)] == ["One.\nTwo.", "Three."]
    assert all(source[p.start : p.end] == p.text for p in paragraphs(source))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The policy came from Smith & Co. Ltd. in London.", 1),
        ("The U.S. Office and the U.K. Government met.", 1),
        ("The claim by Lee et al. (2 persons) was received.", 1),
        ("It was received at 5 p.m. Monday by the team.", 1),
        ("Baker & Sons plc. Group and Acme Inc. Holdings paid.", 1),
        ("He works at Acme Inc. He left in May.", 2),
        ("She lives in the U.S. He does not.", 2),
        ("It closed at 5 p.m. The team left.", 2),
        ("Items etc. were lost. Then it closed.", 2),
        ("The answer is no. Robin left.", 2),
        ("He sat. Mary stood.", 2),
    ],
)
def test_an_abbreviation_ends_a_sentence_only_where_the_next_word_begins_one(text: str, count: int) -> None:
    assert len(split_sentences(text)) == count


def test_more_abbreviations_do_not_end_a_sentence() -> None:
    for text in (
        "The form, i.e. No. 7, came late.",
        "See par. 12 and qty. 4 of it.",
        "The van (reg. KX21 ABC) was hit.",
    ):
        assert [one.text for one in split_sentences(text)] == [text]


@pytest.mark.parametrize("firm", ["Yahoo! Inc.", "Guess? Ltd", "Yum! Brands Inc.", "Hoppla! GmbH", "Eureka! S.A."])
def test_a_firm_whose_name_ends_in_a_mark_is_within_its_sentence(firm: str) -> None:
    text = f"We wrote to {firm} on 3 May. It answered! Limited time is left. Stop! The firm paid."
    assert [sentence.text for sentence in split_sentences(text)] == [
        f"We wrote to {firm} on 3 May.",
        "It answered!",
        "Limited time is left.",
        "Stop!",
        "The firm paid.",
    ]


@pytest.mark.parametrize(
    "name",
    ["E! Entertainment", "Yahoo! Mail", "Yahoo! Finance", "Yum! Brands", "Chips Ahoy! Cookies", "E! News"],
)
def test_a_name_with_a_mark_within_it_is_one_name(name: str) -> None:
    assert texts(f"She wrote about {name} in May. It was late.") == [f"She wrote about {name} in May.", "It was late."]
    assert texts("How late! Mail us. Was it vitamin E! Everyone asks.") == [
        "How late!",
        "Mail us.",
        "Was it vitamin E!",
        "Everyone asks.",
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("They chose plan B.", "Then they left."),
        ("The pair is A ↔ B.", "The other way is shut."),
        ("He was in seat 12 C.", "It was cold."),
        ("Die Frist steht in Anlage B.", "Die Antwort fehlt."),
        ("Le délai est dans l'annexe B.", "La réponse manque."),
        ("El plazo está en el anexo C.", "La respuesta falta."),
        ("Il termine è nell'allegato B.", "La risposta manca."),
    ],
)
def test_a_letter_that_names_a_thing_can_end_a_sentence(first: str, second: str) -> None:
    assert texts(f"{first} {second}") == [first, second]


@pytest.mark.parametrize(
    "whole",
    ["The plan B. Okafor wrote came late.", "We wrote to K. Will and J. De Vries.", "Annex J. Smith signed is here."],
)
def test_a_letter_before_a_name_ends_no_sentence(whole: str) -> None:
    assert texts(whole) == [whole]
