"""An answer in, the same as a response of the Responses API out: one document, or the events of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from milo_bench.core.chat import Exchange
from milo_bench.core.records import ToolCall, Usage

_encode = msgspec.json.Encoder().encode


def response_document(
    exchange: Exchange, body: Mapping[str, Any], *, ident: str, created_s: int, refusal: str = ""
) -> dict[str, Any]:
    """The whole answer to ``body``. ``ident`` makes the ids of the response and its items."""
    return ended_response(
        empty_response(body, ident, created_s), _items(exchange, ident, refusal), exchange.finish_reason, exchange.usage
    )


def ended_response(
    begun: Mapping[str, Any], output: list[dict[str, Any]], finish_reason: str, usage: Usage
) -> dict[str, Any]:
    """``begun`` with its output, its usage, and whether it is whole."""
    why = _INCOMPLETE.get(finish_reason)
    return {
        **begun,
        "status": "incomplete" if why else "completed",
        "incomplete_details": {"reason": why} if why else None,
        "output": output,
        "usage": {
            "input_tokens": usage.prompt_tokens or 0,
            "input_tokens_details": {"cached_tokens": usage.cached_tokens or 0},
            "output_tokens": usage.completion_tokens or 0,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
            "total_tokens": (usage.prompt_tokens or 0) + (usage.completion_tokens or 0),
        },
    }


def response_events(document: Mapping[str, Any]) -> Iterator[bytes]:
    """The stream of a whole answer: created, each item with its text or arguments, completed or incomplete."""
    number = 0

    def event(kind: str, **data: Any) -> bytes:
        nonlocal number
        number += 1
        return response_event({"type": kind, "sequence_number": number - 1, **data})

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
            yield event("response.output_item.added", output_index=place, item={**item, "content": [], **_OPEN})
            for index, part in enumerate(item["content"]):
                kind, field = part["type"], "refusal" if part["type"] == "refusal" else "text"
                said = part[field]
                more: dict[str, Any] = {} if kind == "refusal" else {"logprobs": []}
                at = {**where, "content_index": index}
                yield event("response.content_part.added", **at, part={**part, field: ""})
                yield event(f"response.{kind}.delta", **at, delta=said, **more)
                yield event(f"response.{kind}.done", **at, **{field: said}, **more)
                yield event("response.content_part.done", **at, part=part)
        else:
            yield event("response.output_item.added", output_index=place, item=item)
        yield event("response.output_item.done", output_index=place, item=item)
    yield event(f"response.{document['status']}", response=document)


def cut_events(
    call: ToolCall | None, arguments: str, body: Mapping[str, Any], *, ident: str, created_s: int
) -> Iterator[bytes]:
    """The head of a stream that breaks off inside ``call``, of which ``arguments`` got through."""
    begun = {**empty_response(body, ident, created_s), "status": "in_progress", "output": [], "usage": None}
    yield response_event({"type": "response.created", "sequence_number": 0, "response": begun})
    if call is not None:
        item = {**call_item(call, f"fc_{ident}_0"), "arguments": "", **_OPEN}
        added = {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": item}
        yield response_event(added)
        delta = {"item_id": item["id"], "output_index": 0, "delta": arguments}
        yield response_event({"type": "response.function_call_arguments.delta", "sequence_number": 2, **delta})


_OPEN = {"status": "in_progress"}
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def empty_response(body: Mapping[str, Any], ident: str, created_s: int) -> dict[str, Any]:
    """What a response to ``body`` has before anything is known of the answer."""
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


def _items(exchange: Exchange, ident: str, refusal: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if exchange.reasoning:
        summary = [{"type": "summary_text", "text": exchange.reasoning}]
        items.append({"type": "reasoning", "id": f"rs_{ident}", "summary": summary})
    content: list[dict[str, Any]] = []
    if exchange.text or not (exchange.tool_calls or refusal):
        content.append({"type": "output_text", "text": exchange.text, "annotations": [], "logprobs": []})
    if refusal:
        content.append({"type": "refusal", "refusal": refusal})
    if content:
        items.append(
            {"type": "message", "id": f"msg_{ident}", "role": "assistant", "status": "completed", "content": content}
        )
    items += [call_item(call, f"fc_{ident}_{number}") for number, call in enumerate(exchange.tool_calls)]
    return items


def call_item(call: ToolCall, item: str) -> dict[str, Any]:
    """A tool call as an item of a response's output; ``item`` is its id there."""
    return {
        "type": "function_call",
        "id": item,
        "call_id": call.id or item,
        "name": call.name,
        "arguments": call.arguments,
        "status": "completed",
    }


def response_event(data: Mapping[str, Any]) -> bytes:
    """One event of a stream; a lone half of an emoji, which a model may write, stays escaped."""
    try:
        said = _encode(data)
    except UnicodeEncodeError:
        said = json.dumps(data).encode()
    return b"event: " + str(data["type"]).encode() + b"\ndata: " + said + b"\n\n"
