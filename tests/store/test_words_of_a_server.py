"""A server chooses more words than its answer: of those, a redacted or hashed log keeps only the usual ones."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from milo_bench.core.records import LoadRequestRow, Record, StoreText, Timings, ToolCall, Turn, Warmup
from milo_bench.store.stored_text import TextPolicy, turn_without_text
from tests.store.log_parts import make_attempt

NAME = "Anna Smith of 12 Mill Lane"


def policy(store_text: StoreText) -> TextPolicy:
    return TextPolicy(store_text, lambda text: text.replace(NAME, "[redacted]"))


ROWS: list[Record] = [
    make_attempt(finish_reason=NAME, server_timings={NAME: 1.0, "prompt_ms": 2.0}),
    make_attempt(tool_calls=(ToolCall(NAME, "look", "{}"),)),
    Warmup("a", 0.0, 1.0, server_timings={NAME: 1.0}, problem=f"no token: {NAME}"),
    LoadRequestRow("f0", 0, 0, 1, server={NAME: 1.0}, output=NAME),
]


@pytest.mark.parametrize("store_text", ["redacted", "hashes"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_no_word_of_a_server_is_stored_raw(row: Record, store_text: StoreText) -> None:
    assert NAME not in msgspec.json.encode(policy(store_text).stored(row)).decode()


@pytest.mark.parametrize("store_text", ["redacted", "hashes"])
@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "STOP", ""])
def test_the_usual_reasons_and_timings_stay(store_text: StoreText, reason: str) -> None:
    stored: Any = policy(store_text).stored(make_attempt(finish_reason=reason, server_timings={"predicted_ms": 5.0}))
    assert (stored.finish_reason, stored.server_timings) == (reason, {"predicted_ms": 5.0})


def test_a_turn_of_an_episode_without_its_text_has_no_word_of_the_server() -> None:
    assert turn_without_text(Turn(1, Timings(0, 0, 1), finish_reason=NAME)).finish_reason == "(not stored)"


def test_a_full_log_keeps_what_the_server_said() -> None:
    attempt = make_attempt(finish_reason=NAME)
    assert TextPolicy().stored(attempt) == attempt
