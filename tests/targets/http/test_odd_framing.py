"""Answers that a server or a proxy frames, types or compresses its own way: what is there is read, what is not is said.

The rows are forms seen in public reports on gateways and runtimes.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import zlib
from typing import Any

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.records import Timeouts
from milo_bench.targets import open_target
from milo_bench.targets.http.encoding import BrokenEncodingError, Inflater
from milo_bench.targets.http.reply import MAX_BODY_BYTES
from tests.patience import WAIT_S
from tests.targets.http.test_streams import FINISH, delta, read, sse

HELLO = sse(delta(content="Hel"), delta(content="lo"), FINISH)
DOCUMENT = json.dumps({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}).encode()
LINES = b"".join(
    json.dumps(line).encode() + b"\n"
    for line in (
        {"message": {"role": "assistant", "content": "Hel"}, "done": False},
        {"message": {"role": "assistant", "content": "lo"}, "done": False},
        {"done": True, "done_reason": "stop"},
    )
)


async def answered(raw: bytes, api: str = "openai") -> Exchange:
    """What a target makes of ``raw``, sent by a server that closes after it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        writer.write(raw)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    base = f"http://127.0.0.1:{port}" + ("/v1" if api == "openai" else "")
    target = open_target(TargetConfig(name="t", api=api, base_url=base, model="m"), {})
    try:
        request = ChatRequest((Message("user", "hello"),), max_tokens=9)
        limits = Timeouts(WAIT_S, WAIT_S, WAIT_S)
        return await target.ask(request, timeouts=limits, zero_s=time.monotonic(), intended_s=0.0)
    finally:
        await target.stop()
        server.close()


def reply(body: bytes, content_type: str = "", status: str = "200 OK", **headers: str) -> bytes:
    named = {"Connection": "close", **({"Content-Type": content_type} if content_type else {})}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return (
        f"HTTP/1.1 {status}\r\n{''.join(f'{k}: {v}' + chr(13) + chr(10) for k, v in named.items())}\r\n".encode() + body
    )


@pytest.mark.parametrize(
    "body",
    [
        HELLO.replace(b"\n\n", b"\n"),
        HELLO.replace(b"\n\n", b"\r\n"),
        HELLO.replace(b"[DONE]", b"[done]"),
        HELLO.replace(b"[DONE]", b'"[DONE]"'),
        b"\xef\xbb\xbf" + HELLO.replace(b"\n", b"\r\n"),
        HELLO.replace(b'"index"', b'\ndata: "index"'),
        DOCUMENT,
        sse(delta(content="Hello"), {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}),
        sse(delta(content="Hello"), {**FINISH, "usage": {"prompt_tokens": 0}}).replace(
            b": 0}", b": " + b"9" * 6000 + b"}"
        ),
        sse(
            {"choices": [{"index": 0, "delta": {"content": "Hello"}}, {"index": 1, "delta": {"content": "No"}}]}, FINISH
        ),
        sse(delta(content="Hello"), {"choices": [{"index": 1, "delta": {"content": "No"}}]}, FINISH),
        sse(delta(content={"type": "text", "text": "Hello"}), FINISH),
    ],
    ids=[
        "no blank line",
        "no blank line, CRLF",
        "[done]",
        "quoted [DONE]",
        "BOM and CRLF",
        "several data lines",
        "a document",
        "the whole again at the end",
        "6,000 digits",
        "two choices in a chunk",
        "two choices in turn",
        "one part",
    ],
)
def test_a_stream_is_read_as_it_was_meant(body: bytes) -> None:
    for cuts in ([], list(range(len(body)))):
        exchange, _ = read(body, cuts)
        assert (exchange.text, exchange.failure) == ("Hello", None)


def test_chunks_without_a_blank_line_between_keep_their_own_stamps() -> None:
    body = HELLO.replace(b"\n\n", b"\n")
    _, answer = read(body, list(range(len(body))))
    assert len(answer.stamps_ns) == 2 and answer.stamps_ns[0] < answer.stamps_ns[1]


def test_a_broken_byte_costs_one_character() -> None:
    exchange, _ = read(sse(delta(content="Hel"), delta(content="lo"), FINISH).replace(b"Hel", b"H\xff"))
    assert (exchange.text, exchange.failure) == ("H\ufffdlo", None)


