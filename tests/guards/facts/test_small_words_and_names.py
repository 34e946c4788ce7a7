"""A name is not stated by a small word of the source's language that begins like it."""

from __future__ import annotations

import pytest

from milo_bench.guards.facts import unsupported_facts


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
