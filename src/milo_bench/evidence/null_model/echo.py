"""A workload and its fixtures in, how many pass if the answer only repeats the case out: what its checks do not ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from milo_bench.core.errors import MiloError
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings, Workload
from milo_bench.grade.engine import grade_attempt
from milo_bench.guards.case_text import case_text

_MOST_TRIED: Final = 200
_FEWEST: Final = 3
_SHARE: Final = 0.5


@dataclass(frozen=True)
class Echoed:
    """``passed`` of ``tried`` fixtures of a workload pass with the case itself as the answer; ``example`` is one."""

    workload: str
    passed: int
    tried: int
    example: str

    @property
    def text(self) -> str:
        said = f"{self.passed} of {self.tried} fixtures of '{self.workload}' pass"
        return f"{said} with an answer that only repeats the case, such as '{self.example}'"

    @property
    def hint(self) -> str:
        return "add a check that such an answer fails: length, format, equals, or a schema."


def echoed(workload: Workload, fixtures: Iterable[Fixture]) -> Echoed | None:
    """Whether at least half of ``fixtures`` (the first 200 of the workload) pass so.

    None too where nothing can be said: few fixtures, or checks of the suite's own Python, which are executed elsewhere.
    """
    mine = [one for one in fixtures if one.workload == workload.name and case_text(one.input).strip()]
    passed: list[str] = []
    tried = 0
    for fixture in islice(mine, _MOST_TRIED):
        key = AttemptKey(fixture.id, "echo")
        attempt = Attempt(key, "", Timings(0, 0, 0), case_text(fixture.input), finish_reason="stop")
        try:
            graded = grade_attempt(workload, fixture, attempt)
        except MiloError:
            return None
        tried += 1
        passed += [fixture.id] if graded.passed else []
    if len(passed) < _FEWEST or len(passed) < _SHARE * tried:
        return None
    return Echoed(workload.name, len(passed), tried, passed[0])
