"""A request's path in, the answer of the target that it names out; each target breaks when it is told to."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import httptools

GOOD: Final = "Dear customer, thank you for your letter. A colleague reads it today."


@dataclass
class Call:
    """One request as a target sees it."""

    target: str
    text: str
    stream: bool
    number: int  # of this target's requests, probes left out
    headers: dict[str, str]
    server: ScriptedConnection
    fields: dict[str, Any] = field(default_factory=dict)

    def reply(self, body: bytes | dict[str, Any], status: str = "200 OK", headers: str = "") -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(data)}\r\n\r\n"
        self.server.write(head.encode() + data)

    def answer(self, text: str = GOOD, **more: Any) -> None:
        """A sound completion, streamed if it was asked for so."""
        if not self.stream:
            self.reply(completion(text, **more))
            return
        self.start_stream()
        for word in text.split(" "):
            self.event({"content": f"{word} "}, **more)
        self.event({}, finish_reason="stop", **more)
        self.end_stream()

    def start_stream(self) -> None:
        self.server.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")

    def event(self, delta: dict[str, Any], *, finish_reason: str | None = None, **more: Any) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}
        data = b"data: " + json.dumps(chunk).encode() + b"\n\n"
        self.server.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end_stream(self) -> None:
        self.server.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")


Behaviour: TypeAlias = Callable[[Call], Awaitable[None]]


def completion(text: str, **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "usage": usage, "choices": [choice],
            **more}  # fmt: skip


@dataclass
class ScriptedUpstream:
    """Targets behind one port, each under ``/NAME/v1``. ``broken``: what a target does instead."""

    broken: dict[str, Behaviour] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)  # connections that ended before their answer did
    raw: list[bytes] = field(default_factory=list)
    digest: str = "sha256:" + "1" * 64
    port: int = 0
    open: set[ScriptedConnection] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: ScriptedConnection(self), "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """As a process that ends: its connections end with it."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.open):
            connection.transport.abort()

    def url(self, target: str) -> str:
        return f"http://127.0.0.1:{self.port}/{target}/v1"


class ScriptedConnection(asyncio.Protocol):
    def __init__(self, upstream: ScriptedUpstream) -> None:
        self._upstream = upstream
        self._parser: Any = httptools.HttpRequestParser(self)
        self._path, self._body = "", b""
        self._headers: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None
        self.target = ""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._upstream.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._upstream.open.discard(self)
        if self._task is not None and not self._task.done():
            self._upstream.left[self.target] += 1
            self._task.cancel()

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._upstream.raw.append(data)
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._path, self._body, self._headers = url.decode(), b"", {}

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        _, self.target, path = self._path.split("/", 2)
        data = json.loads(self._body or b"{}")
        said = str((data.get("messages") or [{}])[-1].get("content", ""))
        call = Call(self.target, said, bool(data.get("stream")), 0, self._headers, self, data)
        upstream = self._upstream
        if path.startswith("api/"):
            _as_ollama(call, path.removeprefix("api/"), upstream.digest)
            return
        if not path.endswith("chat/completions"):
            call.reply({"error": {"message": "unknown path"}}, "404 Not Found")
            return
        if said != "Hello":
            upstream.calls[self.target] += 1
        call.number = upstream.calls[self.target]
        broken = upstream.broken.get(self.target)
        if broken is None:
            call.answer()
            return

        async def run() -> None:
            await broken(call)

        self._task = asyncio.get_running_loop().create_task(run())


def _as_ollama(call: Call, path: str, digest: str) -> None:
    """The pages that name the weights."""
    match path:
        case "version":
            call.reply({"version": "0.9.0"})
        case "tags":
            call.reply({"models": [{"name": "m", "model": "m", "digest": digest.removeprefix("sha256:")}]})
        case "ps":
            call.reply({"models": []})
        case "chat":
            line = {"model": "m", "message": {"role": "assistant", "content": "Hi"}, "done": True,
                    "done_reason": "stop", "prompt_eval_count": 1, "eval_count": 1}  # fmt: skip
            call.reply(json.dumps(line).encode() + b"\n")
        case _:
            call.reply({"details": {}, "model_info": {}})
