"""What one answer has and another has not: every word of both is there, and spaces alone differ nowhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from milo_bench.board.views.word_diff import word_diff

TEXTS = st.lists(st.sampled_from(["a", "b", "cc", "{", "1.", " ", "\n", "\n  ", "\t"]), max_size=30).map("".join)


def words(found: list[dict[str, str]], *kinds: str) -> list[str]:
    return "".join(one["text"] for one in found if one["kind"] in kinds).split()


def test_a_changed_word_is_beside_what_it_became() -> None:
    assert word_diff("due on Tuesday at 9", "due on Friday at 9") == [
        {"kind": "same", "text": "due on "},
        {"kind": "only_here", "text": "Tuesday "},
        {"kind": "only_there", "text": "Friday "},
        {"kind": "same", "text": "at 9"},
    ]


def test_an_answer_that_is_laid_out_otherwise_is_the_same() -> None:
    (same,) = word_diff('{\n  "label": "watch"\n}', '{ "label": "watch" }')
    assert (same["kind"], same["text"]) == ("same", '{\n  "label": "watch"\n}')


@given(TEXTS, TEXTS)
def test_every_word_of_both_is_there_in_its_order(one: str, other: str) -> None:
    found = word_diff(one, other)
    assert "".join(part["text"] for part in found if part["kind"] != "only_there").split() == one.split()
    assert len(words(found, "same", "only_there")) == len(other.split())
