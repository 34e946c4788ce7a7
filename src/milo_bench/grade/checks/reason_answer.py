"""Passes if the answer to a question about code is the one that running it gave."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params


class ReasonAnswer:
    name = "reason_answer"
    version = "1"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, Params)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        return "" if "reason" in fixture.expect else "its expectation has no answer ('reason')"

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        wanted = case.fixture.expect["reason"]["answer"]
        same = _same_json if case.fixture.expect["reason"].get("written_as") == "JSON" else _same
        value = case.json.value if case.json.usable else None
        answer = value.get("answer") if isinstance(value, dict) else None
        if answer is None:
            reason = "the answer is not a JSON object with 'answer'"
            return [Verdict(self.name, self.version, "fail", "malformed_json", reason)]
        held = same(answer, wanted)
        reason = "" if held else f"the answer is {str(answer)[:120]!r}"
        return [
            Verdict(
                self.name,
                self.version,
                "pass" if held else "fail",
                "" if held else "wrong_answer",
                reason,
                expected=str(wanted)[:400],
                got=str(answer)[:400],
            )
        ]


def _same(answer: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return isinstance(answer, list) and {str(one).strip() for one in answer} == set(wanted)
    try:
        read = ast.literal_eval(answer.strip()) if isinstance(answer, str) else answer
        expected = ast.literal_eval(wanted)
        return type(read) is type(expected) and repr(read) == repr(expected)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return str(answer).strip() == str(wanted).strip("'\"")


def _same_json(answer: Any, wanted: str) -> bool:
    """Whether both are one JSON value; a text may come without its quotation marks, and 3 is 3.0."""
    expected = json.loads(wanted)
    try:
        read = json.loads(answer) if isinstance(answer, str) else answer
    except (ValueError, RecursionError):
        read = answer
    return _equal(read, expected) or (isinstance(expected, str) and answer == expected)


def _equal(one: Any, other: Any) -> bool:
    """Equal as JavaScript has it: truth values are no numbers, and the order of keys is none."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return bool(one == other)


CHECKS.add(ReasonAnswer.name, ReasonAnswer())
