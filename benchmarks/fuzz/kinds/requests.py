"""Requests of clients and records of tools: a checked question, or an error in the words of its API."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from benchmarks.fuzz.damage import damaged, damaged_tree, dumped, nested, text, value
from benchmarks.fuzz.throw import Kind, Lost
from milo_bench.core.cases.record import CaseRecord
from milo_bench.core.weights.gguf_header import BadHeader, read_gguf_header
from milo_bench.gateway.answering.events import EventScan
from milo_bench.gateway.request import DOORS, check_tags, check_use, read_question
from milo_bench.gateway.wire.connection import HttpRequest
from milo_bench.gateway.wire.replies import ApiError
from milo_bench.guards.case_facts import case_facts
from milo_bench.operator.mcp.stdio import decode_line
from milo_bench.targets.fake.dialects import DIALECTS
from milo_bench.targets.responses.reading import NotUnderstood, chat_request
from milo_bench.targets.responses.translating import ResponseStream

_CHAT: Final[dict[str, Any]] = {
    "model": "milo/notes",
    "messages": [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": [{"type": "text", "text": "x"}]},
    ],
    "max_tokens": 10,
    "stream": True,
    "n": 1,
    "milo": {"workload": "notes", "use": "draft", "input": {"text": "hi"}, "tags": ["sensitive"], "callback": ""},
}
_RESPONSES: Final[dict[str, Any]] = {
    "model": "m",
    "instructions": "be short",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "hello"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "done"},
        {"type": "reasoning", "summary": []},
    ],
    "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
    "tool_choice": {"type": "function", "name": "f"},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}},
    "reasoning": {"effort": "low"},
}

_CHUNK: Final[dict[str, Any]] = {
    "choices": [
        {
            "index": 0,
            "delta": {
                "content": "hello", "reasoning_content": "hm", "refusal": "no",
                "tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}],
            },
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 1}},
}  # fmt: skip
_ENDS: Final = ("response.completed", "response.incomplete", "response.failed")


def _body(random: Random, sound: Any) -> bytes:
    chance = random.random()
    if chance < 0.05:
        depth = random.choice((70, 500, 100_000))
        return b'{"model":"milo","messages":' + b"[" * depth + b"1" + b"]" * depth + b"}"
    if chance < 0.15:
        return dumped(value(random, 4)).encode("utf-8", "surrogatepass")
    data = dumped(damaged_tree(random, sound, 3)).encode("utf-8", "surrogatepass")
    return damaged(random, data) if chance < 0.4 else data


def _gateway(random: Random, folder: Path) -> None:
    headers = {"content-type": random.choice(("application/json", "application/json; charset=utf-8", text(random, 1)))}
    for name in ("x-milo-workload", "x-milo-use", "x-milo-sensitive"):
        if random.random() < 0.2:
            headers[name] = random.choice(("notes", "true", text(random, 1)))
    door = random.choice(tuple(DOORS.values()))
    sound = {**_RESPONSES, "model": "milo/notes", "milo": _CHAT["milo"]} if door == "responses" else _CHAT
    http = HttpRequest("POST", "/v1/chat/completions", headers, _body(random, sound))
    try:
        asked = read_question(http, door, ["notes", "other"])
        check_use(asked, ["draft"])
        check_tags(asked, ["legal_hold", "tier-1"])
    except ApiError as error:
        if not 400 <= error.status < 500:
            raise Lost(f"a client's mistake is answered with {error.status}") from error
        return
    if not isinstance(asked.text, str):
        raise Lost("a question has no text")


def _responses(random: Random, folder: Path) -> None:
    try:
        data = json.loads(_body(random, _RESPONSES))
    except (ValueError, RecursionError):
        return
    if not isinstance(data, dict):
        return
    try:
        json.dumps(chat_request(data))
    except NotUnderstood as error:
        if len(str(error)) > 1_000:
            raise Lost(f"an error of {len(str(error))} characters") from error


def _translated(random: Random, folder: Path) -> None:
    """Chunks as any server may write them: what leaves is JSON, numbered without a gap, with one end."""
    scan, stream, left = EventScan(), ResponseStream({"model": "m"}, ident="x", created_s=1), b""
    for _ in range(random.randrange(1, 6)):
        piece = dumped(damaged_tree(random, _CHUNK, 3)).encode("utf-8", "surrogatepass")
        left += stream.feed(scan.feed(b"data: " + piece + b"\n\n"))
        if scan.problem:
            break
    left += stream.fail("cut") if scan.problem else stream.end()
    events = [json.loads(one.partition(b"\ndata: ")[2]) for one in left.split(b"\n\n") if one]
    if [one["sequence_number"] for one in events] != list(range(len(events))):
        raise Lost("events are not numbered in their order")
    if sum(one["type"] in _ENDS for one in events) != 1 or events[-1]["type"] not in _ENDS:
        raise Lost("a stream has not one end")


def _fake(random: Random, folder: Path) -> None:
    """The scripted server reads any request, or says that it is none."""
    dialect = random.choice(tuple(DIALECTS.values()))
    try:
        data = json.loads(_body(random, _CHAT))
        asked = dialect.read(1, data)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return
    if not isinstance(asked.user, str):
        raise Lost("what the user said is no text")


def _mcp(random: Random, folder: Path) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read", "arguments": {"id": "x"}}}
    decode_line(_body(random, call))


_CASE: Final[dict[str, Any]] = {
    "case_id": "84291", "claimant_name": "Anna", "as_of": "2026-03-01",
    "events": [
        {"id": "E-1", "at": "2026-02-01", "kind": "status", "source": "letter", "text": "paid", "status": "open"},
        {"id": "E-2", "at": "2026-02-30", "kind": "note", "source": "phone", "text": "called"},
    ],
}  # fmt: skip


def _case(random: Random, folder: Path) -> None:
    """A case record of a team, and what the rules read out of any input."""
    tree = damaged_tree(random, _CASE, 2)
    with contextlib.suppress(msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        msgspec.json.decode(dumped(tree).encode("utf-8", "surrogatepass"), type=CaseRecord)
    case_facts(tree if isinstance(tree, dict) else {"case": tree})
    case_facts({"deep": nested(100)})


def _string(written: str) -> bytes:
    raw = written.encode()
    return struct.pack("<Q", len(raw)) + raw


def _weights(random: Random, folder: Path) -> None:
    """The header of a file of weights from anywhere."""
    entries = [
        _string("general.architecture") + struct.pack("<I", 8) + _string("llama"),
        _string("general.file_type") + struct.pack("<II", 4, 7),
        _string("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 3) + _string("a") + _string("b") + _string("c"),
        _string("llama.context_length") + struct.pack("<II", 4, 4096),
        _string("tokenizer.chat_template") + struct.pack("<I", 8) + _string("{{ x }}"),
    ]
    sound = b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + b"".join(entries)
    path = folder / "weights.gguf"
    path.write_bytes(damaged(random, sound, 3))
    with contextlib.suppress(BadHeader):
        read_gguf_header(path)


KINDS = (
    Kind("gateway-bodies", _gateway, 10),
    Kind("responses-api", _responses, 6),
    Kind("responses-streams", _translated, 6),
    Kind("scripted-server", _fake, 4),
    Kind("mcp-lines", _mcp, 3),
    Kind("case-records", _case, 4),
    Kind("weights", _weights, 4),
)
