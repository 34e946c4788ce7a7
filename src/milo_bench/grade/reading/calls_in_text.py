"""An answer in, the tool calls that a model wrote into its text out, where its server has left them there.

Each family has its own marks: ``<tool_call>`` of Hermes and Qwen, ``[TOOL_CALLS]`` of Mistral, ``<function=…>`` and
``<|python_tag|>`` of Llama.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_MOST_CHARS: Final = 200_000
_TAGS: Final = ("tool_call", "function_call", "tool_use")
_AFTER: Final = re.compile(r"(?:\[TOOL_CALLS\]|<\|python_tag\|>|<\|tool_call\|>)\s{0,8}(?=[\[{])")
_FUNCTION: Final = re.compile(r"<function=(?P<name>[\w.-]{1,100})>")


def calls_in_text(text: str) -> list[Mapping[str, Any]]:
    """The calls as objects with ``name`` and ``arguments``; [] for a text without such marks, or with broken JSON."""
    try:
        return list(_calls(text[:_MOST_CHARS]))
    except (ValueError, RecursionError):
        return []


def _calls(text: str) -> Iterator[Mapping[str, Any]]:
    for tag in _TAGS:
        at = text.find(f"<{tag}>")
        while at >= 0:
            start = at + len(tag) + 2
            end = text.find(f"</{tag}>", start)
            if end < 0:
                break
            yield from _objects(json.loads(text[start:end]))
            at = text.find(f"<{tag}>", end)
    for match in _FUNCTION.finditer(text) if "</function>" in text else ():
        end = text.find("</function>", match.end())
        if end >= 0:
            yield {"name": match["name"], "arguments": json.loads(text[match.end() : end])}
    for match in _AFTER.finditer(text):
        yield from _objects(json.JSONDecoder().raw_decode(text, match.end())[0])


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield one
