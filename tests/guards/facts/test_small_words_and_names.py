"""A name is not stated by a small word of the source's language that begins like it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from milo_bench.guards.facts import unsupported_facts
from milo_bench.guards.names import may_be_word, stands_alone, words_of


@pytest.mark.parametrize(
    ("source", "answer", "name"),
    [
        (
            "Frau Brandt wohnt in Kiel. Der Antrag liegt an der Kasse.",
            "Den Antrag hat gestern Frau Ines Brandt gestellt.",
            "Ines Brandt",
        ),
        (
            "Im Brief von Frau Sommer steht, dass sie im Mai umzieht.",
            "Geschrieben hat den Brief Frau Imes Sommer.",
            "Imes Sommer",
        ),
    ],
)
def test_a_small_word_is_no_form_of_a_name(source: str, answer: str, name: str) -> None:
    assert any(name in fact.text for fact in unsupported_facts(answer, [source]))


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("Frau Ines Brandt wohnt in Kiel.", "Der Antrag ist von Frau Ines Brandt."),
        ("Pani Ewa Lis mieszka w Gdyni.", "Wniosek pani Ewy Lis wpłynął."),
        ("Herr Bo Krüger hat gekündigt.", "Die Kündigung von Herrn Bo Krüger liegt vor."),
    ],
)
def test_a_name_that_stands_there_is_found_in_its_forms(source: str, answer: str) -> None:
    assert [fact.text for fact in unsupported_facts(answer, [source]) if fact.kind == "name"] == []


@given(st.text(alphabet="aBs1_-'&. \n,é’ſKİß", max_size=40))
@example("AB's B-a aB1 1aB a&B _aB aB_")
def test_what_stands_alone_is_a_word_and_no_other_form_is(text: str) -> None:
    known = words_of(text)
    asked = {text[first:last] for first in range(len(text)) for last in range(first + 1, len(text) + 1)}
    asked |= {word.casefold() for word in asked}
    assert {word for word in asked if stands_alone(word, text)} <= known
    assert known <= {word for word in known | asked if may_be_word(word)}


def test_a_word_between_marks_stands_alone() -> None:
    text = "Paid by ANN. (Ref Ab12) é"
    assert all(stands_alone(word, text) for word in ("paid", "ann", "ab12"))
    assert not any(stands_alone(word, text) for word in ("an", "12", "ref ab12", ""))
    assert not any(map(may_be_word, ("AB12", "ab-12", "a&b")))
