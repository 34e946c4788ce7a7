"""The fenced protocol: one object is a call, everything else is a named error, and nothing is repaired."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.operator.play.protocol import ProtocolError, read_calls
from tests.operator.play.operator_models import fenced, says


def code_of(text: str, finish_reason: str = "stop") -> str:
    with pytest.raises(ProtocolError) as caught:
        read_calls(says(text, finish_reason=finish_reason), "fenced")
    assert caught.value.message.endswith(".")
    return caught.value.code


def test_one_object_with_words_around_it_is_a_call() -> None:
    (call,) = read_calls(says(fenced("run_show", {"run": "a"}) + "Done so far."), "fenced")
    assert (call.tool, json.loads(call.arguments)) == ("run_show", {"run": "a"})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I will look at the run now.", "no_call"),
        ("", "no_call"),
        ('{"tool": "run_show", "args": {}}', "no_call"),
        ("`" * 3 + 'json {"tool": "run_show", "args": {}}' + "`" * 3, "no_call"),
        ('```json\n{"tool": "a", "args": {}}', "open_fence"),
        (fenced("a", {}) + fenced("b", {}), "several_calls"),
        ('```json\n{"tool": "a", "args": {}}\n{"tool": "b", "args": {}}\n```', "not_json"),
        ('```json\n{"tool": "a", "args": {},}\n```', "not_json"),
        ("```json\n{'tool': 'a', 'args': {}}\n```", "not_json"),
        ('```python\n{"tool": "a", "args": {}}\n```', "not_json"),
        ('```json\n[{"tool": "a", "args": {}}]\n```', "not_an_object"),
        ('```json\n{"tool": "a", "args": {}, "why": "b"}\n```', "unknown_key"),
        ('```json\n{"tool": "a", "arguments": {}}\n```', "unknown_key"),
        ('```json\n{"tool": "a"}\n```', "missing_key"),
        ('```json\n{"tool": ["a"], "args": {}}\n```', "missing_key"),
        ('```json\n{"tool": "a", "args": "{}"}\n```', "missing_key"),
        ('```json\n{"tool": "a", "args": {"step": 1, "step": 2}}\n```', "duplicate_key"),
        ('```json\n{"tool": "a", "args": {"step": NaN}}\n```', "not_json"),
        ("```json\n" + "[" * 100_000 + "\n```", "not_json"),
        ("```json\n" + '"' + "x" * 1_000_000 + '"' + "\n```", "too_large"),
    ],
)
def test_anything_else_is_an_error_with_a_name(text: str, code: str) -> None:
    assert code_of(text) == code


def test_an_answer_that_ran_out_of_tokens_is_told_apart() -> None:
    assert code_of("I will first", finish_reason="length") == "cut_off"
    assert code_of('```json\n{"tool": "a', finish_reason="length") == "cut_off"


@given(st.text())
def test_no_text_is_more_than_an_error_or_a_call(text: str) -> None:
    for shown in (text, f"```json\n{text}\n```"):
        try:
            calls = read_calls(says(shown), "fenced")
        except ProtocolError:
            continue
        assert len(calls) == 1


def test_separators_inside_a_text_end_no_line_of_the_object() -> None:
    (call,) = read_calls(says('```json\n{"tool": "a", "args": {"t": "x\u2028y"}}\n```'), "fenced")
    assert json.loads(call.arguments) == {"t": "x\u2028y"}
