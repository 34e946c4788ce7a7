"""Passes, field by field, if a field without a value in the source is null and not invented."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.field_values import ABSENT
from milo_bench.grade.json_places import find_value, show_value
from milo_bench.grade.unreadable import unread_expectation


class NullWhenMissingParams(Params, frozen=True):
    """``fields`` narrows to some; ``absent_is_null`` lets a key that is not there pass."""

    fields: list[str] = []
    absent_is_null: bool = False


class NullWhenMissing:
    name = "null_when_missing"
    version = "2"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, NullWhenMissingParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        gold = fixture.expect.get("fields")
        readable = isinstance(gold, dict)
        return unread_expectation(fixture, "fields", readable=readable, what="expected fields")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, NullWhenMissingParams)
        gold = case.fixture.expect.get("fields")
        fields = gold if isinstance(gold, dict) else {}
        missing = [
            name for name, value in fields.items() if value is None and (not rules.fields or name in rules.fields)
        ]
        if not missing:
            return [Verdict(self.name, self.version, "skip", reason="every field has a value in the source")]
        answer = case.json
        if not answer.usable or not isinstance(answer.value, dict):
            reason = f"unreadable: {answer.problem or 'the answer is JSON, but not an object'}"
            return [
                Verdict(self.name, self.version, "fail", "malformed_json", f"{name} {reason}", name, expected="null")
                for name in missing
            ]
        return [self._field(case, name, answer.value.get(name, ABSENT), rules) for name in missing]

    def _field(self, case: GradeCase, name: str, got: Any, rules: NullWhenMissingParams) -> Verdict:
        if got is None or (got is ABSENT and rules.absent_is_null):
            return Verdict(self.name, self.version, "pass", subject=name, expected="null", got="null")
        if got is ABSENT:
            reason = f"{name} is not in the answer, but a value missing from the source must be null"
            return Verdict(self.name, self.version, "fail", "missing_field", reason, name, expected="null")
        reason = f"{name} is {show_value(got)}, but the source does not say, expected null"
        span = find_value(case.output, name)
        spans = (span,) if span else ()
        return Verdict(self.name, self.version, "fail", "invented_value", reason, name, spans, "null", show_value(got))


CHECKS.add(NullWhenMissing.name, NullWhenMissing())
