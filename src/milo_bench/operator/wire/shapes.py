"""What an agent asked by which API in, the answers of that API out: whole, empty, or broken off."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from aiohttp import web

from milo_bench.core.chat import Exchange
from milo_bench.core.records import Timings, ToolCall
from milo_bench.operator.wire.answers import close_answer, completion, cut_answer
from milo_bench.operator.wire.faults import WireFault
from milo_bench.targets.responses.writing import cut_events, response_document, response_events


class Shape(Protocol):
    """One request of an agent, and how its API words an answer. ``chat`` is what the model is asked."""

    chat: dict[str, Any]

    async def whole(
        self, request: web.Request, status: int, kind: str, body: bytes, exchange: Exchange
    ) -> web.StreamResponse:
        """The model's answer, or the server's error, as it came."""
        ...

    async def empty(self, request: web.Request) -> web.StreamResponse:
        """A well-formed answer that holds nothing."""
        ...

    async def cut(self, request: web.Request, calls: tuple[ToolCall, ...], fault: WireFault) -> web.StreamResponse:
        """The head of the first call, then the end of the connection."""
        ...


class ChatShape:
    """Chat completions: what the model server says is passed on byte by byte."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.chat = body

    async def whole(
        self, request: web.Request, status: int, kind: str, body: bytes, exchange: Exchange
    ) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers={"Content-Type": kind})

    async def empty(self, request: web.Request) -> web.StreamResponse:
        return await completion(request, self.chat, {"content": ""}, "stop")

    async def cut(self, request: web.Request, calls: tuple[ToolCall, ...], fault: WireFault) -> web.StreamResponse:
        return await cut_answer(request, self.chat, calls, fault)


class ResponsesShape:
    """The Responses API: the model is asked for a chat completion, and its answer is written anew."""

    def __init__(self, body: Mapping[str, Any], chat: dict[str, Any]) -> None:
        self.chat = chat
        self._body = body
        self._ident = secrets.token_hex(12)

    async def whole(
        self, request: web.Request, status: int, kind: str, body: bytes, exchange: Exchange
    ) -> web.StreamResponse:
        if status != 200 or exchange.failure is not None:
            return web.Response(status=status if status != 200 else 502, body=body, headers={"Content-Type": kind})
        return await self._said(request, exchange)

    async def empty(self, request: web.Request) -> web.StreamResponse:
        return await self._said(request, None)

    async def cut(self, request: web.Request, calls: tuple[ToolCall, ...], fault: WireFault) -> web.StreamResponse:
        call = calls[0] if calls else None
        half = call.arguments[: len(call.arguments) // 2] if call is not None else ""
        shown = half if fault.arguments is None else fault.arguments
        now_s = int(time.time())
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        if self._body.get("stream"):
            await answer.prepare(request)
            for event in cut_events(call, shown, self._body, ident=self._ident, created_s=now_s):
                await answer.write(event)
            return close_answer(request, answer)
        whole = msgspec.json.encode(self._document(call, shown, now_s))
        answer.headers["Content-Type"] = "application/json"
        answer.content_length = len(whole)
        await answer.prepare(request)
        mark = msgspec.json.encode(shown)[:-1]
        at = whole.rfind(mark) + len(mark) if call is not None and mark in whole else len(whole) // 2
        await answer.write(whole[:at])
        return close_answer(request, answer)

    def _document(self, call: ToolCall | None, shown: str, now_s: int) -> dict[str, Any]:
        calls = () if call is None else (ToolCall(call.id, call.name, shown),)
        exchange = Exchange(Timings(0.0, 0.0, 0.0), tool_calls=calls, finish_reason="stop")
        return response_document(exchange, self._body, ident=self._ident, created_s=now_s)

    async def _said(self, request: web.Request, exchange: Exchange | None) -> web.StreamResponse:
        now_s = int(time.time())
        document = (
            self._document(None, "", now_s)
            if exchange is None
            else response_document(exchange, self._body, ident=self._ident, created_s=now_s)
        )
        if not self._body.get("stream"):
            return web.Response(body=msgspec.json.encode(document), content_type="application/json")
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        for event in response_events(document):
            await answer.write(event)
        await answer.write_eof()
        return answer
