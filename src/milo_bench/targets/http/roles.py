"""Messages in, the same text in roles that the chat template takes out; a template's refusal known by its words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from milo_bench.core.chat import ChatRequest, Message

# What templates and servers say. Gemma: "System role not supported"; Mistral: "Conversation roles must alternate
# user/assistant/…", "Unexpected role 'system' after role 'user'"; o1: "'messages[0].role' does not support 'system'
# with this model"; DeepSeek: "does not support successive user or assistant messages"; Gemini: "Developer instruction
# is not enabled for models/gemma-3".
REFUSED_ROLES = re.compile(
    r"(?:system|developer) (?:role|messages?|prompts?|instructions?) (?:is |are )?not (?:supported|allowed|enabled)"
    r"|only (?:user|assistant)[^.]{0,40} roles are (?:supported|allowed)"
    r"|roles (?:must|should) (?:be )?alternat"
    r"|does(?: not|n't) support (?:the )?['\"]?(?:system|developer)['\"]? "
    r"(?:role|message|prompt|instruction|with this model)"
    r"|does(?: not|n't) support (?:successive|consecutive) (?:user|assistant|system)"
    r"|unexpected role ['\"]?\w{1,20}['\"]? after role"
    r"|unsupported role:? ['\"]?(?:system|developer)",
    re.IGNORECASE,
)


def merge_system(request: ChatRequest) -> ChatRequest:
    """Without a system message: its text opens the first message of the user, and equal roles in a row are one."""
    system = [message.content for message in request.messages if message.role == "system"]
    rest = [message for message in request.messages if message.role != "system"]
    if system:
        text = "\n\n".join(system)
        place = next((number for number, message in enumerate(rest) if message.role == "user"), None)
        if place is None:
            rest.insert(0, Message("user", text))
        else:
            first = rest[place]
            rest[place] = msgspec.structs.replace(first, content=f"{text}\n\n{first.content}")
    return msgspec.structs.replace(request, messages=tuple(_joined(rest)))


def merge_system_fields(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """As ``merge_system``, of messages in the words of OpenAI's API, whose content is a text or a list of parts."""
    found: list[Mapping[str, Any]] = []
    system: Any = None
    for message in messages:
        if message.get("role") in ("system", "developer"):
            system = _both(system, message.get("content"))
    place = next((number for number, one in enumerate(messages) if one.get("role") == "user"), None)
    if system is not None and place is None:
        found.append({"role": "user", "content": system})
    for number, message in enumerate(messages):
        role = message.get("role")
        if role in ("system", "developer"):
            continue
        if number == place:
            message = {**message, "content": _both(system, message.get("content"))}
        last = found[-1] if found else {}
        if role in ("user", "assistant") and last.get("role") == role and not _calls(last) and not _calls(message):
            found[-1] = {**last, "content": _both(last.get("content"), message.get("content"))}
        else:
            found.append(message)
    return found


def _calls(message: Mapping[str, Any]) -> bool:
    return bool(message.get("tool_calls"))


def _both(first: Any, second: Any) -> Any:
    """Two contents as one."""
    if not first or not second:
        return first or second
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    parts = [[{"type": "text", "text": one}] if isinstance(one, str) else list(one) for one in (first, second)]
    return [*parts[0], *parts[1]]


def _joined(messages: Sequence[Message]) -> list[Message]:
    found: list[Message] = []
    for message in messages:
        last = found[-1] if found else None
        plain = message.role in ("user", "assistant") and not message.tool_calls
        if last is not None and last.role == message.role and plain and not last.tool_calls:
            joined = "\n\n".join(filter(None, (last.content, message.content)))
            pictures = (*last.pictures, *message.pictures)
            found[-1] = msgspec.structs.replace(last, content=joined, pictures=pictures)
        else:
            found.append(message)
    return found
