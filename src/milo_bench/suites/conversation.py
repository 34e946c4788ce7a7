"""The messages of a conversation as a chat API has them in, checked messages out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, get_args

from milo_bench.core.chat import Message, Role
from milo_bench.core.records import ToolCall

MOST_MESSAGES: Final = 2_000
_ROLES: Final[tuple[Role, ...]] = get_args(Role)
# Other names for the same roles: ShareGPT's, and those that providers have used before.
_OTHER_ROLES: Final[Mapping[str, Role]] = {
    "human": "user",
    "gpt": "assistant",
    "bot": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "developer": "system",
    "function": "tool",
}


def read_conversation(written: Any) -> tuple[Message, ...]:
    """The messages. Raises ValueError that says which message is wrong, and how."""
    if not isinstance(written, list) or not written:
        raise ValueError("not a list of messages")
    if len(written) > MOST_MESSAGES:
        raise ValueError(f"more than {MOST_MESSAGES:,} messages")
    return tuple(_message(one, number) for number, one in enumerate(written, start=1))


def is_conversation(value: Any) -> bool:
    """Whether a value has the shape of a list of messages."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and ("role" in one or "from" in one) for one in value)
    )


def plain_conversation(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """The messages as a fixture keeps them."""
    kept: list[dict[str, Any]] = []
    for message in messages:
        one: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.tool_calls:
            one["tool_calls"] = [
                {"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls
            ]
        if message.tool_call_id:
            one["tool_call_id"] = message.tool_call_id
        kept.append(one)
    return kept


def _message(written: Any, number: int) -> Message:
    if not isinstance(written, dict):
        raise ValueError(f"message {number} is not an object")
    said = str(written.get("role", written.get("from", ""))).lower()
    role = next((known for known in _ROLES if known == said), None) or _OTHER_ROLES.get(said)
    if role is None:
        raise ValueError(f"message {number} has the role '{said}', but roles are {', '.join(_ROLES)}")
    content = _content(written.get("content", written.get("value")), number)
    calls = written.get("tool_calls") or ()
    if not isinstance(calls, list | tuple):
        raise ValueError(f"message {number}: 'tool_calls' is not a list")
    return Message(role, content, tuple(_call(call, number) for call in calls), str(written.get("tool_call_id") or ""))


def _content(value: Any, number: int) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        texts = []
        for part in value:
            if not isinstance(part, dict) or not isinstance(part.get("text"), str):
                raise ValueError(f"message {number} has a part that is not text")
            texts.append(part["text"])
        return "\n".join(texts)
    raise ValueError(f"message {number}: 'content' is not text")


def _call(written: Any, number: int) -> ToolCall:
    called = written.get("function", written) if isinstance(written, dict) else None
    if not isinstance(called, dict) or not isinstance(called.get("name"), str):
        raise ValueError(f"message {number} has a tool call without a name")
    arguments = called.get("arguments", "{}")
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return ToolCall(id=str(written.get("id") or ""), name=called["name"], arguments=text)
