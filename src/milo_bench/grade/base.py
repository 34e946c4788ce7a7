"""What a check is: one graded case in, verdicts out; no network, no clock, no disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from milo_bench.core.records import Attempt, Fixture, Workload
from milo_bench.core.records import Verdict as Verdict
from milo_bench.core.registry import Registry
from milo_bench.grade.answer import JsonAnswer, read_json_answer


@dataclass(frozen=True)
class GradeCase:
    """One attempt beside what it was asked and what was expected of it.

    Built only for attempts without a failure. ``json`` is read from the output once, and
    shared by the checks.
    """

    workload: Workload
    fixture: Fixture
    attempt: Attempt

    @property
    def output(self) -> str:
        return self.attempt.output

    @cached_property
    def json(self) -> JsonAnswer:
        return read_json_answer(self.attempt.output)


class Check(Protocol):
    """A check is an object with a name, a version and one method.

    The version goes up whenever the same output could get another verdict. ``params`` are the
    check's parameters from suite.yaml; ``validate`` raises ConfigError for ones that it cannot
    use, before any model is called.
    """

    name: str
    version: str

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None: ...

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]: ...


CHECKS: Registry[Check] = Registry("check")
