"""Requests that name an answer in, that answer with its fault out: a server that breaks as it is told."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, Final

import httptools

from benchmarks.gateway.faults.answers import HEAD, Answer

_NUMBER: Final = re.compile(r"\[\[(\d+)\]\]")
_PROBE: Final = (
    b'{"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant",'
    b'"content":"Hi"},"finish_reason":"stop"}]}'
)


class FaultyServer(asyncio.Protocol):
    """One connection. ``answers`` are all that may be asked for; each is given once or more."""

    def __init__(self, answers: dict[int, Answer]) -> None:
        self._answers = answers
        self._parser: Any = httptools.HttpRequestParser(self)
        self._body = b""
        self._writing: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._writing is not None:
            self._writing.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        body, self._body = self._body, b""
        if not body:
            self._transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        data = json.loads(body)
        found = _NUMBER.search(str(data["messages"][-1]["content"]))
        if found is None:
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                                  % (len(_PROBE), _PROBE))  # fmt: skip
            return
        answer = self._answers[int(found[1])]
        self._writing = asyncio.get_running_loop().create_task(self._answer(answer, stream=bool(data.get("stream"))))

    async def _answer(self, answer: Answer, *, stream: bool) -> None:
        answer.sent = True
        write = self._transport.write
        if answer.fault == "not HTTP":
            write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
            return
        if stream:
            kind, pieces = b"text/event-stream", answer.pieces()
        else:
            kind, pieces = answer.whole_pieces()
        write(HEAD % kind)
        for place, piece in enumerate(pieces):
            if answer.fault == "bad chunk" and place == len(pieces) // 2:
                write(b"zz\r\n")
                return
            write(b"%x\r\n%b\r\n" % (len(piece), piece))
            if place % 8 == 0:
                await asyncio.sleep(0)
            await self._writable.wait()
        match answer.fault:
            case "cut":
                self._transport.close()
            case "reset":
                self._transport.abort()
            case "stalled":
                pass
            case "twice":
                body = b'{"choices":[{"message":{"content":"somebody else\'s answer"}}]}'
                write(b"0\r\n\r\n" + HEAD % b"application/json" + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
            case _:
                write(b"0\r\n\r\n")


async def faulty_server(answers: dict[int, Answer]) -> tuple[asyncio.Server, int]:
    """Started on a free port."""
    server = await asyncio.get_running_loop().create_server(lambda: FaultyServer(answers), "127.0.0.1", 0)
    return server, int(server.sockets[0].getsockname()[1])
