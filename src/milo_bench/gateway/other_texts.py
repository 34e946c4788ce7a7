"""A reply's document in, the texts in it out that are no part of what its checks read: no text of it goes unscanned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

# Read as parts of the answer itself: see ``judging.read_reply``.
_READ: Final = frozenset({"content", "reasoning_content", "reasoning", "refusal", "tool_calls", "function_call"})
_NAMES: Final = frozenset(
    {"id", "object", "model", "system_fingerprint", "service_tier", "provider", "role", "finish_reason", "stop_reason",
     "type", "native_finish_reason"}
)  # fmt: skip
_LONGEST_NAME: Final = 200
_SPACE: Final = re.compile(r"\s")


def other_texts(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Texts outside the answers: fields that a server adds, and keys. Names without a space in them are left out."""
    found: list[str] = []
    for key, value in document.items():
        if key != "choices":
            _in_field(key, value, found)
    for choice in document["choices"]:
        for key, value in choice.items():
            if key == "message" and isinstance(value, dict):
                _of_message(value, found)
            elif key == "logprobs":
                found += _of_logprobs(value)
            elif not (key == "text" and isinstance(value, str)):
                _in_field(key, value, found)
    return tuple(found)


def _of_message(message: Mapping[str, Any], found: list[str]) -> None:
    for key, value in message.items():
        if key == "tool_calls" and isinstance(value, list):
            for call in value:
                for name, part in call.items() if isinstance(call, dict) else ():
                    if name != "function":
                        _in_field(name, part, found)
                    elif isinstance(part, dict):
                        for inner, said in part.items():
                            if inner not in ("name", "arguments"):
                                _in_field(inner, said, found)
        elif key == "content" and isinstance(value, list):
            for part in value:
                for name, said in part.items() if isinstance(part, dict) else (("", part),):
                    if not (name == "text" and isinstance(said, str)):
                        _in_field(name, said, found)
        elif key not in _READ or not isinstance(value, str | dict):
            _in_field(key, value, found)


def _of_logprobs(value: Any) -> Iterator[str]:
    """Tokens in one text, and the alternatives to them in another: a check reads sentences, not tokens."""
    tokens: list[str] = []
    others: list[str] = []

    def walk(part: Any, into: list[str]) -> None:
        if isinstance(part, str):
            into.append(part)
        elif isinstance(part, list):
            for one in part:
                walk(one, into)
        elif isinstance(part, dict):
            for key, one in part.items():
                if key not in ("token", "tokens", "content", "top_logprobs", "logprob", "bytes", "text_offset"):
                    others.append(key)
                walk(one, others if key == "top_logprobs" or into is others else into)

    walk(value, tokens)
    if tokens:
        yield "".join(tokens)
    if others:
        yield " ".join(others)


def _in_field(key: str, value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        if value and not (key in _NAMES and _is_name(value)):
            found.append(value)
    elif isinstance(value, dict):
        for name, one in value.items():
            _in_field(name, one, found)
    elif isinstance(value, list):
        for one in value:
            _in_field("", one, found)
    if key and not _is_name(key):
        found.append(key)


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and text.isascii() and _SPACE.search(text) is None
