"""A model's answer in, the calls that it makes or the one reason why it makes none out; nothing is repaired."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeAlias

from milo_bench.core.chat import Exchange
from milo_bench.core.text import one_line
from milo_bench.operator.play.prompt import Protocol
from milo_bench.operator.worlds.session import ARGUMENT_BYTES

# Of calls in one answer so many are made; the others are refused, so that no answer can use up an episode.
CALLS_A_TURN = 8

ProtocolCode: TypeAlias = Literal[
    "no_call",
    "cut_off",
    "several_calls",
    "open_fence",
    "not_json",
    "too_large",
    "duplicate_key",
    "not_an_object",
    "unknown_key",
    "missing_key",
    "too_many_calls",
]


@dataclass(frozen=True)
class ModelCall:
    """A call as the model wrote it; ``arguments`` is JSON text that nobody has looked into yet."""

    tool: str
    arguments: str


class ProtocolError(Exception):
    """An answer that is no call: a code, and a sentence for the model."""

    def __init__(self, code: ProtocolCode, message: str) -> None:
        super().__init__(message)
        self.code: ProtocolCode = code
        self.message = message


def read_calls(exchange: Exchange, protocol: Protocol) -> tuple[ModelCall, ...]:
    """The calls of one answer, in order; with the fenced protocol exactly one. Raises ProtocolError."""
    if protocol == "fenced":
        return (_fenced(exchange),)
    if not exchange.tool_calls:
        _no_call(exchange, "Make a tool call; text alone is read by nobody.")
    return tuple(ModelCall(call.name, call.arguments) for call in exchange.tool_calls)


def _no_call(exchange: Exchange, wanted: str) -> NoReturn:
    if exchange.finish_reason == "length":
        raise ProtocolError("cut_off", f"The answer ended at its limit of tokens before it made a call. {wanted}")
    raise ProtocolError("no_call", f"The answer makes no call. {wanted}")


def _fenced(exchange: Exchange) -> ModelCall:
    blocks, is_open = _blocks(exchange.text)
    if is_open and exchange.finish_reason == "length":
        raise ProtocolError("cut_off", "The answer ended at its limit of tokens inside the fenced object.")
    if is_open:
        raise ProtocolError("open_fence", "A fence is opened and not closed by a line of three backticks.")
    if not blocks:
        _no_call(exchange, "Write exactly one fenced JSON object.")
    if len(blocks) > 1:
        message = f"The answer has {len(blocks)} fenced blocks; write exactly one."
        raise ProtocolError("several_calls", message)
    language, body = blocks[0]
    if language not in ("", "json"):
        raise ProtocolError("not_json", "The fenced block is marked as something else than json.")
    data = _object(body)
    if unknown := sorted(set(data) - {"tool", "args"}):
        raise ProtocolError(
            "unknown_key", f"Unknown key '{one_line(unknown[0], 40)}'. The object has only tool and args."
        )
    tool, arguments = data.get("tool"), data.get("args")
    if not isinstance(tool, str):
        raise ProtocolError("missing_key", "The object has no text under 'tool'.")
    if not isinstance(arguments, dict):
        raise ProtocolError("missing_key", "The object has no JSON object under 'args'.")
    return ModelCall(tool, json.dumps(arguments, ensure_ascii=False))


_FENCE = re.compile(r"^ {0,3}```[ \t]*([^\s`]*)[ \t]*$")


def _blocks(text: str) -> tuple[list[tuple[str, str]], bool]:
    """The fenced blocks, each with its mark and its body, and whether the last one is left open."""
    blocks: list[tuple[str, str]] = []
    inside: list[str] | None = None
    language = ""
    for line in text.replace("\r\n", "\n").split("\n"):
        fence = _FENCE.match(line)
        if fence is None:
            if inside is not None:
                inside.append(line)
        elif inside is None:
            inside, language = [], fence[1].lower()
        else:
            blocks.append((language, "\n".join(inside)))
            inside = None
    return blocks, inside is not None


def _object(body: str) -> dict[str, Any]:
    if len(body.encode("utf-8", "replace")) > 2 * ARGUMENT_BYTES:
        raise ProtocolError("too_large", f"The fenced object is larger than {2 * ARGUMENT_BYTES:,} bytes.")
    try:
        data = json.loads(body, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ProtocolError("not_json", f"The fenced block is not one JSON object{where}.") from None
    if not isinstance(data, dict):
        raise ProtocolError("not_an_object", "The fenced block is JSON, but no object.")
    return data


def _once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    """An object whose keys come once: of two values nobody could say which one was meant."""
    data = dict(pairs)
    if len(data) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ProtocolError("duplicate_key", f"The key '{one_line(twice, 40)}' stands twice in one object.")
    return data


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