@pytest.mark.parametrize(
    "fields",
    [
        {"thinking": "hm"},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
        {"content": [{"type": "thinking", "thinking": "hm"}]},
        {"reasoning": None, "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
        {"reasoning": "hm", "reasoning_content": "hm"},
    ],
    ids=["thinking", "parts", "a part of text", "details", "both fields"],
)
def test_thinking_is_found_in_every_field_that_servers_have_for_it(fields: dict[str, Any]) -> None:
    exchange, _ = read(sse(delta(**fields), delta(content="Hello"), FINISH))
    assert (exchange.reasoning, exchange.text) == ("hm", "Hello")


@pytest.mark.parametrize(
    ("reason", "taken"),
    [
        ("max_tokens", "length"),
        ("MAX_TOKENS", "length"),
        ("model_length", "length"),
        ("STOP", "stop"),
        ("null", "stop"),
    ],
)
def test_a_cut_is_a_cut_in_whatever_word(reason: str, taken: str) -> None:
    exchange, _ = read(sse(delta(content="Hello"), {"choices": [{"delta": {}, "finish_reason": reason}]}, FINISH))
    assert (exchange.finish_reason, exchange.failure) == ("stop", None)  # the last one counts
    exchange, _ = read(sse(delta(content="Hello"), FINISH, {"choices": [{"delta": {}, "finish_reason": reason}]}))
    assert (exchange.finish_reason, exchange.failure) == (taken, None)


@pytest.mark.parametrize("reason", ["error", "abort", "insufficient_system_resource"])
def test_an_end_that_the_server_made_is_no_answer_of_the_model(reason: str) -> None:
    exchange, _ = read(sse(delta(content="Hel"), {"choices": [{"delta": {}, "finish_reason": reason}]}))
    assert exchange.failure is not None and exchange.failure.kind == "server_error"
    assert reason in exchange.failure.message


CALL = {"name": "find", "arguments": '{"x":1}'}
OTHER = {"name": "stop", "arguments": "{}"}


@pytest.mark.parametrize(
    "chunks",
    [
        [{"tool_calls": [{"id": "c", "function": CALL}]}, {"tool_calls": [{"id": "c", "function": OTHER}]}],
        [{"tool_calls": [{"index": 0, "id": "c", "function": CALL}, {"index": 0, "id": "c", "function": OTHER}]}],
        [{"tool_calls": [{"index": 0, "id": "a", **CALL}, {"index": 1, "id": "b", **OTHER}]}],
        [{"tool_calls": {"index": 0, "function": CALL}}, {"tool_calls": {"index": 1, "function": OTHER}}],
        [{"function_call": CALL}, {"function_call": OTHER}],
        [{"tool_calls": [{"index": "0", "id": "a", "function": CALL}, {"index": "1", "id": "b", "function": OTHER}]}],
        [{"tool_calls": [{"index": 0, "id": 7, "function": CALL}, {"index": 1, "id": 8, "function": OTHER}]}],
    ],
    ids=["same id", "same id and index", "flat", "no list", "function_call", "index as text", "id as a number"],
)
def test_calls_are_told_apart_in_forms_of_older_servers(chunks: list[dict[str, Any]]) -> None:
    exchange, _ = read(sse(*(delta(**chunk) for chunk in chunks), FINISH))
    assert [(call.name, json.loads(call.arguments)) for call in exchange.tool_calls] == [
        ("find", {"x": 1}),
        ("stop", {}),
    ]


def test_a_call_sent_again_as_a_whole_is_one_call() -> None:
    part = {"index": 0, "id": "c", "function": CALL}
    exchange, _ = read(
        sse(delta(tool_calls=[part]), delta(tool_calls=[{**part, "function": {**CALL, "arguments": ""}}]), FINISH)
    )
    assert [(call.name, call.arguments) for call in exchange.tool_calls] == [("find", '{"x":1}')]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/octet-stream", ""])
@pytest.mark.parametrize("body", [HELLO, DOCUMENT, b"\xef\xbb\xbf" + HELLO], ids=["stream", "document", "BOM"])
async def test_a_wrong_content_type_costs_no_answer(body: bytes, content_type: str) -> None:
    exchange = await answered(reply(body, content_type))
    assert (exchange.text, exchange.failure) == ("Hello", None)


@pytest.mark.parametrize(
    "raw",
    [
        reply(LINES.replace(b"\n", b""), "application/x-ndjson"),
        reply(LINES.replace(b"\n", b"\r\n"), "text/plain"),
        reply(b"".join(b"data: " + line + b"\n\n" for line in LINES.splitlines()), "text/event-stream"),
        reply(json.dumps({"message": {"content": "Hello"}, "done": True}, indent=2).encode(), "application/json"),
        reply(gzip.compress(LINES), "application/x-ndjson", Content_Encoding="gzip"),
    ],
    ids=["glued", "CRLF", "framed as events", "laid out", "gzip"],
)
async def test_lines_of_ollama_are_read_in_whatever_frame(raw: bytes) -> None:
    exchange = await answered(raw, "ollama")
    assert (exchange.text, exchange.failure) == ("Hello", None)


@pytest.mark.parametrize("reason", ["load", "unload"])
async def test_ollama_that_only_loaded_a_model_gave_no_answer(reason: str) -> None:
    line = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": reason}
    exchange = await answered(reply(json.dumps(line).encode(), "application/x-ndjson"), "ollama")
    assert exchange.failure is not None and reason in exchange.failure.message


RAW_DEFLATE = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(HELLO)),
        ("x-gzip", gzip.compress(HELLO)),
        ("deflate", zlib.compress(HELLO)),
        ("deflate", RAW_DEFLATE.compress(HELLO) + RAW_DEFLATE.flush()),
        ("identity", HELLO),
    ],
)
async def test_a_body_compressed_unasked_is_read(encoding: str, packed: bytes) -> None:
    exchange = await answered(reply(packed, "text/event-stream", Content_Encoding=encoding))
    assert (exchange.text, exchange.failure) == ("Hello", None)


