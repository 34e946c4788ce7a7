"""A response that was logged as it was streamed in, chunk by chunk or as server-sent events; one whole body out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from milo_bench.recorded.values import find, mapping


def joined_stream(body: Any) -> Mapping[str, Any] | None:
    """The body that the chunks make together, None where ``body`` is no stream.

    Chunks are those of chat completions, completions, the responses API and Anthropic's messages; as a list, or as
    the text ``data: {…}`` that came over the wire. Of several choices each keeps its own.
    """
    if isinstance(body, str):
        chunks = list(_events(body)) if body.lstrip().startswith(("data:", "event:", ":")) else []
    else:
        chunks = [one for one in body if isinstance(one, Mapping)] if isinstance(body, list) else []
    whole = next((mapping(one["response"]) for one in reversed(chunks) if _is_whole(one)), None)
    if whole is not None:
        return whole
    if any(one.get("type") in ("content_block_start", "content_block_delta") for one in chunks):
        return _message_of_blocks(chunks)
    if chunks and any(_is_delta(one) for one in chunks) and not any(find(one, "choices.0.message") for one in chunks):
        return _choices_of(chunks)
    return None


def _events(text: str) -> Iterator[Mapping[str, Any]]:
    for line in text.splitlines():
        if line.startswith("data:"):
            try:
                found = msgspec.json.decode(line[5:].strip())
            except (msgspec.DecodeError, RecursionError):
                continue  # [DONE], or half an event at the end of a log
            if isinstance(found, Mapping):
                yield found


def _is_whole(chunk: Mapping[str, Any]) -> bool:
    ended = chunk.get("type") in ("response.completed", "response.incomplete", "response.failed")
    return ended and isinstance(chunk.get("response"), Mapping)


def _is_delta(chunk: Mapping[str, Any]) -> bool:
    choices = chunk.get("choices")
    return chunk.get("object") in ("chat.completion.chunk", "text_completion") or (
        isinstance(choices, list) and any(isinstance(mapping(one).get("delta"), Mapping) for one in choices)
    )


def _choices_of(chunks: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    choices: dict[int, dict[str, Any]] = {}
    body: dict[str, Any] = {}
    for chunk in chunks:
        body |= {key: chunk[key] for key in ("model", "usage", "error") if chunk.get(key)}
        for place, written in enumerate(chunk.get("choices") or ()):
            one = mapping(written)
            index = one.get("index")
            choice = choices.setdefault(index if isinstance(index, int) else place, {"message": {}})
            delta = mapping(one.get("delta")) or {"content": one.get("text")}
            for key in ("content", "reasoning_content", "reasoning", "refusal"):
                if isinstance(delta.get(key), str):
                    choice["message"][key] = choice["message"].get(key, "") + delta[key]
            _add_calls(choice["message"], delta.get("tool_calls"))
            if one.get("finish_reason"):
                choice["finish_reason"] = one["finish_reason"]
    return {**body, "choices": [choices[index] for index in sorted(choices)]}


def _add_calls(message: dict[str, Any], written: Any) -> None:
    """Put pieces of tool calls together: one with an index goes on with the call of that index."""
    for place, piece in enumerate(written if isinstance(written, list) else ()):
        calls: dict[int, dict[str, Any]] = message.setdefault("calls", {})
        index = mapping(piece).get("index")
        call = calls.setdefault(index if isinstance(index, int) else place, {"function": {"name": "", "arguments": ""}})
        said = mapping(mapping(piece).get("function"))
        call["id"] = call.get("id") or mapping(piece).get("id")
        call["function"]["name"] = call["function"]["name"] or str(said.get("name") or "")
        call["function"]["arguments"] += str(said.get("arguments") or "")
        message["tool_calls"] = [calls[number] for number in sorted(calls)]


def _message_of_blocks(chunks: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Anthropic's events: blocks that begin, grow and end."""
    blocks: dict[int, dict[str, Any]] = {}
    body: dict[str, Any] = {}
    usage: dict[str, Any] = {}
    for chunk in chunks:
        started = mapping(chunk.get("message"))
        body |= {key: started[key] for key in ("model",) if started.get(key)}
        usage |= {**mapping(started.get("usage")), **mapping(chunk.get("usage"))}
        delta = mapping(chunk.get("delta"))
        if delta.get("stop_reason"):
            body["stop_reason"] = delta["stop_reason"]
        index = chunk.get("index")
        if not isinstance(index, int):
            continue
        block = blocks.setdefault(index, {"type": "text", "text": ""})
        block |= mapping(chunk.get("content_block"))
        for key, into in (("text", "text"), ("thinking", "thinking"), ("partial_json", "written")):
            if isinstance(delta.get(key), str):
                block[into] = str(block.get(into) or "") + delta[key]
    for block in blocks.values():
        if "written" in block:
            block["input"] = block.pop("written")
    return {**body, "usage": usage, "content": [blocks[index] for index in sorted(blocks)]}
