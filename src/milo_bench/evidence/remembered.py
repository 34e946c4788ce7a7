"""Attempts in, their verdicts out; an answer that was given to the same fixture before is not judged again.

A decision judges an answer with its log, gives it to other fixtures to see what it is worth there, and shows it: all
three ask here.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from milo_bench.core.records import Attempt, Fixture, Graded, Workload
from milo_bench.grade.engine import grade_attempt

_KEPT: Final = 16_384  # answers, a kilobyte of verdicts each
_LONGEST: Final = 2_000  # characters; two long answers are seldom the same

# A contract and a fixture as they lie in memory: another log has its own, which may differ under the same names.
_Answer: TypeAlias = tuple[int, int, str, str, str]
_known: dict[_Answer, tuple[Workload, Fixture, Graded]] = {}  # with what keeps their places from being given away


def remembered_verdicts(workload: Workload, fixture: Fixture, attempt: Attempt) -> Graded:
    """See ``grade_attempt``.

    A check reads the case, the text and how the answer ended, never its times; so equal answers to one fixture have
    equal verdicts. An attempt with anything else that a check may read (calls of tools, events that were chosen for it,
    a bypass, a suite's own checks) is always judged by itself.
    """
    own = attempt.failure or attempt.tool_calls or attempt.prepared or attempt.bypass or attempt.erased
    if own or workload.own or len(attempt.output) > _LONGEST:
        return grade_attempt(workload, fixture, attempt)
    answer = (id(workload), id(fixture), attempt.output, attempt.finish_reason, attempt.output_hash)
    known = _known.get(answer)
    if known is not None:
        return Graded(attempt.key, known[2].workload, known[2].verdicts, known[2].passed)
    graded = grade_attempt(workload, fixture, attempt)
    if len(_known) >= _KEPT:
        _known.clear()
    _known[answer] = workload, fixture, graded
    return graded
