"""What every API must bring back of an answer: text, reasoning, calls, counts, reason and times."""

from __future__ import annotations

import asyncio
import json

import pytest

from milo_bench.core.records import ToolCall
from tests.targets.conformance.asking import ask
from tests.targets.conformance.served import BACKENDS, Serve, all_apis, with_a_word_for

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.asyncio(loop_scope="function")
async def test_every_registered_api_is_in_the_suite() -> None:
    assert set(all_apis()) <= set(BACKENDS)


async def test_an_answer_is_streamed_counted_and_ended(any_serve: Serve) -> None:
    async with any_serve({"reply": {"text": "Hello there, all of you."}}) as served:
        got = await ask(served, max_tokens=24)
    assert got.failure is None
    assert got.text
    assert got.finish_reason in ("stop", "length")
    assert got.usage.prompt_tokens and got.usage.completion_tokens
    assert len(got.timings.chunk_gaps_s) >= 1
    assert got.timings.ttft_s is not None
    assert 0 <= got.timings.ttft_s <= got.timings.latency_s


async def test_an_answer_at_its_limit_ends_with_length(any_serve: Serve) -> None:
    async with any_serve({"reply": {"text": "one two three four five six"}}) as served:
        got = await ask(served, "Count from one to a hundred in words.", max_tokens=3)
    assert got.failure is None
    assert got.finish_reason == "length"
    assert got.usage.completion_tokens == 3


async def test_a_schema_is_asked_of_the_server_and_kept(any_serve: Serve) -> None:
    schema = {
        "type": "object",
        "properties": {"label": {"enum": ["red", "blue"]}},
        "required": ["label"],
        "additionalProperties": False,
    }
    async with any_serve({"reply": {"text": "not json at all"}}) as served:
        got = await ask(served, "Is blood red or blue? Answer as JSON.", max_tokens=40, json_schema=schema)
    assert got.failure is None
    assert json.loads(got.text)["label"] in ("red", "blue")


async def test_latency_counts_from_the_intended_start(any_serve: Serve) -> None:
    async with any_serve({}) as served:
        got = await ask(served, max_tokens=2, late_s=5.0)
    assert got.failure is None
    assert got.timings.latency_s >= 5.0
    assert got.timings.ttft_s is not None and got.timings.ttft_s >= 5.0
    assert got.timings.started_s >= 5.0


async def test_requests_run_side_by_side(any_serve: Serve) -> None:
    async with any_serve({"reply": {"first_token_s": 0.2}}) as served:
        answers = await asyncio.gather(*(ask(served, f"Say {n}.", max_tokens=4) for n in range(4)))
    assert [got.failure for got in answers] == [None] * 4


async def test_models_are_listed(any_serve: Serve) -> None:
    async with any_serve({"models": ["fake-1", "fake-2"]}) as served:
        names = await served.target.models()
    assert names


async def test_text_is_whole_however_its_bytes_arrive(serve: Serve) -> None:
    text = "Grüße aus Köln – 東京 🎉 ok"
    async with serve({"reply": {"text": text, "split_bytes": True}}) as served:
        got = await ask(served)
    assert (got.text, got.failure) == (text, None)


async def test_several_tokens_in_a_chunk_are_counted_by_usage_not_by_chunks(serve: Serve) -> None:
    async with serve({"reply": {"text": "a b c d e f", "tokens_per_chunk": 3, "gap_s": 0.02}}) as served:
        got = await ask(served)
    assert got.text == "a b c d e f"
    assert got.usage.completion_tokens == 6
    assert len(got.timings.chunk_gaps_s) == 1


async def test_gaps_are_those_of_the_server(serve: Serve) -> None:
    async with serve({"reply": {"text": "a b c d", "gap_s": 0.05}}) as served:
        got = await ask(served)
    assert len(got.timings.chunk_gaps_s) == 3
    assert 0.12 < sum(got.timings.chunk_gaps_s) < 2.0


async def test_a_chunk_with_a_role_alone_is_no_content(serve: Serve) -> None:
    async with serve({"reply": {"text": "late", "first_token_s": 0.15, "role_chunk": True}}) as served:
        got = await ask(served)
    assert got.timings.ttft_s is not None and got.timings.ttft_s >= 0.149


async def test_reasoning_is_kept_apart_from_the_answer(serve: Serve) -> None:
    async with serve({"reply": {"text": "42", "reasoning": "six times seven"}}) as served:
        got = await ask(served)
    assert (got.text, got.reasoning) == ("42", "six times seven")


async def test_tool_calls_come_whole_with_arguments_as_text(serve: Serve) -> None:
    call = {"name": "find_case", "arguments": '{"case": "84291"}'}
    async with serve({"reply": {"text": "", "tool_calls": [call]}}) as served:
        got = await ask(served)
    assert got.failure is None
    (made,) = got.tool_calls
    assert isinstance(made, ToolCall) and made.name == "find_case"
    assert json.loads(made.arguments) == {"case": "84291"}
    assert got.timings.first_content_s is not None


async def test_stop_sequences_reach_the_server(serve: Serve) -> None:
    async with serve({"reply": {"text": "keep this END drop this"}}) as served:
        got = await ask(served, stop=("END",))
    assert got.text.strip() == "keep this"


@pytest.mark.parametrize("api", with_a_word_for("keep_alive"))
async def test_keep_alives_are_no_content(serve: Serve) -> None:
    async with serve({"reply": {"text": "x", "first_token_s": 0.15, "keep_alive_s": 0.03}}) as served:
        got = await ask(served)
    assert got.text == "x"
    assert got.timings.ttft_s is not None and got.timings.ttft_s >= 0.149


@pytest.mark.parametrize("api", with_a_word_for("cached_tokens"))
async def test_cached_and_reasoning_tokens_are_taken_from_usage(serve: Serve) -> None:
    usage = {"prompt_tokens": 90, "completion_tokens": 7, "cached_tokens": 64, "reasoning_tokens": 5}
    async with serve({"reply": {"usage": usage}}) as served:
        got = await ask(served)
    assert got.usage.prompt_tokens == 90
    assert got.usage.cached_tokens == 64
    assert got.usage.reasoning_tokens == 5


async def test_counts_that_the_server_does_not_give_are_not_made_up(serve: Serve) -> None:
    async with serve({"reply": {"text": "a b c", "usage": "none"}}) as served:
        got = await ask(served)
    assert got.failure is None
    assert (got.usage.prompt_tokens, got.usage.completion_tokens) == (None, None)


async def test_an_empty_answer_is_an_answer(serve: Serve) -> None:
    async with serve({"rules": [{"fault": "empty_answer"}]}) as served:
        got = await ask(served)
    assert (got.failure, got.text, got.timings.first_content_s) == (None, "", None)


async def test_connections_are_kept_for_the_next_request(serve: Serve) -> None:
    async with serve({}) as served:
        for _ in range(5):
            assert (await ask(served)).failure is None
        assert served.server.connections_made == 1


async def test_sixty_four_streams_in_flight_each_get_their_own_answer(serve: Serve) -> None:
    async with serve({"reply": {"echo": True, "first_token_s": 0.1}}) as served:
        answers = await asyncio.gather(*(ask(served, f"case {n}") for n in range(64)))
        assert len(served.server.requests) == 64
    assert [got.text for got in answers] == [f"case {n}" for n in range(64)]
