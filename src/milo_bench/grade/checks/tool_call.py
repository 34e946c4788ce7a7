"""Passes if the answer calls the right tool with arguments that follow its schema and are the expected ones.

``expect``: ``tool_calls`` lists the expected calls, ``{name, arguments}`` each. An empty list expects none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jsonschema_rs

from milo_bench.config.json_schema import usable_schema
from milo_bench.config.tool_schemas import tool_schemas
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.json_places import show_value
from milo_bench.grade.reading.tool_calls import broken_call, call_arguments, call_name, calls_of
from milo_bench.grade.record_rows import same_value
from milo_bench.grade.unreadable import unread_expectation


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
    version = "3"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, ToolCallParams)
        for tool, schema in _schemas(rules, workload).items():
            try:
                usable_schema(schema)
                jsonschema_rs.validator_for(schema, offline=True)
            except (jsonschema_rs.ValidationError, ValueError) as error:
                message = f"The check '{self.name}' has an invalid schema for '{tool}': {str(error)[:200]}"
                raise ConfigError(message, hint="write the JSON Schema of the tool's arguments.") from None

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        calls = fixture.expect.get("tool_calls")
        readable = isinstance(calls, list) and all(isinstance(call, Mapping) and call_name(call) for call in calls)
        return "" if readable else unread_expectation(fixture, "tool_calls", readable=False, what="list of calls")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        wanted = case.fixture.expect.get("tool_calls")
        if not isinstance(wanted, list):
            return [Verdict(self.name, self.version, "skip", reason="the fixture expects no tool calls")]
        rules = read_params(self.name, params, ToolCallParams)
        calls, problem = calls_of(case)
        expected = show_value([{"name": call_name(call), "arguments": call_arguments(call)[0]} for call in wanted])
        if problem:
            return [self._fail("malformed_call", problem, expected)]
        got = show_value([{"name": name, "arguments": arguments} for name, arguments in calls])
        if not calls and wanted:
            return [self._fail("no_call", f"no tool is called, expected {call_name(wanted[0])}", expected)]
        schemas = _schemas(rules, case.workload)
        for name, arguments in calls:
            wrong = broken_call(name, arguments, schemas)
            if wrong:
                return [self._fail(*wrong, expected, got)]
        return [self._compared(wanted, calls, rules, expected, got)]

    def _compared(
        self, wanted: Sequence[Any], calls: Sequence[tuple[str, Any]], rules: ToolCallParams, expected: str, got: str
    ) -> Verdict:
        left = list(calls)
        for place, call in enumerate(wanted):
            name, arguments = call_name(call), call_arguments(call)[0]
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
    """By tool, the schema of its arguments; a list of tools under resources.tools is read too."""
    return tool_schemas(rules.tools or workload.resources.get("tools") or {})


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
