"""An answer in, the same as a response of the Responses API out: one document, or the events of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from milo_bench.core.chat import Exchange
from milo_bench.core.records import ToolCall

_encode = msgspec.json.Encoder().encode


def response_document(exchange: Exchange, body: Mapping[str, Any], *, ident: str, created_s: int) -> dict[str, Any]:
    """The whole answer to ``body``. ``ident`` makes the ids of the response and its items."""
    cut = exchange.finish_reason == "length"
    document = _empty(body, ident, created_s)
    document["status"] = "incomplete" if cut else "completed"
    document["incomplete_details"] = {"reason": "max_output_tokens"} if cut else None
    document["output"] = _items(exchange, ident)
    usage = exchange.usage
    document["usage"] = {
        "input_tokens": usage.prompt_tokens or 0,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens or 0},
        "output_tokens": usage.completion_tokens or 0,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": (usage.prompt_tokens or 0) + (usage.completion_tokens or 0),
    }
    return document


def response_events(document: Mapping[str, Any]) -> Iterator[bytes]:
    """The stream of a whole answer: created, each item with its text or arguments, completed or incomplete."""
    number = 0

    def event(kind: str, **data: Any) -> bytes:
        nonlocal number
        number += 1
        return _event({"type": kind, "sequence_number": number - 1, **data})

    begun = {**document, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    for place, item in enumerate(document["output"]):
        where = {"item_id": item["id"], "output_index": place}
        if item["type"] == "function_call":
            yield event("response.output_item.added", output_index=place, item={**item, "arguments": "", **_OPEN})
            yield event("response.function_call_arguments.delta", **where, delta=item["arguments"])
            yield event("response.function_call_arguments.done", **where, arguments=item["arguments"])
        elif item["type"] == "message":
            (part,) = item["content"]
            where = {**where, "content_index": 0}
            yield event("response.output_item.added", output_index=place, item={**item, "content": [], **_OPEN})
            yield event("response.content_part.added", **where, part={**part, "text": ""})
            yield event("response.output_text.delta", **where, delta=part["text"], logprobs=[])
            yield event("response.output_text.done", **where, text=part["text"], logprobs=[])
            yield event("response.content_part.done", **where, part=part)
        else:
            yield event("response.output_item.added", output_index=place, item=item)
        yield event("response.output_item.done", output_index=place, item=item)
    yield event(f"response.{document['status']}", response=document)


def cut_events(
    call: ToolCall | None, arguments: str, body: Mapping[str, Any], *, ident: str, created_s: int
) -> Iterator[bytes]:
    """The head of a stream that breaks off inside ``call``, of which ``arguments`` got through."""
    begun = {**_empty(body, ident, created_s), "status": "in_progress", "output": [], "usage": None}
    yield _event({"type": "response.created", "sequence_number": 0, "response": begun})
    if call is not None:
        item = {**_call(call, f"fc_{ident}_0"), "arguments": "", **_OPEN}
        yield _event({"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": item})
        delta = {"item_id": item["id"], "output_index": 0, "delta": arguments}
        yield _event({"type": "response.function_call_arguments.delta", "sequence_number": 2, **delta})


_OPEN = {"status": "in_progress"}


def _empty(body: Mapping[str, Any], ident: str, created_s: int) -> dict[str, Any]:
    kept = ("instructions", "max_output_tokens", "temperature", "top_p", "metadata", "tools", "tool_choice", "text")
    return {
        "id": f"resp_{ident}",
        "object": "response",
        "created_at": created_s,
        "model": str(body.get("model", "")),
        "error": None,
        "previous_response_id": None,
        "parallel_tool_calls": bool(body.get("parallel_tool_calls", True)),
        "tools": [],
        "tool_choice": "auto",
        "store": False,
        **{name: body[name] for name in kept if body.get(name) is not None},
    }


def _items(exchange: Exchange, ident: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if exchange.reasoning:
        summary = [{"type": "summary_text", "text": exchange.reasoning}]
        items.append({"type": "reasoning", "id": f"rs_{ident}", "summary": summary})
    if exchange.text or not exchange.tool_calls:
        text = {"type": "output_text", "text": exchange.text, "annotations": [], "logprobs": []}
        items.append(
            {"type": "message", "id": f"msg_{ident}", "role": "assistant", "status": "completed", "content": [text]}
        )
    items += [_call(call, f"fc_{ident}_{number}") for number, call in enumerate(exchange.tool_calls)]
    return items


def _call(call: ToolCall, item: str) -> dict[str, Any]:
    return {
        "type": "function_call",
        "id": item,
        "call_id": call.id or item,
        "name": call.name,
        "arguments": call.arguments,
        "status": "completed",
    }


def _event(data: Mapping[str, Any]) -> bytes:
    return b"event: " + str(data["type"]).encode() + b"\ndata: " + _encode(data) + b"\n\n"
