"""Attempts in, their verdicts out; an answer that was given to the same fixture before is not judged again."""

from __future__ import annotations

from typing import Final, TypeAlias

from milo_bench.core.records import Attempt, Fixture, Graded, Workload
from milo_bench.grade.engine import grade_attempt

_KEPT: Final = 16_384  # answers, a kilobyte of verdicts each
_LONGEST: Final = 2_000  # characters; two long answers are seldom the same

_Answer: TypeAlias = tuple[str, str, str, str]


class RememberedVerdicts:
    """``grade_attempt`` for attempts of one log.

    A check reads the case, the text and how the answer ended, never its times; so equal answers to one fixture have
    equal verdicts. An attempt with anything else that a check may read (calls of tools, events that were chosen for it,
    a bypass, a suite's own checks) is always judged by itself.
    """

    def __init__(self) -> None:
        self._known: dict[_Answer, Graded] = {}

    def grade(self, workload: Workload, fixture: Fixture, attempt: Attempt) -> Graded:
        """See ``grade_attempt``."""
        own = attempt.failure or attempt.tool_calls or attempt.prepared or attempt.bypass or attempt.erased
        if own or workload.own or len(attempt.output) > _LONGEST:
            return grade_attempt(workload, fixture, attempt)
        answer = (fixture.id, attempt.output, attempt.finish_reason, attempt.output_hash)
        known = self._known.get(answer)
        if known is not None:
            return Graded(attempt.key, known.workload, known.verdicts, known.passed)
        graded = grade_attempt(workload, fixture, attempt)
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[answer] = graded
        return graded
