"""Stamped bytes in any cut, whole events and answers out."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.core.chat import Exchange
from milo_bench.core.reasoning import split_reasoning
from milo_bench.targets.http.answer import StreamedAnswer, decode_json
from milo_bench.targets.http.events.sse import SseEvent, read_lines, read_sse
from milo_bench.targets.http.reply import HttpReply, Piece
from milo_bench.targets.http.stream import read_completion


def pieces(data: bytes, cuts: list[int]) -> list[Piece]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [(n, data[a:b]) for n, (a, b) in enumerate(pairwise(places))]


def sse(*chunks: Any, done: bool = True) -> bytes:
    body = b"".join(b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n" for chunk in chunks)
    return body + (b"data: [DONE]\n\n" if done else b"")


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields}]}


FINISH = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def read(
    body: bytes, cuts: list[int] | None = None, content_type: str = "text/event-stream"
) -> tuple[Exchange, StreamedAnswer]:
    reply = HttpReply(0, status=200, headers={"content-type": content_type}, pieces=pieces(body, cuts or []))
    reply.ended_ns = len(body)
    answer = StreamedAnswer()
    for _ in read_completion(reply, answer):
        pass
    return answer.exchange(reply, zero_s=0.0, intended_s=0.0), answer


@given(st.lists(st.integers(0, 10_000), max_size=40), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_events_are_the_same_however_the_stream_is_cut(cuts: list[int], line_end: bytes) -> None:
    body = (
        "\ufeff: ping\n\ndata: one\n\nevent: x\ndata: zw\u00f6lf \U0001f600\ndata: more\nid: 7\n\n:\n\n\ndata:last\n\n"
    )
    data = body.encode().replace(b"\n", line_end)
    events = [(event.name, event.data) for event in read_sse(pieces(data, cuts))]
    assert events == [("", b"one"), ("x", "zwölf \U0001f600\nmore".encode()), ("", b"last")]


@given(st.lists(st.integers(0, 10_000), max_size=20))
def test_lines_are_the_same_however_the_body_is_cut(cuts: list[int]) -> None:
    data = '{"a":"ä"}\r\n\n{"b":2}\n{"c":3}'.encode()
    assert [event.data for event in read_lines(pieces(data, cuts))] == ['{"a":"ä"}'.encode(), b'{"b":2}', b'{"c":3}']


@given(st.lists(st.integers(0, 10_000), max_size=30))
def test_an_answer_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    body = sse(delta(role="assistant"), delta(content="Grüße "), delta(content="🙂"), FINISH, usage)
    exchange, answer = read(body, cuts)
    assert exchange.text == "Grüße 🙂"
    assert (exchange.finish_reason, answer.complete, exchange.failure) == ("stop", True, None)
    assert (exchange.usage.prompt_tokens, exchange.usage.completion_tokens) == (3, 2)
    assert len(exchange.timings.chunk_gaps_s) == 1


def test_an_event_arrives_with_its_last_byte() -> None:
    data = b"data: one\n\ndata: two\n\n"
    assert [event.at_ns for event in read_sse([(10, data[:5]), (20, data[5:15]), (30, data[15:])])] == [20, 30]


def test_a_role_alone_is_no_content() -> None:
    exchange, _ = read(sse(delta(role="assistant", content=""), FINISH))
    assert exchange.timings.first_content_s is None
    assert exchange.text == ""
    assert exchange.failure is None


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_fields_are_kept_apart_and_count_as_content(field: str) -> None:
    exchange, answer = read(sse(delta(**{field: "hmm "}), delta(content="yes"), FINISH))
    assert (exchange.reasoning, exchange.text) == ("hmm ", "yes")
    assert len(answer.stamps_ns) == 2


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>a b</think>\n\nyes", "a b", "yes"),
        ("\n<think>never ends", "never ends", ""),
        ("thought</think>yes", "thought", "yes"),
        ("\ufeff<think>a</think>yes", "a", "yes"),
        ("no <think>tag</think> at the start", "", "no <think>tag</think> at the start"),
        ("<|channel>thought\na b\n<channel|>yes", "a b", "yes"),
        ("Here are my reasoning steps:\na\n[BEGIN FINAL RESPONSE]\nyes\n[END FINAL RESPONSE]", None, "yes"),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>yes", "a", "yes"),
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant to=functions.f<|channel|>commentary "
            "<|constrain|>json<|message|>{}<|call|><|start|>assistant<|channel|>final<|message|>yes<|return|>",
            "a\n{}",
            "yes",
        ),
        ("plain", "", "plain"),
    ],
)
def test_inline_thinking_is_split_off(text: str, reasoning: str | None, answer: str) -> None:
    found = split_reasoning(text)
    assert found[1] == answer
    assert found[0] == reasoning if reasoning is not None else found[0]


@pytest.mark.parametrize(
    ("message", "reasoning"),
    [
        ({"thinking": "hmm"}, "hmm"),  # as Ollama writes it
        ({"reasoning_details": [{"type": "reasoning.text", "text": "hmm"}]}, "hmm"),  # OpenRouter
        ({"reasoning_details": [{"type": "reasoning.summary", "summary": "hmm"}, {"data": "x"}]}, "hmm"),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hmm"}]}]}, "hmm"),  # Magistral
        ({"content": [{"type": "thinking", "thinking": "hmm"}]}, "hmm"),
        ({"reasoning_content": None, "reasoning": "hmm"}, "hmm"),  # vLLM sends both names
    ],
)
def test_every_servers_field_of_thinking_is_read(message: dict[str, Any], reasoning: str) -> None:
    exchange, _ = read(sse(delta(**message), delta(content="yes"), FINISH))
    assert (exchange.reasoning, exchange.text) == (reasoning, "yes")


@pytest.mark.parametrize(
    ("usage", "cached", "thought"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 5}, "completion_tokens_details": {"reasoning_tokens": 7}}, 5, 7),
        ({"cached_tokens": 5, "reasoning_tokens": 7}, 5, 7),  # Moonshot, Perplexity
        ({"prompt_cache_hit_tokens": 5, "prompt_cache_miss_tokens": 1}, 5, None),  # DeepSeek
        ({"cache_read_input_tokens": 5, "prompt_tokens_details": None}, 5, None),  # LiteLLM before Anthropic
        ({"prompt_tokens_details": {"cached_tokens": None}, "completion_tokens_details": []}, None, None),
    ],
)
def test_cached_and_thinking_tokens_are_read_wherever_a_server_counts_them(
    usage: dict[str, Any], cached: int | None, thought: int | None
) -> None:
    whole = {"prompt_tokens": 9, "completion_tokens": 8, **usage}
    for last in (
        {"choices": [], "usage": whole},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": whole}]},
    ):
        exchange, _ = read(sse(delta(content="yes"), FINISH, last))
        assert (exchange.usage.cached_tokens, exchange.usage.reasoning_tokens) == (cached, thought)
        assert exchange.usage.prompt_tokens == 9


def test_tool_calls_are_put_together_by_index() -> None:
    def call(index: int, **function: str) -> dict[str, Any]:
        return {"index": index, "id": f"c{index}" if "name" in function else None, "function": function}

    exchange, _ = read(
        sse(
            delta(tool_calls=[call(0, name="find", arguments="")]),
            delta(tool_calls=[call(0, arguments='{"a"')]),
            delta(tool_calls=[call(1, name="stop", arguments="{}")]),
            delta(tool_calls=[call(0, arguments=":1}")]),
            {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
        )
    )
    assert [(c.id, c.name, c.arguments) for c in exchange.tool_calls] == [
        ("c0", "find", '{"a":1}'),
        ("c1", "stop", "{}"),
    ]


def test_tokens_of_a_chunk_come_from_the_server_or_not_at_all() -> None:
    def timed(text: str, so_far: int) -> dict[str, Any]:
        return {**delta(content=text), "timings": {"predicted_n": so_far}}

    exchange, _ = read(sse(timed("a", 1), timed("bcd", 4), FINISH))
    assert exchange.timings.chunk_tokens == (1, 3)
    exchange, _ = read(sse(delta(content="a"), delta(content="b"), FINISH))
    assert exchange.timings.chunk_tokens == ()


def test_halves_of_a_surrogate_pair_in_two_chunks_make_one_character() -> None:
    body = (
        b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n'
        b'data: {"choices":[{"delta":{"content":"\\ude00"},"finish_reason":"stop"}]}\n\n'
    )
    exchange, _ = read(body)
    assert exchange.text == "\U0001f600"


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (sse(delta(content="a"), done=False) + b"data: {oops\n\n", "text/event-stream", "bad_stream"),
        (b"<html>busy</html>", "text/html", "wrong_content_type"),
        (b"<html>busy</html>", "text/event-stream", "bad_stream"),
        (b'{"choices": []}', "application/json", "bad_stream"),
        (b'{"error": {"message": "no", "code": 503}}', "application/json", "server_error"),
        (sse({"error": {"message": "slow down", "code": 429}}), "text/event-stream", "rate_limited"),
        (
            sse({"error": {"message": "x", "type": "exceed_context_size_error", "code": 400}}),
            "text/event-stream",
            "context_overflow",
        ),
        (b'error: {"message":"boom","code":500}\n\n', "text/event-stream", "server_error"),
    ],
)
def test_what_is_no_completion_is_named(body: bytes, content_type: str, kind: str) -> None:
    exchange, _ = read(body, content_type=content_type)
    assert exchange.failure is not None
    assert exchange.failure.kind == kind


def test_a_cut_stream_is_incomplete_and_one_without_done_is_not() -> None:
    assert not read(sse(delta(content="a"), done=False))[1].complete
    assert read(sse(delta(content="a"), FINISH, done=False))[1].complete


def test_a_whole_document_in_place_of_a_stream_is_an_answer() -> None:
    document = {"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}
    exchange, _ = read(json.dumps(document).encode(), content_type="application/json; charset=utf-8")
    assert (exchange.text, exchange.failure, exchange.usage.prompt_tokens) == ("yes", None, 1)


@given(st.binary(max_size=300), st.lists(st.integers(0, 400), max_size=5))
def test_no_bytes_whatever_raise(body: bytes, cuts: list[int]) -> None:
    read(body, cuts)
    read(b"data: " + body, cuts)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "choices",
                        "delta",
                        "content",
                        "tool_calls",
                        "function",
                        "usage",
                        "error",
                        "index",
                        "message",
                        "timings",
                        "logprobs",
                        "arguments",
                    ]
                ),
                x,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_no_json_whatever_raises(data: Any) -> None:
    read(sse(data))
    read(sse({"choices": [{"delta": data}]}, {"choices": [{"delta": {"tool_calls": [data]}}]}))
    read(json.dumps(data).encode(), content_type="application/json")


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="deep"):
        decode_json(b"[" * 1_000_000)


def test_blank_lines_alone_are_no_event() -> None:
    assert list(read_sse([(1, b"\n\n"), (2, b"data: x\n\n"), (3, b"\n\n"), (4, b"\n")])) == [SseEvent(2, "", b"x")]
