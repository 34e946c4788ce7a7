"""``litellm_sdk.py BASE_URL``: the litellm SDK; claims on standard output."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import litellm
from claims import check

ASKED: dict[str, Any] = {"api_base": sys.argv[1], "api_key": "none", "messages": [{"role": "user", "content": "hello"}],
                         "num_retries": 0, "max_retries": 0}  # fmt: skip
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {
    "type": "object", "properties": {"order": {"type": "string"}}}}}  # fmt: skip


def chat() -> bool:
    return "thank you" in litellm.completion(model="openai/milo/notes", **ASKED).choices[0].message.content


def stream() -> bool:
    pieces = litellm.completion(model="openai/milo/notes", stream=True, **ASKED)
    return "thank you" in "".join(one.choices[0].delta.content or "" for one in pieces)


def asynchronous() -> bool:
    answer = asyncio.run(litellm.acompletion(model="openai/milo/notes", **ASKED))
    return "thank you" in answer.choices[0].message.content


def tools() -> bool:
    asked = {**ASKED, "messages": [{"role": "user", "content": "Where is MX-1? Use the tool."}]}
    answer = litellm.completion(model="openai/milo/notes", tools=[TOOL], **asked)
    return bool(answer.choices[0].message.tool_calls[0].function.name == "look_up")


def refused() -> bool:
    try:
        litellm.completion(model="openai/milo/closed", **ASKED)
    except litellm.exceptions.APIError as error:
        return "hint:" in str(error)
    except Exception as error:
        return "hint:" in str(error) and getattr(error, "status_code", 0) == 422
    return False


check({"chat": chat, "stream": stream, "async": asynchronous, "tools": tools, "refused": refused})
