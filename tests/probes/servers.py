"""A handler in, a small HTTP server on loopback out, for misbehaviour that the scripted fake does not know."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Asked:
    """One request. ``writer`` is the connection's; a handler writes the whole reply."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes
    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader

    @property
    def body(self) -> dict[str, Any]:
        data = json.loads(self.raw)
        assert isinstance(data, dict)
        return data

    @property
    def prompt(self) -> str:
        return "\n".join(message["content"] for message in self.body["messages"])

    def reply(self, status: int, data: object, headers: Mapping[str, str] = {}, kind: str = "application/json") -> None:
        body = data.encode() if isinstance(data, str) else json.dumps(data).encode()
        extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        self.writer.write(head.encode() + body)

    def begin_stream(self, kind: str = "text/event-stream") -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.writer.write(head.encode())

    def frame(self, text: str) -> None:
        data = text.encode()
        self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))

    def event(self, data: object) -> None:
        self.frame(f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n")

    def end_stream(self) -> None:
        self.writer.write(b"0\r\n\r\n")


def piece(text: str, finish: str | None = None) -> dict[str, Any]:
    """One chunk of a streamed completion."""
    delta = {"content": text} if text else {}
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def usage(prompt: int, completion: int) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {"object": "chat.completion.chunk", "choices": [], "usage": counts}


def say(asked: Asked, text: str, *, finish: str = "stop", prompt_tokens: int | None = None) -> None:
    """A whole correct answer, streamed or not as was asked; a token is a word."""
    words = re.findall(r"\s*\S+", text)
    prompt = len(asked.prompt.split()) if prompt_tokens is None else prompt_tokens
    if not asked.body.get("stream"):
        message = {"role": "assistant", "content": text}
        choices = [{"index": 0, "message": message, "finish_reason": finish}]
        asked.reply(200, {"object": "chat.completion", "choices": choices, "usage": usage(prompt, len(words))["usage"]})
        return
    asked.begin_stream()
    for word in words:
        asked.event(piece(word))
    asked.event(piece("", finish))
    asked.event(usage(prompt, len(words)))
    asked.event("[DONE]")
    asked.end_stream()


Handler = Callable[[Asked], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler, host: str = "127.0.0.1", limit: int = 2**26) -> AsyncIterator[int]:
    """The port of a server that gives each request to ``handler``; GET /health and models are answered here."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").rstrip().split("\r\n")
                method, path, _ = first.split(" ")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
                raw = await reader.readexactly(int(headers.get("content-length", 0)))
                asked = Asked(method, path, headers, raw, writer, reader)
                await handler(asked)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(connected, host, 0, limit=limit)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def pages(asked: Asked) -> bool:
    """Answer /health, the model list and unknown paths as a correct server does; False for a chat request."""
    if asked.path == "/v1/chat/completions" and asked.method == "POST":
        return False
    if asked.path == "/health":
        asked.reply(200, {"status": "ok"})
    elif asked.path == "/v1/models":
        asked.reply(200, {"object": "list", "data": [{"id": "fake-1", "object": "model"}]})
    else:
        asked.reply(404, {"error": {"message": "no such path", "type": "not_found"}})
    return True
