"""Passes if the answer is strict JSON, without repair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params


class JsonReadingParams(Params, frozen=True):
    """``fenced``: whether JSON inside a code fence or prose passes."""

    fenced: bool = True


class JsonReading:
    """``got`` is always one of strict, fenced, repaired, failed."""

    name = "json_reading"
    version = "2"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, JsonReadingParams)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        answer = case.json
        match answer.reading:
            case "strict":
                return [Verdict(self.name, self.version, "pass", reason="the whole answer is JSON", got="strict")]
            case "fenced" if read_params(self.name, params, JsonReadingParams).fenced:
                reason = f"JSON after removing {answer.problem}"
                return [Verdict(self.name, self.version, "pass", reason=reason, got="fenced")]
            case "fenced":
                category, reason = "fenced_json", f"not strict JSON: {answer.problem}"
            case "repaired":
                category, reason = "malformed_json", f"JSON only after a repair: {answer.problem}"
            case "failed":
                category, reason = "malformed_json", answer.problem
        return [Verdict(self.name, self.version, "fail", category, reason, expected="strict", got=answer.reading)]


CHECKS.add(JsonReading.name, JsonReading())
