"""Passes if the answer calls the right tool with arguments that follow its schema and are the expected ones.

``expect``: ``tool_calls`` lists the expected calls, ``{name, arguments}`` each. An empty list expects none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs
import msgspec

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.core.text import shorten
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.json_places import show_value
from milo_bench.grade.reading.calls_in_text import calls_in_text
from milo_bench.grade.record_rows import same_value
from milo_bench.grade.unreadable import unread_expectation

_LISTED: Final = 5
_encode = msgspec.json.Encoder(order="deterministic").encode


class ToolCallParams(Params, frozen=True):
    """``tools``: by tool, the JSON Schema of its arguments; without it, ``resources.tools`` of the workload.

    ``ignore``: arguments that are not compared. ``any_order``: calls may come in another order.
    ``more``: further calls are allowed. Texts are compared without case and spacing, numbers by value.
    """

    tools: dict[str, dict[str, Any]] = {}
    ignore: list[str] = []
    any_order: bool = True
    more: bool = False


class ToolCallCheck:
    name = "tool_call"
    version = "2"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, ToolCallParams)
        for tool, schema in _schemas(rules, workload).items():
            try:
                jsonschema_rs.validator_for(schema, offline=True)
            except (jsonschema_rs.ValidationError, ValueError) as error:
                message = f"The check '{self.name}' has an invalid schema for '{tool}': {str(error)[:200]}"
                raise ConfigError(message, hint="write the JSON Schema of the tool's arguments.") from None

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        calls = fixture.expect.get("tool_calls")
        readable = isinstance(calls, list) and all(isinstance(call, Mapping) and _name(call) for call in calls)
        return "" if readable else unread_expectation(fixture, "tool_calls", readable=False, what="list of calls")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        wanted = case.fixture.expect.get("tool_calls")
        if not isinstance(wanted, list):
            return [Verdict(self.name, self.version, "skip", reason="the fixture expects no tool calls")]
        rules = read_params(self.name, params, ToolCallParams)
        calls, problem = _calls_of(case)
        expected = show_value([{"name": _name(call), "arguments": _arguments(call)[0]} for call in wanted])
        if problem:
            return [self._fail("malformed_call", problem, expected)]
        got = show_value([{"name": name, "arguments": arguments} for name, arguments in calls])
        if not calls and wanted:
            return [self._fail("no_call", f"no tool is called, expected {_name(wanted[0])}", expected)]
        schemas = _schemas(rules, case.workload)
        for name, arguments in calls:
            wrong = _breaks(name, arguments, schemas)
            if wrong:
                return [self._fail(*wrong, expected, got)]
        return [self._compared(wanted, calls, rules, expected, got)]

    def _compared(
        self, wanted: Sequence[Any], calls: Sequence[tuple[str, Any]], rules: ToolCallParams, expected: str, got: str
    ) -> Verdict:
        left = list(calls)
        for place, call in enumerate(wanted):
            name, arguments = _name(call), _arguments(call)[0]
            some = left if rules.any_order else left[:1]
            same_name = [one for one in some if one[0] == name]
            if not same_name:
                instead = some[0][0] if some else "nothing"
                return self._fail(
                    "wrong_tool", f"call {place + 1}: {instead} is called, expected {name}", expected, got
                )
            found = next((one for one in same_name if not _differing(arguments, one[1], rules)), None)
            if found is None:
                key, right, wrong = _differing(arguments, same_name[0][1], rules)[0]
                reason = f"{name}: {key} is {show_value(wrong)}, expected {show_value(right)}"
                return self._fail("wrong_arguments", reason, expected, got)
            left.remove(found)
        if left and not rules.more:
            reason = f"{left[0][0]} is called although it is not expected"
            return self._fail("extra_call", reason, expected, got)
        return Verdict(self.name, self.version, "pass", expected=expected, got=got)

    def _fail(self, category: str, reason: str, expected: str, got: str = "") -> Verdict:
        return Verdict(self.name, self.version, "fail", category, reason, expected=expected, got=got)


def _schemas(rules: ToolCallParams, workload: Workload) -> dict[str, Any]:
    """By tool, the schema of its arguments; an OpenAI list of tools under resources.tools is read too."""
    given = rules.tools or workload.resources.get("tools") or {}
    if isinstance(given, list):
        functions = [one.get("function", one) for one in given if isinstance(one, Mapping)]
        return {str(one["name"]): one.get("parameters", {}) for one in functions if "name" in one}
    return dict(given) if isinstance(given, Mapping) else {}


def _name(call: Mapping[str, Any]) -> str:
    inner = call.get("function")
    name = inner.get("name") if isinstance(inner, Mapping) else call.get("name")
    return name if isinstance(name, str) else ""


def _arguments(call: Mapping[str, Any]) -> tuple[Any, str]:
    """The arguments as plain data, and why they cannot be read."""
    inner = call.get("function")
    holder = inner if isinstance(inner, Mapping) else call
    written: Any = next((holder[key] for key in ("arguments", "parameters", "input") if key in holder), {})
    return _decoded(written)


def _decoded(written: Any) -> tuple[Any, str]:
    if not isinstance(written, str):
        return written, ""
    try:
        return (msgspec.json.decode(written) if written.strip() else {}), ""
    except (msgspec.DecodeError, RecursionError) as error:
        return None, str(error).replace("JSON is malformed: ", "")[:120]


def _calls_of(case: GradeCase) -> tuple[list[tuple[str, Any]], str]:
    """The calls of an attempt, or of an answer that is a call (or a list of them) in JSON; or why it cannot be read."""
    found: list[tuple[str, Any]] = []
    for call in case.attempt.tool_calls:
        arguments, problem = _decoded(call.arguments)
        if problem:
            return [], f"the arguments of {call.name} are not JSON: {problem}"
        found.append((call.name, arguments))
    if found or not case.output.strip():
        return found, ""
    value = case.json.value if case.json.usable else None
    if isinstance(value, Mapping) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    listed: Sequence[Any] = value if isinstance(value, list) else [value]
    written = calls_in_text(case.output) or listed
    for one in written:
        if isinstance(one, Mapping) and _name(one):
            arguments, problem = _arguments(one)
            if problem:
                return [], f"the arguments of {_name(one)} are not JSON: {problem}"
            found.append((_name(one), arguments))
    return found, ""


def _breaks(name: str, arguments: Any, schemas: Mapping[str, Any]) -> tuple[str, str] | None:
    """What of a call its tool does not allow: category and reason."""
    if not schemas:
        return None
    if name not in schemas:
        return "unknown_tool", f"there is no tool '{name[:60]}'"
    errors = list(_validator(_encode(schemas[name])).iter_errors(arguments))
    if not errors:
        return None
    lines = [shorten(f"{'/'.join(map(str, one.instance_path)) or 'arguments'}: {one.message}", 160) for one in errors]
    return "invalid_arguments", f"{name}: {'; '.join(lines[:_LISTED])}"


@lru_cache(maxsize=64)
def _validator(schema: bytes) -> Any:
    return jsonschema_rs.validator_for(msgspec.json.decode(schema), offline=True)


def _differing(wanted: Any, got: Any, rules: ToolCallParams) -> list[tuple[str, Any, Any]]:
    """Arguments that are not the same: name, expected, got."""
    if not isinstance(wanted, Mapping) or not isinstance(got, Mapping):
        return [] if same_value(wanted, got) else [("arguments", wanted, got)]
    names = dict.fromkeys((*wanted, *got))
    return [
        (str(name), wanted.get(name), got.get(name))
        for name in names
        if name not in rules.ignore and not same_value(wanted.get(name), got.get(name))
    ]


CHECKS.add(ToolCallCheck.name, ToolCallCheck())
