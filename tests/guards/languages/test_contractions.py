"""English contractions are read as their words, and names and other languages are left as they are."""

from __future__ import annotations

import pytest

from milo_bench.guards.languages.contractions import find_contractions, without_contractions
from milo_bench.guards.policy_text import judge_required_text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("We've sent it, you don't pay.", "We have sent it, you do not pay."),
        ("I can’t, you won’t, we shan't.", "I cannot, you will not, we shall not."),
        ("It's late and it's been sent.", "It is late and it has been sent."),
        ("They'll say we're done, I'm sure.", "They will say we are done, I am sure."),
        ("Kim's file and the Smiths' claim", "Kim's file and the Smiths' claim"),
        ("d’accord, qu'il n’est pas là", "d’accord, qu'il n’est pas là"),
        ("foto's van 't Hof", "foto's van 't Hof"),
    ],
)
def test_a_contraction_is_read_as_its_words(text: str, words: str) -> None:
    assert without_contractions(text) == words


def test_the_places_are_those_of_the_text() -> None:
    text = "you'll see, it isn't"
    assert [text[one.start : one.end] for one in find_contractions(text)] == ["'ll", "n't"]


@pytest.mark.parametrize("said", ["Calls don't count.", "Calls don’t count.", "Calls do not count."])
def test_a_required_sentence_stands_there_in_a_contraction_too(said: str) -> None:
    text = f"Hello. {said} Bye."
    (judged,) = judge_required_text(text, ["Calls do not count."])
    assert judged.state == "present"
    assert text[judged.start : judged.end] == said
