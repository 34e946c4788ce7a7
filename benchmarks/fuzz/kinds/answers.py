"""Answers of servers: each becomes one exchange whose text is what was sent, and a line of a log that reads back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

from benchmarks.fuzz.damage import damaged, damaged_tree, dumped, pieces, plain_text, text, value
from benchmarks.fuzz.throw import Kind, Lost
from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.records import Attempt, AttemptKey, FailureKind, Timeouts
from milo_bench.store.log.encoding import encode_line
from milo_bench.store.log.lines import decode_line
from milo_bench.targets.apis.ollama import OllamaTarget
from milo_bench.targets.apis.openai import OpenAiTarget
from milo_bench.targets.http.events.sse import read_sse
from milo_bench.targets.http.reply import HttpReply
from milo_bench.targets.http.target import HttpTarget

_SALT: Final = b"0" * 32
_REQUEST: Final = ChatRequest((Message("user", "Hello"),), max_tokens=16)
_BROKEN: Final[tuple[FailureKind | None, ...]] = (None, None, None, "reset", "total_timeout")
_TYPES: Final = ("text/event-stream", "application/json", "application/x-ndjson", "", "text/html", "TEXT/event-stream")


class _Canned:
    """A wire that gives one reply."""

    def __init__(self) -> None:
        self.reply = HttpReply(0)

    async def fetch(self, *_: Any, **__: Any) -> HttpReply:
        return self.reply

    async def close(self) -> None:
        pass


@cache
def _targets() -> tuple[asyncio.AbstractEventLoop, _Canned, HttpTarget, HttpTarget]:
    wire = _Canned()
    made: list[HttpTarget] = []
    for kind, api in ((OpenAiTarget, "openai"), (OllamaTarget, "ollama")):
        target = kind(TargetConfig(name="t", api=api, model="m", base_url="http://127.0.0.1:9/v1"), {})
        target._wire = wire
        made.append(target)
    return asyncio.new_event_loop(), wire, made[0], made[1]


def _asked(target: HttpTarget, reply: HttpReply) -> Exchange:
    loop, wire, *_ = _targets()
    wire.reply = reply
    return loop.run_until_complete(target.ask(_REQUEST, timeouts=Timeouts(), zero_s=0.0, intended_s=0.0))


def _must_be_loggable(exchange: Exchange) -> None:
    attempt = Attempt(
        key=AttemptKey("f", "t"),
        request_hash="q",
        timings=exchange.timings,
        output=exchange.text,
        reasoning=exchange.reasoning,
        tool_calls=exchange.tool_calls,
        finish_reason=exchange.finish_reason,
        usage=exchange.usage,
        failure=exchange.failure,
        server_timings=exchange.server_timings,
    )
    line, _ = encode_line(attempt, _SALT)
    if decode_line(Path("log"), 1, line) != attempt:
        raise Lost("the line of the log does not read back as the attempt")


def _reply(random: Random, body: bytes, content_type: str) -> HttpReply:
    broken = random.choice(_BROKEN)
    return HttpReply(
        1_000,
        connected_ns=2_000,
        ended_ns=9_000_000,
        status=random.choice((200, 200, 200, 200, 200, 101, 204, 302, 400, 429, 500, 503, 999)),
        headers={"content-type": content_type, "retry-after": text(random, 1)},
        pieces=pieces(random, body),
        broken=broken,
        broken_message="it broke" if broken else "",
    )


def _chunks(random: Random, said: list[str]) -> list[dict[str, Any]]:
    """The chunks of an OpenAI stream that says ``said``."""
    chunks: list[dict[str, Any]] = [
        {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
    ]
    for part in said:
        chunks.append({"id": "c", "choices": [{"index": 0, "delta": {"content": part}, "finish_reason": None}]})
        if random.random() < 0.1:
            call = {"index": random.randint(0, 2), "id": text(random, 1), "function": {"name": "f", "arguments": "{"}}
            chunks.append({"choices": [{"delta": {"tool_calls": [call]}}]})
        if random.random() < 0.1:
            chunks[-1]["timings"] = {"predicted_n": random.choice((1, 2.5, "²", None, 10**400))}
        if random.random() < 0.1:
            chunks.append({"choices": [{"delta": {"reasoning_content": text(random, 2)}}]})
    usage = {"prompt_tokens": 3, "completion_tokens": len(said), "prompt_tokens_details": {"cached_tokens": 1}}
    chunks.append({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": usage})
    return chunks


def _openai_sound(random: Random, folder: Path) -> None:
    """A sound stream in any pieces: its text is there to the character."""
    said = [plain_text(random, 3) + random.choice((" ", "\n", "é", "🙂")) for _ in range(random.randint(0, 12))]
    end = random.choice(("\n\n", "\r\n\r\n", "\r\r"))
    frames = [f"data: {json.dumps(chunk, ensure_ascii=random.random() < 0.5)}{end}" for chunk in _chunks(random, said)]
    body = "".join([*frames, f"data: [DONE]{end}"]).encode()
    reply = HttpReply(1_000, 2_000, 9_000_000, 200, {"content-type": "text/event-stream"}, pieces(random, body))
    exchange = _asked(_targets()[2], reply)
    if exchange.failure is not None or exchange.text.strip() != "".join(said).strip():
        raise Lost(f"{''.join(said)!r} was sent, {exchange.text!r} and {exchange.failure} were read")
    _must_be_loggable(exchange)


def _openai_broken(random: Random, folder: Path) -> None:
    chunks: list[Any] = list(_chunks(random, [text(random, 2) for _ in range(random.randint(0, 6))]))
    for _ in range(random.randint(0, 2)):
        place = random.randrange(len(chunks))
        chunks[place] = damaged_tree(random, chunks[place]) if random.random() < 0.7 else _error(random)
    body = "".join(f"data: {dumped(chunk)}\n\n" for chunk in chunks).encode("utf-8", "surrogatepass")
    if random.random() < 0.5:
        body = damaged(random, body)
    _must_be_loggable(_asked(_targets()[2], _reply(random, body, random.choice(_TYPES))))


def _error(random: Random) -> Any:
    """An error document in one of the shapes that servers have."""
    inner = {"message": value(random, 1), "type": value(random, 1), "code": value(random, 1), "param": value(random, 1)}
    detail = [{"loc": value(random, 2), "msg": value(random, 1), "type": "x"}]
    return random.choice(
        (
            {"error": inner},
            {"error": value(random)},
            {"detail": detail},
            {"detail": value(random)},
            inner,
            value(random),
        )
    )


def _document(random: Random, folder: Path) -> None:
    """An answer or error in one piece, for either API."""
    message = {"role": "assistant", "content": text(random, 4)}
    whole: Mapping[str, Any] = {
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1},
    }
    data = _error(random) if random.random() < 0.5 else damaged_tree(random, whole)
    body = dumped(data).encode("utf-8", "surrogatepass")
    if random.random() < 0.3:
        body = damaged(random, body)
    target = random.choice(_targets()[2:])
    _must_be_loggable(_asked(target, _reply(random, body, random.choice(_TYPES))))


def _ollama(random: Random, folder: Path) -> None:
    lines: list[Any] = [
        {"model": "m", "message": {"role": "assistant", "content": text(random, 2)}, "done": False}
        for _ in range(random.randint(0, 6))
    ]
    lines.append({"model": "m", "done": True, "done_reason": "stop", "eval_count": 3, "eval_duration": 10**9})
    if random.random() < 0.7:
        place = random.randrange(len(lines))
        lines[place] = damaged_tree(random, lines[place]) if random.random() < 0.7 else _error(random)
    body = "".join(f"{dumped(line)}\n" for line in lines).encode("utf-8", "surrogatepass")
    if random.random() < 0.4:
        body = damaged(random, body)
    _must_be_loggable(_asked(_targets()[3], _reply(random, body, random.choice(_TYPES[1:]))))


def _events(random: Random, folder: Path) -> None:
    """The events of a stream do not depend on how the network cut it."""
    body = damaged(random, b"".join(f"data: {text(random, 2)}\n\n".encode() for _ in range(random.randint(0, 8))))
    whole = [(name, data) for _, name, data in read_sse([(1, body)])]
    cut = [(name, data) for _, name, data in read_sse(pieces(random, body))]
    if whole != cut:
        raise Lost(f"{len(whole)} events in one piece, {len(cut)} in many")


KINDS = (
    Kind("openai-sound", _openai_sound, 10),
    Kind("openai-broken", _openai_broken, 16),
    Kind("documents-of-servers", _document, 10),
    Kind("ollama", _ollama, 8),
    Kind("events", _events, 6),
)
