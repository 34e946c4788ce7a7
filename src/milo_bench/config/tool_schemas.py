"""Tools as an API lists them in, the schema of each tool's arguments out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_NESTED: Final = ("function", "toolSpec", "definition", "schema")
_SCHEMA_KEYS: Final = ("parameters", "input_schema", "inputSchema")


def tool_schemas(tools: Any) -> dict[str, Any]:
    """By tool, the JSON Schema of its arguments, from such a mapping or from a list of tools.

    A list has tools as the APIs of OpenAI, Anthropic, Google or Amazon write them, or OpenAI's older functions. Of two
    with one name the first counts.
    """
    if isinstance(tools, Mapping) and not ("functionDeclarations" in tools or "function_declarations" in tools):
        return dict(tools)
    found: dict[str, Any] = {}
    for one in tools if isinstance(tools, list | tuple) else [tools]:
        if not isinstance(one, Mapping):
            continue
        declared = one.get("functionDeclarations") or one.get("function_declarations")
        if isinstance(declared, list):
            found = {**tool_schemas(declared), **found}
            continue
        function = _described(one)
        if isinstance(function.get("name"), str):
            schema = next((function[key] for key in _SCHEMA_KEYS if key in function), None)
            schema = schema.get("json", schema) if isinstance(schema, Mapping) else {}
            found.setdefault(function["name"], schema if isinstance(schema, Mapping) else {})
    return found


def _described(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a tool that has its name and its schema."""
    for key in _NESTED:
        if isinstance(tool.get(key), Mapping):
            return _described(tool[key])
    return tool
