"""An answer in, the tool calls that a model wrote into its text out, where its server has left them there.

Each family has its own marks: ``<tool_call>`` of Hermes and Qwen, ``[TOOL_CALLS]`` of Mistral, ``<function=…>`` and
``<|python_tag|>`` of Llama, ``<invoke>`` of Anthropic and MiniMax, calls as Python writes them, and more.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_MOST_CHARS: Final = 200_000
_MOST_PYTHON: Final = 20_000  # characters of calls that are written as Python writes them
_TAGS: Final = ("tool_call", "tool_calls", "function_call", "tool_use", "TOOLCALL")
_AFTER: Final = re.compile(
    r"(?:\[TOOL_CALLS\]|<\|python_tag\|>|<\|tool_call\|>|<\|START_ACTION\|>|<\|plugin\|>)\s{0,8}(?=[\[{])"
)
# A name and then its arguments as JSON: Mistral's newer form, Kimi, DeepSeek, gpt-oss.
_NAMED: Final = (
    re.compile(r"\[TOOL_CALLS\]\s{0,8}(?P<name>[\w.-]{1,100})(?:\[CALL_ID\][\w-]{1,100})?\[ARGS\]\s{0,8}(?=\{)"),
    re.compile(
        r"<\|tool_call_begin\|>\s{0,8}(?:functions\.)?(?P<name>[\w.-]{1,100}?)(?::\d{1,6})?\s{0,8}"
        r"<\|tool_call_argument_begin\|>\s{0,8}(?=\{)"
    ),
    re.compile(
        r"<[|｜]tool▁call▁begin[|｜]>(?:function<[|｜]tool▁sep[|｜]>)?(?P<name>[\w.-]{1,100})"
        r"(?:<[|｜]tool▁sep[|｜]>)?\s{0,8}(?:```json)?\s{0,8}(?=\{)"
    ),
    re.compile(
        r"\bto=functions\.(?P<name>[\w.-]{1,100})[^{}<>]{0,40}"
        r"(?:<\|constrain\|>|<\|channel\|>[a-z ]{1,40})?[a-z ]{0,20}"
        r"<\|message\|>\s{0,8}(?=\{)"
    ),
)
_FUNCTION: Final = re.compile(r"<function=(?P<name>[\w.-]{1,100})>")
_INVOKE: Final = re.compile(r"<invoke name=\"(?P<name>[\w.-]{1,100})\">")
_GLM: Final = re.compile(r"\s*(?P<name>[\w.-]{1,100})\s*(?=<arg_key>|$)")
_PARAMETER: Final = re.compile(
    r"<parameter(?:=(?P<plain>[\w.-]{1,100})| name=\"(?P<quoted>[\w.-]{1,100})\")[^<>]{0,100}>"
    r"|<arg_key>(?P<key>[^<>]{1,100})</arg_key>\s{0,20}<arg_value>"
)
_ENDS: Final = ("</parameter>", "</arg_value>")
_PYTHON: Final = re.compile(
    r"\s*(?:<\|tool_call_start\|>|<\|python_start\|>|```(?:python|tool_code)?\s)?\s*"
    r"(?P<calls>\[?\s*[A-Za-z_][\w.]{0,99}\(.*\)\s*\]?)"
    r"\s*(?:<\|tool_call_end\|>|<\|python_end\|>|```)?\s*(?:<\|(?:eot|eom|im_end|eot_id|eom_id)\|>)?\s*",
    re.DOTALL,
)


def calls_in_text(text: str) -> list[Mapping[str, Any]]:
    """The calls as objects with ``name`` and ``arguments``; [] for a text without such marks, or with broken JSON."""
    text = text[:_MOST_CHARS]
    try:
        return list(_calls(text)) or _python_calls(text)
    except (ValueError, RecursionError):
        return []


def _calls(text: str) -> Iterator[Mapping[str, Any]]:
    for tag in _TAGS:
        for inside in _between(text, f"<{tag}>", f"</{tag}>"):
            if "<function=" not in inside:  # which is read below
                yield from _tagged(inside)
    for form, close in ((_FUNCTION, "</function>"), (_INVOKE, "</invoke>")):
        for match in form.finditer(text) if close in text else ():
            end = text.find(close, match.end())
            if end >= 0:
                yield {"name": match["name"], "arguments": _arguments(text[match.end() : end])}
    for match in _AFTER.finditer(text):
        yield from _objects(json.JSONDecoder().raw_decode(text, match.end())[0])
    for named in _NAMED:
        for match in named.finditer(text):
            yield {"name": match["name"], "arguments": json.JSONDecoder().raw_decode(text, match.end())[0]}


def _between(text: str, opening: str, closing: str) -> Iterator[str]:
    at = text.find(opening)
    while at >= 0:
        end = text.find(closing, at)
        if end < 0:
            return
        yield text[at + len(opening) : end]
        at = text.find(opening, end)


def _tagged(inside: str) -> Iterator[Mapping[str, Any]]:
    glm = _GLM.match(inside)
    if glm:
        yield {"name": glm["name"], "arguments": _parameters(inside)}
    else:
        yield from _objects(json.loads(inside))


def _arguments(inside: str) -> Any:
    return json.loads(inside) if inside.lstrip().startswith("{") else _parameters(inside)


def _parameters(inside: str) -> dict[str, Any]:
    """Arguments with a tag each. A value that is JSON is read as such: tags do not tell 2 from "2"."""
    found: dict[str, Any] = {}
    for match in _PARAMETER.finditer(inside):
        name = match["plain"] or match["quoted"] or match["key"].strip()
        end = min((at for close in _ENDS if (at := inside.find(close, match.end())) >= 0), default=-1)
        if end < 0:
            raise ValueError(f"the parameter {name} does not end")
        written = inside[match.end() : end].strip()
        try:
            found[name] = json.loads(written)
        except (ValueError, RecursionError):
            found[name] = written
    return found


def _python_calls(text: str) -> list[Mapping[str, Any]]:
    """``[find(city="Rome", n=2)]``, where the answer is nothing else; arguments are literals, and nothing is run."""
    if len(text) > _MOST_PYTHON or (match := _PYTHON.fullmatch(text)) is None:
        return []
    try:
        tree = ast.parse(match["calls"].strip(), mode="eval").body
    except (SyntaxError, MemoryError):
        return []
    listed = tree.elts if isinstance(tree, ast.List) else [tree]
    found: list[Mapping[str, Any]] = []
    for one in listed:
        if not isinstance(one, ast.Call) or one.args or not all(keyword.arg for keyword in one.keywords):
            return []
        arguments = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in one.keywords}
        found.append({"name": ast.unparse(one.func), "arguments": arguments})
    return found


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield one
