"""The texts of an input are read once for all answers to it, and never another input's."""

from __future__ import annotations

from typing import Any

import pytest

from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings
from milo_bench.grade import case_input
from milo_bench.grade.case_input import input_texts


def fixture(data: dict[str, Any]) -> Fixture:
    return Fixture("a-1", "notes", data)


def attempt(**prepared: Any) -> Attempt:
    return Attempt(AttemptKey("a-1", "small", 0), "r", Timings(0.0, 0.0, 1.0), output="x", prepared=prepared)


def test_keys_texts_and_numbers_come_in_order_and_nothing_else() -> None:
    data = {"due_on": "1 May", "parts": [{"price": 12.5, "sent": True}, "late", None], "count": 3}
    assert input_texts(fixture(data), attempt()) == (
        "due on", "1 May", "parts", "price", "12.5", "sent", "late", "count", "3",
    )  # fmt: skip
    assert input_texts(fixture(data), attempt(events=["e1"]))[-2:] == ("events", "e1")


def test_an_input_is_read_once_and_an_equal_one_of_another_fixture_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_input, "_kept_inputs", {})
    one, other = fixture({"text": "a"}), fixture({"text": "a"})
    first = input_texts(one, attempt())
    assert input_texts(one, attempt()) is first
    assert input_texts(other, attempt()) == first
    assert input_texts(other, attempt()) is not first


def test_what_was_let_go_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_input, "_kept_inputs", {})
    monkeypatch.setattr(case_input, "_KEPT_INPUTS", 2)
    made = [fixture({"text": f"number {number}"}) for number in range(5)]
    for _ in range(2):
        for number, one in enumerate(made):
            assert input_texts(one, attempt()) == ("text", f"number {number}")
        assert len(case_input._kept_inputs) <= 2
