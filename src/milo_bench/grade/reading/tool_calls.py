"""A graded case in, the tool calls of its answer out, and what of a call its tool does not allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs
import msgspec

from milo_bench.config.json_schema import SchemaSteps, usable_schema
from milo_bench.core.text import shorten
from milo_bench.grade.base import GradeCase
from milo_bench.grade.reading.calls_in_text import calls_in_text

_LISTED: Final = 5
_NESTED: Final = ("function", "function_call", "functionCall", "tool_call")
_NAME_KEYS: Final = ("name", "tool_name")
_ARGUMENT_KEYS: Final = ("arguments", "parameters", "input", "args")
_encode = msgspec.json.Encoder(order="deterministic").encode


def call_name(call: Mapping[str, Any]) -> str:
    """The tool that a written call names, nested as OpenAI's and Google's APIs write it, or flat; "" for none."""
    holder = _holder(call)
    name = next((holder[key] for key in _NAME_KEYS if key in holder), None)
    return name if isinstance(name, str) else ""


def call_arguments(call: Mapping[str, Any]) -> tuple[Any, str]:
    """The arguments as plain data, and why they cannot be read."""
    holder = _holder(call)
    written: Any = next((holder[key] for key in _ARGUMENT_KEYS if key in holder), {})
    return _decoded(written)


def _holder(call: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = next((call[key] for key in _NESTED if isinstance(call.get(key), Mapping)), call)
    return inner if isinstance(inner, Mapping) else call


def calls_of(case: GradeCase) -> tuple[list[tuple[str, Any]], str]:
    """The calls of an attempt, or of an answer that is a call (or a list of them) in JSON; or why it cannot be read."""
    found: list[tuple[str, Any]] = []
    for call in case.attempt.tool_calls:
        arguments, problem = _decoded(call.arguments)
        if problem:
            return [], f"the arguments of {call.name} are not JSON: {problem}"
        found.append((call.name, arguments))
    if found or not case.output.strip():
        return found, ""
    for one in calls_in_text(case.output) or _listed(case.json.value if case.json.usable else None):
        if isinstance(one, Mapping) and call_name(one):
            arguments, problem = call_arguments(one)
            if problem:
                return [], f"the arguments of {call_name(one)} are not JSON: {problem}"
            found.append((call_name(one), arguments))
    return found, ""


def broken_call(name: str, arguments: Any, schemas: Mapping[str, Any]) -> tuple[str, str] | None:
    """What of a call its tool does not allow: category and reason."""
    if not schemas:
        return None
    if name not in schemas:
        return "unknown_tool", f"there is no tool '{name[:60]}'"
    validator, steps = _validator(_encode(schemas[name]))
    size = len(msgspec.json.encode(arguments))
    if steps.too_many(size, arguments):
        return "invalid_arguments", f"{name}: the arguments are too deep and large for the tool's schema"
    if validator.is_valid(arguments):
        return None
    if steps.too_many_to_list(size):
        return "invalid_arguments", f"{name}: the arguments do not follow the tool's schema"
    errors = list(validator.iter_errors(arguments))
    lines = [shorten(f"{'/'.join(map(str, one.instance_path)) or 'arguments'}: {one.message}", 160) for one in errors]
    return "invalid_arguments", f"{name}: {'; '.join(lines[:_LISTED])}"


def _listed(value: Any) -> Sequence[Any]:
    if isinstance(value, Mapping) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    return value if isinstance(value, list) else [value]


def _decoded(written: Any) -> tuple[Any, str]:
    if not isinstance(written, str):
        return written, ""
    try:
        return (msgspec.json.decode(written) if written.strip() else {}), ""
    except (msgspec.DecodeError, RecursionError) as error:
        return None, str(error).replace("JSON is malformed: ", "")[:120]


@lru_cache(maxsize=64)
def _validator(schema: bytes) -> tuple[Any, SchemaSteps]:
    written = msgspec.json.decode(schema)
    steps = usable_schema(written)
    return jsonschema_rs.validator_for(written, offline=True), steps
