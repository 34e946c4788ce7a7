"""A request of the Responses API in, the same as a chat completion out; what it says beyond that is refused by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final


class NotUnderstood(ValueError):
    """A request that asks for something that a chat completion cannot give; the text says what."""


# Settings that change nothing of what is asked, or that chat completions call the same.
_SAME: Final = ("model", "temperature", "top_p", "parallel_tool_calls", "user", "seed", "metadata", "service_tier")
_IGNORED: Final = frozenset(
    {"store", "include", "truncation", "top_logprobs", "prompt_cache_key", "safety_identifier", "stream_options",
     "prompt_cache_retention", "client_metadata"}
)  # fmt: skip
_TEXTS: Final = ("input_text", "output_text", "text", "summary_text", "refusal")


def chat_request(body: Mapping[str, Any]) -> dict[str, Any]:
    """The chat completion that ``body`` asks for, without streaming. Raises NotUnderstood."""
    known = {"input", "instructions", "tools", "tool_choice", "max_output_tokens", "text", "reasoning", "stream"}
    for name, value in body.items():
        if name in known or name in _SAME or name in _IGNORED or value in (None, False, [], {}):
            continue
        if name in ("previous_response_id", "conversation"):
            raise NotUnderstood(f"'{name}' needs a server that keeps conversations. Send the whole input each time")
        raise NotUnderstood(f"'{name[:60]}' is not supported")
    found: dict[str, Any] = {name: body[name] for name in _SAME if body.get(name) is not None}
    found["messages"] = _messages(body)
    if body.get("max_output_tokens") is not None:
        found["max_tokens"] = body["max_output_tokens"]
    if tools := body.get("tools"):
        found["tools"] = [_tool(tool) for tool in _list(tools, "tools")]
    if (choice := body.get("tool_choice")) is not None:
        found["tool_choice"] = _tool_choice(choice)
    if isinstance(effort := _mapping(body.get("reasoning")).get("effort"), str):
        found["reasoning_effort"] = effort
    text = _mapping(body.get("text"))
    for name, value in text.items():
        if name not in ("format", "verbosity") and value is not None:
            raise NotUnderstood(f"'text.{name[:60]}' is not supported")
    if (verbosity := text.get("verbosity")) is not None:
        found["verbosity"] = verbosity  # chat completions have it under this name
    form = _mapping(text.get("format"))
    match form.get("type"):
        case None | "text":
            pass
        case "json_object":
            found["response_format"] = {"type": "json_object"}
        case "json_schema":
            schema = {name: form[name] for name in ("name", "schema", "strict", "description") if name in form}
            found["response_format"] = {"type": "json_schema", "json_schema": schema}
        case other:
            raise NotUnderstood(f"text.format '{str(other)[:40]}' is not supported")
    return found


def _messages(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if instructions := _string(body.get("instructions"), "instructions"):
        found.append({"role": "system", "content": instructions})
    given = body.get("input")
    if isinstance(given, str):
        return [*found, {"role": "user", "content": given}]
    for number, item in enumerate(_list(given, "input")):
        _add(found, item, f"input[{number}]")
    return found


def _add(found: list[dict[str, Any]], item: Any, where: str) -> None:
    if not isinstance(item, Mapping):
        raise NotUnderstood(f"{where} is not an object")
    match item.get("type", "message"):
        case "message":
            role = str(item.get("role", ""))
            if role not in ("user", "assistant", "system", "developer"):
                raise NotUnderstood(f"{where} has the role '{role[:40]}'")
            found.append({"role": "system" if role == "developer" else role, "content": _text(item, where)})
        case "function_call":
            call = {
                "id": _string(item.get("call_id") or item.get("id"), f"{where}.call_id"),
                "type": "function",
                "function": {
                    "name": _string(item.get("name"), f"{where}.name"),
                    "arguments": _arguments(item.get("arguments"), where),
                },
            }
            last = found[-1] if found else {}
            if last.get("role") == "assistant":  # text and calls of one answer, or several calls of it
                last.setdefault("tool_calls", []).append(call)
            else:
                found.append({"role": "assistant", "content": "", "tool_calls": [call]})
        case "function_call_output":
            output = item.get("output")
            text = output if isinstance(output, str) else _text({"content": output}, where)
            found.append(
                {"role": "tool", "tool_call_id": _string(item.get("call_id"), f"{where}.call_id"), "content": text}
            )
        case "reasoning":
            pass  # of an answer before; chat completions are not sent it again
        case other:
            raise NotUnderstood(f"{where} is of the type '{str(other)[:40]}', which is not supported")


def _text(item: Mapping[str, Any], where: str) -> str:
    content = item.get("content")
    if isinstance(content, str):
        return content
    parts = []
    for part in _list(content, f"{where}.content"):
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind not in _TEXTS:
            raise NotUnderstood(f"{where} has a part of the type '{str(kind)[:40]}'. Only text is supported")
        parts.append(_string(part.get("text", part.get("refusal")), f"{where}.content.text"))
    return "".join(parts)


def _arguments(given: Any, where: str) -> str:
    """A call's arguments as the text that chat completions have; some clients send them as an object."""
    return json.dumps(given, ensure_ascii=False) if isinstance(given, Mapping) else _string(given, f"{where}.arguments")


def _string(value: Any, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NotUnderstood(f"'{where}' is not a text")
    return value


def _tool(tool: Any) -> dict[str, Any]:
    kind = tool.get("type") if isinstance(tool, Mapping) else None
    if kind != "function":
        raise NotUnderstood(f"a tool of the type '{str(kind)[:40]}' is a provider's own. Only functions are supported")
    parts = ("name", "description", "parameters", "strict")
    function = {name: tool[name] for name in parts if tool.get(name) is not None}
    return {"type": "function", "function": function}


def _tool_choice(choice: Any) -> Any:
    if isinstance(choice, str):
        return choice
    if isinstance(choice, Mapping) and choice.get("type") == "function":
        return {"type": "function", "function": {"name": choice.get("name")}}
    raise NotUnderstood("'tool_choice' names something other than a function")


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise NotUnderstood(f"'{where}' is not a list")
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
