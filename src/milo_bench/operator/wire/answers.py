"""A chat request and what is to be said to it in, a whole answer or the broken half of one out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from milo_bench.core.records import ToolCall
from milo_bench.operator.wire.faults import WireFault


def error_body(kind: str, message: str) -> bytes:
    return msgspec.json.encode({"error": {"message": message, "type": kind, "code": kind}})


def error_answer(status: int, kind: str, message: str) -> web.Response:
    return web.Response(status=status, body=error_body(kind, message), content_type="application/json")


def _chunk(body: Mapping[str, Any], delta: Mapping[str, Any] | None, finish: str | None) -> dict[str, Any]:
    streams = bool(body.get("stream"))
    part = {"delta": delta or {}} if streams else {"message": {"role": "assistant", "content": None, **(delta or {})}}
    return {
        "id": "chatcmpl-milo",
        "object": "chat.completion.chunk" if streams else "chat.completion",
        "created": int(time.time()),
        "model": body.get("model", ""),
        "choices": [{"index": 0, **part, "finish_reason": finish}],
    }


def _event(data: Mapping[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(data) + b"\n\n"


async def completion(
    request: web.Request, body: Mapping[str, Any], message: Mapping[str, Any], finish: str
) -> web.StreamResponse:
    if not body.get("stream"):
        return web.json_response(_chunk(body, message, finish))
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    await answer.write(_event(_chunk(body, {"role": "assistant", **message}, None)))
    await answer.write(_event(_chunk(body, None, finish)) + b"data: [DONE]\n\n")
    await answer.write_eof()
    return answer


async def cut_answer(
    request: web.Request, body: Mapping[str, Any], calls: tuple[ToolCall, ...], fault: WireFault
) -> web.StreamResponse:
    """The head of the first call, then the end of the connection."""
    call = calls[0] if calls else ToolCall("", "", "")
    shown = call.arguments[: len(call.arguments) // 2] if fault.arguments is None else fault.arguments
    wire = {"index": 0, "id": call.id or "call_cut", "type": "function"}
    part = {**wire, "function": {"name": call.name, "arguments": shown}}
    if body.get("stream"):
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(_event(_chunk(body, {"role": "assistant", "content": None}, None)))
        if calls:
            await answer.write(_event(_chunk(body, {"tool_calls": [part]}, None)))
        return close_answer(request, answer)
    whole = msgspec.json.encode(_chunk(body, {"tool_calls": [part]} if calls else None, None))
    mark = msgspec.json.encode(shown)[:-1]
    sent = whole[: whole.rfind(mark) + len(mark)] if calls and mark in whole else whole[: len(whole) // 2]
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    answer.content_length = len(whole) + 1
    await answer.prepare(request)
    await answer.write(sent)
    return close_answer(request, answer)


def close_answer(request: web.Request, answer: web.StreamResponse | None = None) -> web.StreamResponse:
    """The connection closed under the answer, so that no client can take what came for all of it."""
    if request.transport is not None:
        request.transport.close()
    return answer or web.Response()
