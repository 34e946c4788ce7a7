"""Tools as an API lists them in, the schema of each tool's arguments out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def tool_schemas(tools: Any) -> dict[str, Any]:
    """By tool, the JSON Schema of its arguments, from such a mapping or from a list of tools.

    A list has OpenAI's tools, its older functions, Anthropic's ``input_schema`` or Google's ``functionDeclarations``.
    """
    if isinstance(tools, Mapping) and not ("functionDeclarations" in tools or "function_declarations" in tools):
        return dict(tools)
    found: dict[str, Any] = {}
    for one in tools if isinstance(tools, list | tuple) else [tools]:
        if not isinstance(one, Mapping):
            continue
        declared = one.get("functionDeclarations") or one.get("function_declarations")
        if isinstance(declared, list):
            found.update(tool_schemas(declared))
            continue
        function = one.get("function", one)
        if isinstance(function, Mapping) and isinstance(function.get("name"), str):
            schema = function.get("parameters", function.get("input_schema"))
            found[function["name"]] = schema if isinstance(schema, Mapping) else {}
    return found
