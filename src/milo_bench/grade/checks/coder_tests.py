"""Passes if the change in the answer, applied and run in the sandbox, makes the commit's tests pass and breaks none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.own_check import NotExecuted

NAME: Final = "coder_tests"


class CoderTests:
    name = NAME
    version = "1"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, Params)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        return "" if "coder" in fixture.expect else "its expectation has no mined tests ('coder')"

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        execution = case.executions.get(self.name)
        if execution is None:
            raise NotExecuted(self.name)
        if execution.answer_hash != sha256_text(case.output):
            raise ValueError("its execution belongs to another answer, so the log was changed after it was written")
        version = f"{self.version}:{execution.digest[:19]}"
        if execution.ending != "done":
            return [Verdict(self.name, version, "unjudged", reason=execution.problem or execution.ending)]
        [result] = execution.results
        category = str(result["category"])
        return [
            Verdict(
                check=self.name,
                version=version,
                outcome="fail" if category else "pass",
                category=category,
                reason=str(result["reason"]),
                parts_held=int(result["passed"]),
                parts=int(result["wanted"]),
            )
        ]


CHECKS.add(CoderTests.name, CoderTests())
