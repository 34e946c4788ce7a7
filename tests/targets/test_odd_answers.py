"""What real servers and proxies write beside the documented form, in any cut: one recorded attempt each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.core.errors import TargetError
from milo_bench.core.reasoning import _split_marked, split_reasoning
from milo_bench.targets.http.answer import StreamedAnswer, finite_number
from milo_bench.targets.http.busy import requests_in_metrics
from milo_bench.targets.http.events.sse import read_lines, read_sse
from milo_bench.targets.http.failures import classify, error_status, read_error
from milo_bench.targets.http.reply import HttpReply
from milo_bench.targets.http.stream import read_completion
from milo_bench.targets.http.vectors import read_vectors
from tests.targets.http.test_streams import FINISH, delta, read, sse


def text_chunk(text: str) -> bytes:
    return b"data: " + json.dumps(delta(content=text)).encode() + b"\n\n"


END = b"data: " + json.dumps(FINISH).encode() + b"\n\ndata: [DONE]\n\n"


@pytest.mark.parametrize(
    "between",
    [
        b"data:\n\n",
        b"data: \n\n",
        b"data: null\n\n",
        b"data: {}\n\n",
        b": still here\n\n",
        b"event: ping\ndata: 2026-11-28T10:00:00Z\n\n",
        b'event: heartbeat\ndata: {"t": 1}\n\n',
        b"id: 7\nretry: 100\n\n",
    ],
    ids=["no payload", "a blank", "null", "empty object", "comment", "named text", "named JSON", "fields alone"],
)
def test_what_keeps_a_connection_open_is_no_part_of_the_answer(between: bytes) -> None:
    body = between + text_chunk("Hel") + between + text_chunk("lo") + between + END
    for cuts in ([], list(range(len(body)))):
        exchange, _ = read(body, cuts)
        assert (exchange.text, exchange.failure) == ("Hello", None)


OVERFLOW = "request (6009 tokens) exceeds the available context size (4096 tokens), try increasing it"


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json"])
@pytest.mark.parametrize(
    ("document", "kind", "quoted"),
    [
        ({"error": {"code": 400, "message": OVERFLOW}}, "context_overflow", "6009 tokens"),
        ({"error": OVERFLOW}, "context_overflow", "6009 tokens"),
        ({"object": "error", "message": OVERFLOW, "code": 400}, "context_overflow", "6009 tokens"),
        ({"detail": "model is overloaded"}, "server_error", "overloaded"),
        ({"message": "no such model", "code": 404}, "not_found", "no such model"),
        ({"detail": [{"loc": None, "msg": "field required"}]}, "server_error", "field required"),
        ({"detail": [{"loc": ["body", "messages"], "msg": "field required"}]}, "server_error", "body.messages"),
    ],
    ids=["llama.cpp", "plain text", "vLLM", "FastAPI text", "bare message", "loc null", "FastAPI list"],
)
def test_an_error_in_place_of_an_answer_keeps_the_server_s_kind_and_words(
    document: dict[str, Any], kind: str, quoted: str, content_type: str
) -> None:
    plain = json.dumps(document).encode()
    framed = [b"data: " + plain + b"\n\n", plain, json.dumps(document, indent=2).encode()]
    for body in framed if content_type == "text/event-stream" else [plain]:
        exchange, _ = read(body, content_type=content_type)
        assert exchange.failure is not None and exchange.failure.kind == kind
        assert quoted in exchange.failure.message


@pytest.mark.parametrize("code", ["²", "4" * 5000, "-400", "４００", "4e2", "", "99", "600"])
def test_a_code_that_is_not_an_http_status_is_only_a_code(code: str) -> None:
    said, codes = read_error({"error": {"message": "busy", "code": code}})
    assert error_status(codes) is None
    assert classify(error_status(codes), said, codes).kind == "server_error"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**400, "7", True, None, [1]])
def test_a_number_that_a_log_cannot_hold_is_left_out(value: object) -> None:
    assert finite_number(value) is None
    body = sse({**delta(content="a"), "timings": {"prompt_ms": value, "ok": 2}}, FINISH)
    exchange, _ = read(body)
    assert exchange.text == "a" and exchange.server_timings == {"ok": 2.0}


def call(index: int | None, ident: str | None, name: str | None, arguments: str) -> dict[str, Any]:
    part: dict[str, Any] = {"function": {"name": name, "arguments": arguments}, "id": ident}
    return part if index is None else {**part, "index": index}


@pytest.mark.parametrize(
    "parts",
    [
        [call(0, "a", "find", '{"x":1}'), call(0, "b", "stop", "{}")],
        [call(0, None, "find", '{"x":1}'), call(0, None, "stop", "{}")],
        [call(None, "a", "find", '{"x":'), call(None, "a", None, "1}"), call(None, "b", "stop", "{}")],
        [call(0, "a", "find", '{"x":'), call(0, "a", "find", "1}"), call(1, "b", "stop", "{}")],
        [call(0, "a", "find", ""), call(0, "a2", None, '{"x":1}'), call(1, "b", "stop", "{}")],
        [call(1, "b", "stop", "{}"), call(0, "a", "find", '{"x":1}')],
        [call(None, None, "find", '{"x":'), call(None, None, "find", "1}"), call(None, None, "stop", "{}")],
        [call(0, "a", "fi", ""), call(0, None, "nd", ""), call(0, None, None, '{"x":1}'), call(1, "b", "stop", "{}")],
        [call(0, "a1", "find", '{"x":'), call(0, "a2", "find", "1}"), call(1, "b", "stop", "{}")],
        [call(0, "a", "find", '{"x":'), call(0, "a", "find", '{"x":1}'), call(1, "b", "stop", "{}")],
        [call(0, "a", "find", "{}"), call(0, None, None, '{"x":1}'), call(1, "b", "stop", "{}")],
        [{"id": "a", "name": "find", "input": {"x": 1}}, {"id": "b", "name": "stop", "input": {}}],
        [{"id": "a", "name": "find", "parameters": {"x": 1}}, {"id": "b", "name": "stop", "parameters": {}}],
    ],
    ids=["one index, two ids", "one index, no ids", "no index", "name repeated", "new id each part", "out of order",
         "name repeated, no index", "name in pieces", "name and a new id each part", "all again each part",
         "an empty object first", "Anthropic's key", "Llama's key"],
)  # fmt: skip
@pytest.mark.parametrize("together", [True, False], ids=["one chunk", "a chunk each"])
def test_two_tool_calls_are_two_however_a_server_numbers_them(parts: list[dict[str, Any]], together: bool) -> None:
    chunks = [delta(tool_calls=parts)] if together else [delta(tool_calls=[part]) for part in parts]
    exchange, _ = read(sse(*chunks, FINISH))
    assert [(found.name, json.loads(found.arguments)) for found in exchange.tool_calls] == [
        ("find", {"x": 1}),
        ("stop", {}),
    ]


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<thinking>a {1}</thinking>\n{2}", "a {1}", "{2}"),
        ("[THINK]a[/THINK]b", "a", "b"),
        ("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>", "a", "b"),
        ("<think>a</think>\n<answer>b</answer>", "a", "b"),
        ("◁think▷a◁/think▷b", "a", "b"),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>", "a", "b"),
        ("<|channel|>analysis<|message|>only thoughts", "only thoughts", ""),
        ("a</thinking>b", "a", "b"),
        ("<reasoning>never closed", "never closed", ""),
        ("The tag <thinking> is text here.", "", "The tag <thinking> is text here."),
        ("<answer>b</answer>", "", "<answer>b</answer>"),
    ],
)
def test_reasoning_is_taken_off_whatever_its_marks(text: str, reasoning: str, answer: str) -> None:
    assert split_reasoning(text) == (reasoning, answer)


@pytest.mark.parametrize(
    "text",
    [
        "<Think>hmm</Think>42",
        "<think hidden>hmm</think>42",
        "<thoughts>hmm</thoughts>\n42",
        "<mm:think>hmm</mm:think>42",
        "<think_fast>hmm</think_fast>42",
        "<think>hm</think><think>m</think>42",
        "assistant\n<think>hmm</think>42",
        "<unused94>hmm<unused95>42",
        "<analysis>hmm</analysis>42",
        "analysishmmassistantfinal42",
        "Here is my thought process:\nhmm\nHere is my response:\n42",
        "<think>hmm</think><|begin_of_box|>42<|end_of_box|>",
    ],
)
def test_every_way_of_marking_thoughts_leaves_the_answer(text: str) -> None:
    reasoning, answer = split_reasoning(text)
    assert (reasoning.replace("\n", ""), answer) == ("hmm", "42")


MARKS = (
    *("<think>", "</think>", "＜THINK＞", "&lt;cot&gt;", "[THINK]", "[/THINK]", "◁think▷", "◁/think▷", "〈reason〉"),
    *("Thinking...\n", "...done thinking.", "Here is my thought process:", "Here is my response:"),
    *("analysis", "assistantfinal", "assistant\n", "<|channel|>final<|message|>", "<|end_of_text|>"),
    *("[BEGIN FINAL RESPONSE]", "It is 42.", " ", "\n", "\ufeff"),
)


@given(st.lists(st.sampled_from(MARKS), max_size=6).map("".join))
def test_a_text_without_a_sign_of_a_mark_is_an_answer_as_the_long_way_finds_it(text: str) -> None:
    assert split_reasoning(text) == _split_marked(text)


@pytest.mark.parametrize(
    "text", ["<analysis>It is 42.</analysis>", "Here is my thought process: it is 42.", "analysis: 42"]
)
def test_what_a_prompt_may_have_asked_for_is_the_answer_where_nothing_follows(text: str) -> None:
    assert split_reasoning(text) == ("", text)


def test_a_call_among_the_parts_of_a_text_is_a_call() -> None:
    parts = [{"type": "text", "text": "ok"}, {"type": "tool_use", "id": "a", "name": "find", "input": {"x": 1}}]
    exchange, _ = read(sse(delta(content=parts), FINISH))
    assert exchange.text == "ok" and [(one.name, json.loads(one.arguments)) for one in exchange.tool_calls] == [
        ("find", {"x": 1})
    ]


@pytest.mark.parametrize("body", [b"data: " + b"x" * 600_000, b"data: x\n" * 80_000], ids=["one line", "many lines"])
def test_an_event_of_half_a_megabyte_in_one_byte_pieces_is_read(body: bytes) -> None:
    """Joined anew at each piece, this would copy 200 GB: the test would reach its time limit."""
    pieces = [(n, body[n : n + 1]) for n in range(len(body))]
    events = list(read_sse(pieces))
    assert len(events) == 1 and events[0].data.count(b"x") == body.count(b"x")
    lines = list(read_lines(pieces))
    assert sum(line.data.count(b"x") for line in lines) == body.count(b"x")


@pytest.mark.parametrize("line", ['{"done_reason":"stop"}', '{"done":true}', '{"done":true,"done_reason":"length"}'])
def test_an_answer_of_ollama_ends_with_done_or_its_reason(line: str) -> None:
    from milo_bench.config.settings import TargetConfig
    from milo_bench.targets.apis.ollama import OllamaTarget

    target = OllamaTarget(TargetConfig(name="o", api="ollama", model="m", base_url="http://127.0.0.1:1"), {})
    body = b'{"message":{"role":"assistant","content":"Hi"},"done":false}\n' + line.encode() + b"\n"
    reply = HttpReply(0, status=200, headers={"content-type": "application/x-ndjson"}, pieces=[(1, body)], ended_ns=2)
    answer = StreamedAnswer()
    for _ in target.read(reply, answer):
        pass
    assert answer.complete and answer.failure is None and "".join(answer.text) == "Hi"


def test_a_document_that_is_an_answer_with_an_empty_error_is_an_answer() -> None:
    body = json.dumps({"choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}], "error": None}).encode()
    exchange, _ = read(body, content_type="application/json")
    assert (exchange.text, exchange.failure) == ("yes", None)
    reply = HttpReply(0, status=200, headers={}, pieces=[(1, body)], ended_ns=2)
    for _ in read_completion(reply, answer := StreamedAnswer()):
        pass
    assert answer.failure is None


@pytest.mark.parametrize(
    ("text", "reasoning"),
    [
        ("<think>so <think>or so</think> then</think>42", "so <think>or so</think> then"),
        ("<think>a <think> that never ends</think>42", "a <think> that never ends"),
        ("＜think＞so＜/think＞42", "so"),
        ("< think >so</ think >42", "so"),
        ("&lt;think&gt;so&lt;/think&gt;\n42", "so"),
        ("<思考>所以</思考>42", "所以"),
        ("so＜／think＞42", "so"),
        ("Thinking...\nso\n...done thinking.\n\n42", "so"),
    ],
)
def test_marks_of_reasoning_are_known_nested_full_width_escaped_and_in_chinese(text: str, reasoning: str) -> None:
    assert split_reasoning(text) == (reasoning, "42")


def test_a_tag_that_is_spoken_of_is_text() -> None:
    for text in ("The tag &lt;b&gt; is bold.", "Thinking... of you", "a < think > b"):
        assert split_reasoning(text) == ("", text)


def test_an_end_alone_is_no_empty_answer_of_the_model() -> None:
    exchange, _ = read(b"data: [DONE]\n\n", [])
    assert exchange.failure is not None and exchange.failure.kind == "bad_stream"
    assert "without an answer" in exchange.failure.message
    thought = sse(delta(reasoning_content="hm"))
    assert read(thought + b"data: [DONE]\n\n", [])[0].failure is None
    assert read(END, [])[0].failure is None  # the model said nothing, and said so


def test_words_of_a_server_that_are_no_words_are_cut_before_they_fill_a_log() -> None:
    last = {
        **FINISH,
        "model": "m" * 70_000,
        "timings": {**dict.fromkeys(map(str, range(5000)), 1.0), "n" * 70_000: 2.0},
    }
    last["choices"] = [{**last["choices"][0], "finish_reason": "why" * 70_000}]
    exchange, _ = read(sse(delta(content="Hello"), last), [])
    assert exchange.text == "Hello" and exchange.failure is None
    assert len(exchange.finish_reason) == 100 and len(exchange.model) == 300
    assert sum(map(len, exchange.server_timings)) < 1000


def test_tokens_past_the_range_of_a_counter_are_unknown_and_poison_no_log() -> None:
    last = {**FINISH, "usage": {"prompt_tokens": 2**31, "completion_tokens": 2**31 - 1}, "timings": {"cache_n": 2**40}}
    exchange, _ = read(sse(delta(content="Hello"), last), [])
    assert (exchange.usage.prompt_tokens, exchange.usage.completion_tokens) == (None, 2**31 - 1)
    assert exchange.usage.cached_tokens is None


@pytest.mark.parametrize("number", [10**400, float("nan"), True, None, "1"])
def test_an_embedding_with_what_is_no_number_is_refused(number: Any) -> None:
    with pytest.raises(TargetError, match="no embedding"):
        read_vectors({"data": [{"index": 0, "embedding": [0.5, number]}]}, 1, target="t")


def test_requests_beyond_any_server_are_no_count() -> None:
    page = b'vllm:num_requests_running{a="b"} %s\nllamacpp:requests_deferred 2\n'
    assert requests_in_metrics(page % b"3.0") == 5
    for odd in (b"1e+300", b"9" * 400, b"1e9"):
        assert requests_in_metrics(page % odd) is None
