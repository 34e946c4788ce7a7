"""How a model's text is read as JSON: strictly, and never with a crash."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.grade.answer import MAX_CHARS, MAX_DEPTH, read_json_answer


@pytest.mark.parametrize(
    ("text", "reading", "value"),
    [
        ('{"a": 1}', "strict", {"a": 1}),
        (' \n{"a": "b: c"}\n', "strict", {"a": "b: c"}),
        ("null", "strict", None),
        ('```json\n{"a": 1}\n```', "fenced", {"a": 1}),
        ('Here it is:\n```\n{"a": 1}\n```\nSee [E-0412].', "fenced", {"a": 1}),
        ('Sure [E-0412]: {"a": 1} as asked', "fenced", {"a": 1}),
        ('\ufeff{"a": 1}', "fenced", {"a": 1}),
        ('{"a": 1,}', "repaired", {"a": 1}),
        ("{'a': 1}", "repaired", {"a": 1}),
        ('{"a": {"b": 1}, "c": "cut o', "repaired", {"a": {"b": 1}, "c": "cut o"}),
    ],
)
def test_reading_says_how_much_had_to_be_cut_or_repaired(text: str, reading: str, value: object) -> None:
    answer = read_json_answer(text)
    assert (answer.reading, answer.value) == (reading, value)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '```\n{"a": 1, "a": 2}\n```',
        '{"x": {"a": "b: c", "a": 2}}',
        '{"a": NaN}',
        '{"a": -Infinity}',
    ],
)
def test_json_that_readers_disagree_about_is_never_usable(text: str) -> None:
    answer = read_json_answer(text)
    assert not answer.usable
    assert answer.problem


@pytest.mark.parametrize("text", ['{"a": 1}{"a": 2}', 'either {"a": 1} or {"a": 2}', "```\n{}\n```\n```\n[]\n```"])
def test_of_two_values_none_is_chosen(text: str) -> None:
    assert read_json_answer(text).reading == "failed"


@pytest.mark.parametrize(
    "text", ['{"a": 1}{"a": 1}', 'It is {"a": 1}. Again: {"a":1}', '```\n{"a": 1}\n```\n```\n{"a": 1}\n```']
)
def test_an_answer_that_is_given_twice_is_one_answer(text: str) -> None:
    assert read_json_answer(text).value == {"a": 1}


def test_an_inner_object_of_a_broken_answer_is_not_the_answer() -> None:
    answer = read_json_answer('{"a": {"b": 1}, "c": ')
    assert answer.value != {"b": 1}
    assert not answer.usable


@pytest.mark.parametrize("text", ['{"a": "\ud800"}', '{"a": "\\ud800"}', '{"a": 1e999}', "[" * 70 + "]" * 70])
def test_values_that_other_readers_refuse_are_never_usable(text: str) -> None:
    assert not read_json_answer(text).usable


@pytest.mark.parametrize("text", ["", " \n\t", "no JSON at all", "see [E-0412]"])
def test_an_answer_without_json_fails_with_a_reason(text: str) -> None:
    answer = read_json_answer(text)
    assert answer.reading == "failed"
    assert answer.value is None
    assert answer.problem


@pytest.mark.parametrize(
    "text",
    [
        "[" * 900_000,
        '{"a":' * 180_000,
        "[1," * 300_000,
        '"' * 16_000 + "{",
        "{'" * 250,
        "x" * (MAX_CHARS + 1),
        "{" * 200,
    ],
    ids=["arrays", "objects", "numbers", "quotes", "braces and quotes", "megabyte", "braces"],
)
def test_hostile_text_is_read_in_bounded_time(text: str) -> None:
    started = time.process_time()
    assert not read_json_answer(text).usable
    assert time.process_time() - started < 5, "orders of magnitude above what it takes; only a runaway fails here"


def test_nesting_up_to_the_bound_is_strict() -> None:
    assert read_json_answer("[" * MAX_DEPTH + "]" * MAX_DEPTH).reading == "strict"
    assert read_json_answer("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)).reading == "failed"


@given(st.text(alphabet=st.characters(), max_size=300) | st.text(alphabet='{}[]":,\\ab1`\n\ud800', max_size=200))
def test_no_text_crashes_the_reader(text: str) -> None:
    answer = read_json_answer(text)
    assert answer.usable or answer.problem
