"""Passes if the answer is one JSON value and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params


class IsJson:
    name = "is_json"
    version = "1"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, Params)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        answer = case.json
        if answer.reading == "strict":
            return [Verdict(self.name, self.version, "pass", reason="the whole answer is JSON", got="strict")]
        reason = f"not strict JSON: {answer.problem}"
        category = "fenced_json" if answer.reading == "fenced" else "malformed_json"
        return [Verdict(self.name, self.version, "fail", category, reason, expected="strict", got=answer.reading)]


CHECKS.add(IsJson.name, IsJson())
