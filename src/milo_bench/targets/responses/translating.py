"""Events of a chat completion's stream in, those of the same answer in the Responses API out, each as it comes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from milo_bench.core.records import ToolCall, Usage
from milo_bench.targets.http.answer import count, decode_json
from milo_bench.targets.responses.writing import call_item, empty_response, ended_response, response_event

_BLANK: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_OPEN: Final = {"status": "in_progress"}
_DONE: Final = {"status": "completed"}


class ResponseStream:
    """Translates one stream. ``feed`` takes whole events, ``end`` closes an answer that is whole, ``fail`` one that
    is not. Of several choices the first is told, as the API has but one.

    Items of the output follow each other as the model begins them: reasoning, message, calls. Calls end with the
    stream, as a server may send pieces of several in turn.
    """

    def __init__(self, body: Mapping[str, Any], *, ident: str, created_s: int) -> None:
        self._begun = empty_response(body, ident, created_s)
        self._ident = ident
        self._number = 0
        self._output: list[dict[str, Any]] = []
        self._saying: int | None = None  # the place of the reasoning or message that is still open
        self._calls: dict[int, int] = {}  # a call's index in the chunks to its place in the output
        self._finish_reason, self._usage = "", Usage()

    def feed(self, events: bytes) -> bytes:
        """The events that say the same."""
        said = []
        for one in _BLANK.split(events):
            data = b"\n".join(line[5:].strip() for line in one.splitlines() if line.startswith(b"data:"))
            if one.startswith(b":"):
                said.append(one + b"\n\n")  # a sign of life
            if data and data != b"[DONE]":
                said += list(self._chunk(decode_json(data)))
        return b"".join(said)

    def end(self) -> bytes:
        """The last events of a whole answer."""
        said = [*self._start(), *self._close()]
        if not self._output:
            said += [*self._part("output_text", ""), *self._close()]
        for place in self._calls.values():
            said += self._close_call(place)
        document = ended_response(self._begun, self._output, self._finish_reason, self._usage)
        return b"".join([*said, self._event(f"response.{document['status']}", response=document)])

    def fail(self, message: str) -> bytes:
        """The last event of an answer that breaks off: what came is not the whole of it."""
        failed = {**self._begun, "status": "failed", "error": {"code": "server_error", "message": message}}
        return self._event("response.failed", response={**failed, "output": self._output, "usage": None})

    # ------------------------------------------------------------ what a chunk says

    def _chunk(self, chunk: Any) -> Iterator[bytes]:
        if not isinstance(chunk, Mapping):
            return
        yield from self._start()
        self._usage = _usage(chunk.get("usage")) or self._usage
        for choice in _list(chunk.get("choices")):
            if not isinstance(choice, Mapping) or choice.get("index", 0) != 0:
                continue
            delta = choice.get("delta")
            if isinstance(delta, Mapping):
                yield from self._delta(delta)
            if isinstance(reason := choice.get("finish_reason"), str):
                self._finish_reason = reason

    def _delta(self, delta: Mapping[str, Any]) -> Iterator[bytes]:
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(thought, str) and thought:
            yield from self._reasoning(thought)
        for field, kind in (("content", "output_text"), ("refusal", "refusal")):
            if isinstance(text := delta.get(field), str) and text:
                yield from self._part(kind, text)
        calls = _list(delta.get("tool_calls"))
        if isinstance(older := delta.get("function_call"), Mapping):
            calls = [*calls, {"index": 0, "function": older}]
        for call in calls:
            if isinstance(call, Mapping):
                yield from self._call(call)

    def _reasoning(self, text: str) -> Iterator[bytes]:
        item = self._open_item("reasoning")
        if item is None:
            yield from self._open({"type": "reasoning", "id": self._id("rs"), "summary": []})
            item = self._output[-1]
            item["summary"] = [{"type": "summary_text", "text": ""}]
            part = {"type": "summary_text", "text": ""}
            yield self._event("response.reasoning_summary_part.added", **self._where(), summary_index=0, part=part)
        item["summary"][0]["text"] += text
        yield self._event("response.reasoning_summary_text.delta", **self._where(), summary_index=0, delta=text)

    def _part(self, kind: str, text: str) -> Iterator[bytes]:
        item = self._open_item("message")
        if item is None:
            begun = {"type": "message", "id": self._id("msg"), "role": "assistant"}
            yield from self._open({**begun, **_OPEN, "content": []})
            item = self._output[-1]
        content = item["content"]
        if not content or content[-1]["type"] != kind:
            yield from self._close_part(content)
            content.append(_empty_part(kind))
            yield self._event("response.content_part.added", **self._at(content), part=_empty_part(kind))
        content[-1][_field(kind)] += text
        if text:
            yield self._event(f"response.{kind}.delta", **self._at(content), delta=text, **_logprobs(kind))

    def _call(self, call: Mapping[str, Any]) -> Iterator[bytes]:
        named = call.get("index", 0)
        index = named if isinstance(named, int) else 0
        id = _text(call.get("id"))
        if id and index in self._calls and id != self._output[self._calls[index]]["call_id"]:
            index = _unused(self._calls)  # some servers give each call the index 0
        said = call.get("function") or call.get("custom")
        function: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
        if index not in self._calls:
            begun = ToolCall(id, _text(function.get("name")), "")
            yield from self._open({**call_item(begun, self._id("fc")), **_OPEN}, says=False)
            self._calls[index] = len(self._output) - 1
        place = self._calls[index]
        item = self._output[place]
        item["name"] = item["name"] or _text(function.get("name"))
        if arguments := _text(function.get("arguments", function.get("input"))):
            item["arguments"] += arguments
            yield self._event("response.function_call_arguments.delta", **self._where(place), delta=arguments)

    # ------------------------------------------------------------ items

    def _open_item(self, kind: str) -> dict[str, Any] | None:
        item = self._output[self._saying] if self._saying is not None else None
        return item if item is not None and item["type"] == kind else None

    def _id(self, kind: str) -> str:
        return f"{kind}_{self._ident}_{len(self._output)}"

    def _where(self, place: int | None = None) -> dict[str, Any]:
        at = self._saying if place is None else place
        return {"item_id": self._output[at or 0]["id"], "output_index": at or 0}

    def _at(self, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {**self._where(), "content_index": len(content) - 1}

    def _start(self) -> Iterator[bytes]:
        if not self._number:
            begun = {**self._begun, **_OPEN, "incomplete_details": None, "output": [], "usage": None}
            yield self._event("response.created", response=begun)
            yield self._event("response.in_progress", response=begun)

    def _open(self, item: dict[str, Any], *, says: bool = True) -> Iterator[bytes]:
        yield from self._close()
        self._output.append(item)
        self._saying = len(self._output) - 1 if says else None
        yield self._event("response.output_item.added", output_index=len(self._output) - 1, item=item)

    def _close(self) -> Iterator[bytes]:
        """End the reasoning or the message that is open."""
        if self._saying is None:
            return
        item = self._output[self._saying]
        if item["type"] == "message":
            yield from self._close_part(item["content"])
            item |= _DONE
        else:
            [part] = item["summary"]
            at = {**self._where(), "summary_index": 0}
            yield self._event("response.reasoning_summary_text.done", **at, text=part["text"])
            yield self._event("response.reasoning_summary_part.done", **at, part=part)
        yield self._event("response.output_item.done", output_index=self._saying, item=item)
        self._saying = None

    def _close_part(self, content: list[dict[str, Any]]) -> Iterator[bytes]:
        if content:
            part, kind = content[-1], content[-1]["type"]
            said = {_field(kind): part[_field(kind)], **_logprobs(kind)}
            yield self._event(f"response.{kind}.done", **self._at(content), **said)
            yield self._event("response.content_part.done", **self._at(content), part=part)

    def _close_call(self, place: int) -> Iterator[bytes]:
        item = self._output[place]
        said = {"name": item["name"], "arguments": item["arguments"]}
        yield self._event("response.function_call_arguments.done", **self._where(place), **said)
        item |= _DONE
        yield self._event("response.output_item.done", output_index=place, item=item)

    def _event(self, kind: str, **data: Any) -> bytes:
        self._number += 1
        return response_event({"type": kind, "sequence_number": self._number - 1, **data})


def _empty_part(kind: str) -> dict[str, Any]:
    if kind == "refusal":
        return {"type": "refusal", "refusal": ""}
    return {"type": "output_text", "text": "", "annotations": [], "logprobs": []}


def _field(kind: str) -> str:
    return "refusal" if kind == "refusal" else "text"


def _logprobs(kind: str) -> dict[str, Any]:
    return {} if kind == "refusal" else {"logprobs": []}


def _unused(calls: Mapping[int, int]) -> int:
    return max(calls) + 1


def _usage(said: Any) -> Usage | None:
    return read_usage(said) if isinstance(said, Mapping) else None


def read_usage(said: Mapping[str, Any]) -> Usage:
    """Tokens as a chat completion states them."""
    prompt, completion = said.get("prompt_tokens_details"), said.get("completion_tokens_details")
    return Usage(
        count(said.get("prompt_tokens")),
        count(said.get("completion_tokens")),
        count(prompt.get("cached_tokens")) if isinstance(prompt, Mapping) else None,
        count(completion.get("reasoning_tokens")) if isinstance(completion, Mapping) else None,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
