"""A chat request and what came back for it, in words that every API can be given."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from milo_bench.core.records import Failure, Frozen, Timings, ToolCall, Usage

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]


class Picture(Frozen, frozen=True):
    """A picture in a message: its file in the suite's folder, and, once that was read, its kind and bytes."""

    name: str
    media_type: str = ""
    data: bytes = b""


class Message(Frozen, frozen=True):
    """One chat message. ``tool_calls`` for an assistant's, ``tool_call_id`` for a tool's answer."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    pictures: tuple[Picture, ...] = ()


class ChatRequest(Frozen, frozen=True):
    """One request, in words that every API can be given.

    ``json_schema`` asks the server for constrained decoding; None leaves it free. ``tools``
    are OpenAI function tools as plain data.
    """

    messages: tuple[Message, ...]
    max_tokens: int = 512
    temperature: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    json_schema: dict[str, Any] | None = None
    tools: tuple[dict[str, Any], ...] = ()


class Exchange(Frozen, frozen=True):
    """What came back for one request: an answer with its times, or a failure with its times."""

    timings: Timings
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = ""
    usage: Usage = Usage()
    failure: Failure | None = None
    server_timings: dict[str, float] = {}
    model: str = ""  # the model that the server says answered
