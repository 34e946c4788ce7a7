"""One request body in, and the scripted answer out, in the words of the OpenAI or the Ollama API; no network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from milo_bench.targets.fake.reply import Asked, ScriptedAnswer
from milo_bench.targets.fake.script import ToolCallScript

_encode = msgspec.json.encode


class Dialect(Protocol):
    """How one API words a request and an answer. Frames are bytes of the body, without HTTP framing."""

    content_type: str

    def read(self, number: int, body: Mapping[str, Any]) -> Asked: ...

    def role(self, asked: Asked) -> bytes: ...

    def content(self, asked: Asked, *, text: str = "", reasoning: str = "") -> bytes: ...

    def tool_call(self, asked: Asked, index: int, call: ToolCallScript) -> tuple[bytes, ...]: ...

    def finish(
        self, asked: Asked, answer: ScriptedAnswer, spent_s: tuple[float, float], extra: Mapping[str, Any]
    ) -> bytes:
        """The last frames but for the end mark; ``spent_s`` is time on the prompt and on the answer."""
        ...

    def end_mark(self) -> bytes: ...

    def keep_alive(self) -> bytes:
        """b"" where the API knows none."""
        ...

    def broken_frame(self) -> bytes: ...

    def error(self, status: int, kind: str, message: str) -> bytes: ...

    def error_frame(self, message: str) -> bytes: ...

    def whole(
        self, asked: Asked, answer: ScriptedAnswer, spent_s: tuple[float, float], extra: Mapping[str, Any]
    ) -> bytes: ...


def _texts(messages: Any, role: str) -> list[str]:
    found = []
    for message in messages if isinstance(messages, list) else []:
        content = message.get("content") or ""
        if isinstance(content, list):
            content = "".join(part.get("text", "") for part in content)
        if role in ("", message.get("role")):
            found.append(str(content))
    return found


def _strings(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _choices(value: object) -> int:
    """``n`` of a request; as servers do, a number that makes no sense is an error of the request."""
    if value is None:
        return 1
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 128:
        raise ValueError("n is a whole number from 1 to 128")
    return value


class OpenAiDialect:
    """Chat completions, streamed as server-sent events."""

    content_type = "text/event-stream"

    def read(self, number: int, body: Mapping[str, Any]) -> Asked:
        form = body.get("response_format") or {}
        schema: Mapping[str, Any] | None = None
        if form.get("type") == "json_schema":
            schema = form.get("json_schema", {}).get("schema", {})
        elif form.get("type") == "json_object":
            schema = form.get("schema", {})
        messages = body.get("messages")
        return Asked(
            number=number,
            api="openai",
            model=str(body.get("model", "")),
            system="\n".join(_texts(messages, "system")),
            user=(_texts(messages, "user") or [""])[-1],
            prompt="\n".join(_texts(messages, "")),
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
            stop=_strings(body.get("stop")),
            json_schema=schema,
            stream=bool(body.get("stream")),
            include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
            choices=_choices(body.get("n")),
        )

    def _chunk(self, asked: Asked, delta: dict[str, Any] | None, **more: Any) -> bytes:
        finish = more.pop("finish_reason", None)
        chunk = {
            "id": f"chatcmpl-{asked.number}",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": asked.model,
        }
        if delta is None:
            return b"data: " + _encode({**chunk, "choices": [], **more}) + b"\n\n"
        # Each answer has chunks of its own, by its index.
        told = [
            {**chunk, "choices": [{"index": index, "delta": delta, "finish_reason": finish}], **more}
            for index in range(asked.choices)
        ]
        return b"".join(b"data: " + _encode(one) + b"\n\n" for one in told)

    def role(self, asked: Asked) -> bytes:
        return self._chunk(asked, {"role": "assistant", "content": ""})

    def content(self, asked: Asked, *, text: str = "", reasoning: str = "") -> bytes:
        return self._chunk(asked, {"reasoning_content": reasoning} if reasoning else {"content": text})

    def tool_call(self, asked: Asked, index: int, call: ToolCallScript) -> tuple[bytes, ...]:
        half = len(call.arguments) // 2
        head = {"index": index, "id": call.id, "type": "function"}
        return (
            self._chunk(
                asked, {"tool_calls": [{**head, "function": {"name": call.name, "arguments": call.arguments[:half]}}]}
            ),
            self._chunk(asked, {"tool_calls": [{"index": index, "function": {"arguments": call.arguments[half:]}}]}),
        )

    def _usage(self, asked: Asked, answer: ScriptedAnswer) -> dict[str, Any] | None:
        if answer.prompt_tokens is None and answer.completion_tokens is None:
            return None
        completion = None if answer.completion_tokens is None else answer.completion_tokens * asked.choices
        usage: dict[str, Any] = {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": (answer.prompt_tokens or 0) + (completion or 0),
        }
        if answer.cached_tokens is not None:
            usage["prompt_tokens_details"] = {"cached_tokens": answer.cached_tokens}
        if answer.reasoning_tokens is not None:
            usage["completion_tokens_details"] = {"reasoning_tokens": answer.reasoning_tokens}
        return usage

    def finish(
        self, asked: Asked, answer: ScriptedAnswer, spent_s: tuple[float, float], extra: Mapping[str, Any]
    ) -> bytes:
        usage = self._usage(asked, answer) if asked.include_usage else None
        if usage is None:
            return self._chunk(asked, {}, finish_reason=answer.finish_reason, **extra)
        return self._chunk(asked, {}, finish_reason=answer.finish_reason) + self._chunk(
            asked, None, usage=usage, **extra
        )

    def end_mark(self) -> bytes:
        return b"data: [DONE]\n\n"

    def keep_alive(self) -> bytes:
        return b": keep-alive\n\n"

    def broken_frame(self) -> bytes:
        return b'data: {"choices": [{"delta": {"content": "bro\n\n'

    def error(self, status: int, kind: str, message: str) -> bytes:
        return _encode({"error": {"message": message, "type": kind, "code": kind if status == 404 else status}})

    def error_frame(self, message: str) -> bytes:
        return b"data: " + self.error(500, "server_error", message) + b"\n\n"

    def whole(
        self, asked: Asked, answer: ScriptedAnswer, spent_s: tuple[float, float], extra: Mapping[str, Any]
    ) -> bytes:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(answer.text)}
        if answer.reasoning:
            message["reasoning_content"] = "".join(answer.reasoning)
        if answer.tool_calls:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in answer.tool_calls
            ]
        whole = {
            "id": f"chatcmpl-{asked.number}",
            "object": "chat.completion",
            "created": 0,
            "model": asked.model,
            "choices": [
                {"index": index, "message": message, "finish_reason": answer.finish_reason}
                for index in range(asked.choices)
            ],
            "usage": self._usage(asked, answer),
        }
        return _encode({**whole, **extra})


class OllamaDialect:
    """Ollama's own chat API, streamed as one JSON object a line."""

    content_type = "application/x-ndjson"

    def read(self, number: int, body: Mapping[str, Any]) -> Asked:
        options = body.get("options") or {}
        form = body.get("format")
        messages = body.get("messages")
        return Asked(
            number=number,
            api="ollama",
            model=str(body.get("model", "")),
            system="\n".join(_texts(messages, "system")),
            user=(_texts(messages, "user") or [""])[-1],
            prompt="\n".join(_texts(messages, "")),
            max_tokens=options.get("num_predict"),
            stop=_strings(options.get("stop")),
            json_schema=form if isinstance(form, dict) else ({} if form == "json" else None),
            stream=bool(body.get("stream", True)),
            include_usage=True,
            refuses_truncation=body.get("truncate") is False,
        )

    def _line(self, asked: Asked, message: dict[str, Any], **more: Any) -> bytes:
        line = {
            "model": asked.model,
            "created_at": "2025-01-01T00:00:00Z",
            "message": {"role": "assistant", "content": "", **message},
            "done": False,
            **more,
        }
        return _encode(line) + b"\n"

    def role(self, asked: Asked) -> bytes:
        return self._line(asked, {})

    def content(self, asked: Asked, *, text: str = "", reasoning: str = "") -> bytes:
        return self._line(asked, {"thinking": reasoning} if reasoning else {"content": text})

    def tool_call(self, asked: Asked, index: int, call: ToolCallScript) -> tuple[bytes, ...]:
        return (self._line(asked, {"tool_calls": [self._call(call)]}),)

    def _call(self, call: ToolCallScript) -> dict[str, Any]:
        return {"function": {"name": call.name, "arguments": json.loads(call.arguments)}}

    def _closing(self, answer: ScriptedAnswer, spent_s: tuple[float, float]) -> dict[str, Any]:
        prompt_ns, answer_ns = (int(seconds * 1e9) for seconds in spent_s)
        closing: dict[str, Any] = {
            "done": True,
            # Ollama says "stop" after tool calls too.
            "done_reason": "stop" if answer.finish_reason == "tool_calls" else answer.finish_reason,
            "total_duration": prompt_ns + answer_ns,
            "load_duration": 0,
        }
        if answer.prompt_tokens is not None:
            closing |= {"prompt_eval_count": answer.prompt_tokens, "prompt_eval_duration": prompt_ns}
        if answer.completion_tokens is not None:
            closing |= {"eval_count": answer.completion_tokens, "eval_duration": answer_ns}
        return closing

    def finish(
        self, asked: Asked, answer: ScriptedAnswer, spent_s: tuple[float, float], extra: Mapping[str, Any]
    ) -> bytes:
        # The finish reason, the counts and the end mark are one line here.
        return self._line(asked, {}, **{**self._closing(answer, spent_s), **extra})

    def end_mark(self) -> bytes:
        return b""

    def keep_alive(self) -> bytes:
        return b""

    def broken_frame(self) -> bytes:
        return b'{"model": "fake-1", "message": {"content": "bro\n'

    def error(self, status: int, kind: str, message: str) -> bytes:
        return _encode({"error": message})

    def error_frame(self, message: str) -> bytes:
        return _encode({"error": message}) + b"\n"

    def whole(
        self, asked: Asked, answer: ScriptedAnswer, spent_s: tuple[float, float], extra: Mapping[str, Any]
    ) -> bytes:
        message: dict[str, Any] = {"content": "".join(answer.text)}
        if answer.reasoning:
            message["thinking"] = "".join(answer.reasoning)
        if answer.tool_calls:
            message["tool_calls"] = [self._call(call) for call in answer.tool_calls]
        return self._line(asked, message, **{**self._closing(answer, spent_s), **extra})


DIALECTS: Mapping[str, Dialect] = {"/v1/chat/completions": OpenAiDialect(), "/api/chat": OllamaDialect()}