@pytest.mark.parametrize(
    ("encoding", "packed", "said"),
    [
        ("br", b"\x0b\x02\x80abc", "encoded as 'br'"),
        ("gzip", b"no gzip at all, and plain text", "compressed body is broken"),
    ],
)
@pytest.mark.parametrize("api", ["openai", "ollama"])
async def test_an_encoding_that_cannot_be_read_is_named(encoding: str, packed: bytes, said: str, api: str) -> None:
    exchange = await answered(reply(packed, "application/json", Content_Encoding=encoding), api)
    assert exchange.failure is not None and said in exchange.failure.message


def test_a_compressed_bomb_ends_at_the_size_of_any_answer() -> None:
    bomb = gzip.compress(b"0" * (MAX_BODY_BYTES + 1000), 1)
    inflater = Inflater()
    with pytest.raises(BrokenEncodingError, match="stopped after"):
        for at in range(0, len(bomb), 1000):
            inflater.feed(bomb[at : at + 1000])


@pytest.mark.parametrize(
    ("raw", "kind", "said"),
    [
        (reply(b"upstream connect error", "text/plain", "503 Unavailable"), "server_error", "upstream connect error"),
        (reply(b"<html><title>502 Bad Gateway</title>", "text/html", "502 Bad"), "server_error", "502 Bad Gateway"),
        (reply(b"", "", "308 Moved", Location="https://other.example/v1?key=s3cret"), "bad_stream", "example/v1,"),
        (reply(b'[{"error": {"code": 400, "message": "no key"}}]', "application/json", "400 X"), "rejected", "no key"),
        (reply(b'[{"error": {"code": 400, "message": "no key"}}]', "application/json"), "rejected", "no key"),
        (reply(b'{"errors": [{"message": "gone"}]}', "application/json"), "server_error", "gone"),
        (reply(b'{"error": {"error": {"message": "inner"}}}', "application/json", "500 X"), "server_error", "inner"),
        (reply(b'{"error": "{\\"message\\": \\"inner\\"}"}', "application/json", "500 X"), "server_error", "inner"),
        (reply(b'{"detail": "used up", "status": 429}', "application/problem+json"), "rate_limited", "up"),
        (reply(b"event: error\ndata: engine died\n\n", "text/event-stream"), "server_error", "engine died"),
        (b"HTTP/1.1 101 Odd\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "bad_stream", "protocol"),
        (reply(b"<html>log in</html>", "text/html"), "wrong_content_type", "text/html"),
    ],
    ids=[
        "plain text", "page", "redirect", "list, status 400", "list, status 200", "errors", "error in an error",
        "error as text", "problem document", "event of text", "HTTP 101", "page under 200",
    ],
)  # fmt: skip
async def test_a_refusal_keeps_its_words_in_every_form(raw: bytes, kind: str, said: str) -> None:
    exchange = await answered(raw)
    assert exchange.failure is not None and (exchange.failure.kind, said in exchange.failure.message) == (kind, True)
    assert "s3cret" not in exchange.failure.message
