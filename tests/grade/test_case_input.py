"""The texts of an input and of what was prepared for a model, as checks read them."""

from __future__ import annotations

from typing import Any

from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings
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
