"""Chat messages of another tool in, the inputs of a fixture out; content parts become text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from milo_bench.recorded.answer import Account
from milo_bench.recorded.values import find, text_of, tool_calls_of

_USER = frozenset({"user", "human"})
_SYSTEM = frozenset({"system", "developer"})


def inputs_of(written: Any, account: Account, where: str, *, system: Any = None) -> dict[str, Any]:
    """``prompt``, and ``system`` where there is one, of a text or a list of messages; {} for neither.

    A conversation of several turns becomes one text with the speakers' names, and the account says so.
    """
    instructions = text_of(system)
    if isinstance(written, str):
        return _named(instructions, written)
    if isinstance(written, Mapping):
        if "messages" in written:
            return inputs_of(written["messages"], account, where, system=system or written.get("system"))
        if "role" in written or "content" in written:
            return inputs_of([written], account, where, system=system)
        return dict(written)
    if not isinstance(written, list):
        return {}
    turns: list[tuple[str, str]] = []
    for message in written:
        if isinstance(message, str):
            turns.append(("user", message))
            continue
        if not isinstance(message, Mapping):
            continue
        role = str(message.get("role") or message.get("type") or "user").casefold()
        text = text_of(find(message, "content", "text", "parts"))
        _say_lost(message, account, where)
        if role in _SYSTEM:
            instructions = f"{instructions}\n\n{text}" if instructions else text
        elif text or role in _USER:
            turns.append((role, text))
    if not turns:
        return _named(instructions, "") if instructions else {}
    if len(turns) == 1 and turns[0][0] in _USER:
        return _named(instructions, turns[0][1])
    account.leave("a conversation of several turns is one text", where, "the fixture names each speaker in it.")
    return _named(instructions, "\n\n".join(f"{role}: {text}" for role, text in turns))


def _named(instructions: str, prompt: str) -> dict[str, Any]:
    return {"system": instructions, "prompt": prompt} if instructions else {"prompt": prompt}


def _say_lost(message: Mapping[str, Any], account: Account, where: str) -> None:
    content = message.get("content")
    for part in content if isinstance(content, list) else []:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind in ("image", "image_url", "audio", "file", "input_image", "document", "video", "input_audio"):
            account.leave(f"{kind} in an input", where, "only text is carried over.")
    if tool_calls_of(message.get("tool_calls")):
        account.leave("tool calls in an input", where, "only text is carried over.")
