"""Passes if there is an answer: text other than white space, reasoning, dots and empty code fences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Verdict, Workload
from milo_bench.core.text import one_line
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.reading.empty import answers_nothing


class AnswerPresentParams(Params, frozen=True):
    """``whole`` also fails an answer that the token limit cut off."""

    whole: bool = False


class AnswerPresent:
    name = "answer_present"
    version = "2"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, AnswerPresentParams)

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        attempt = case.attempt
        if answers_nothing(attempt.output) and not attempt.tool_calls:
            reason = "the answer is empty"
            if attempt.reasoning.strip():
                reason = f"the answer is empty: the model wrote only {len(attempt.reasoning)} characters of reasoning"
            elif attempt.finish_reason == "length":
                reason = "the answer is empty: the token limit was reached before any text"
            elif attempt.output.strip():
                reason = f"the answer says nothing: {one_line(attempt.output)}"
            return [Verdict(self.name, self.version, "fail", "empty_answer", reason)]
        if attempt.finish_reason == "length" and read_params(self.name, params, AnswerPresentParams).whole:
            reason = f"the answer was cut off at the limit of {case.workload.max_tokens} tokens"
            return [Verdict(self.name, self.version, "fail", "cut_off", reason)]
        return [Verdict(self.name, self.version, "pass", reason="there is an answer")]


CHECKS.add(AnswerPresent.name, AnswerPresent())
