"""Rows of a log one by one in, nothing out while they agree with the plan and with each other."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from pathlib import Path

from milo_bench.core.errors import DataError
from milo_bench.core.records import Attempt, AttemptKey, Episode, Execution, Fixture, ModelJudgement, Plan, WorkEnd

_HINT = "the file was edited, or two logs were joined. Restore it, or run again."


class RowCheck:
    """Knows the rows seen so far; raises DataError, with the line number, at the first that disagrees."""

    def __init__(self, plan: Plan, path: Path, fixtures: Iterable[str] = ()) -> None:
        """``fixtures`` are ids of fixture lines that were read and checked before."""
        self._path = path
        self._fixtures = {id: place for place, id in enumerate(plan.fixtures)}
        self._targets = {name: place for place, name in enumerate(plan.targets)}
        self._decodings = frozenset(plan.decodings)
        self._free_only = frozenset(plan.free_only)
        self._repeats = plan.repeats
        self._retries = plan.retries
        self._withheld = frozenset((target, id_) for target, ids in plan.withheld.items() for id_ in ids)
        self._grows = plan.stopping is not None and plan.stopping.fresh_seed is not None
        self._fixture_lines: dict[str, int] = {}
        for id_ in fixtures:
            self._know(id_)
            self._fixture_lines[id_] = 0
        self._attempt_lines = _LineNumbers()

    def _know(self, fixture: str) -> None:
        """A run that stops by what it sees may take fixtures from the suite's generator that are not in its plan."""
        if self._grows:
            self._fixtures.setdefault(fixture, len(self._fixtures))

    def check_fixture(self, number: int, fixture: Fixture) -> None:
        self._know(fixture.id)
        if fixture.id not in self._fixtures:
            raise self._error(number, f"fixture '{fixture.id}' is not in the plan")
        first = self._fixture_lines.setdefault(fixture.id, number)
        if first != number:
            raise self._error(number, f"fixture '{fixture.id}' is already in line {first}")

    def check_attempt(self, number: int, attempt: Attempt) -> None:
        self._check_times(number, attempt)
        self._check_key(number, attempt.key)

    def check_attempt_alone(self, number: int, attempt: Attempt) -> None:
        """As ``check_attempt``, but whether its key was there before is not asked, and nothing is kept."""
        self._check_times(number, attempt)
        self._check_agrees(number, attempt.key)

    def check_episode(self, number: int, episode: Episode) -> None:
        self._check_key(number, episode.key)
        if episode.key.fixture != f"{episode.task}.{episode.form}":
            raise self._error(
                number, f"an episode of '{episode.task}.{episode.form}' is recorded as '{episode.key.fixture}'"
            )

    def check_execution(self, number: int, execution: Execution) -> None:
        """An execution may be repeated, and then the later one counts."""
        self._check_agrees(number, execution.key)

    def check_judgement(self, number: int, judgement: ModelJudgement) -> None:
        """A judgement may be repeated, and then the later one counts."""
        self._check_agrees(number, judgement.key)

    def check_work_end(self, number: int, end: WorkEnd) -> None:
        if end.target not in self._targets:
            raise self._error(number, f"target '{end.target}' is not in the plan")

    def _check_key(self, number: int, key: AttemptKey) -> None:
        self._check_agrees(number, key)
        first = self._attempt_lines.put(self._place(key), number)
        if first:
            raise self._error(number, f"{name_of(key)} is already in line {first}")

    def _place(self, key: AttemptKey) -> int:
        """A number of its own for each key that the plan allows."""
        place = self._fixtures[key.fixture] * len(self._targets) + self._targets[key.target]
        place = (place * self._repeats + key.repeat) * 2 + (key.decoding == "constrained")
        return place * (self._retries + 1) + key.retry

    def _check_times(self, number: int, attempt: Attempt) -> None:
        if attempt.timings.ended_s < attempt.timings.intended_s:
            raise self._error(number, f"{name_of(attempt.key)} ends before it starts")

    def _check_agrees(self, number: int, key: AttemptKey) -> None:
        if key.fixture not in self._fixture_lines:
            known = key.fixture in self._fixtures
            raise self._error(number, f"fixture '{key.fixture}' {'has no line' if known else 'is not in the plan'}")
        if key.target not in self._targets:
            raise self._error(number, f"target '{key.target}' is not in the plan")
        if not 0 <= key.repeat < self._repeats:
            raise self._error(number, f"repeat {key.repeat}, but {self._repeats} are planned (counted from 0)")
        asked = key.decoding == "free" if key.fixture in self._free_only else key.decoding in self._decodings
        if not asked:
            raise self._error(number, f"decoding '{key.decoding}' is not in the plan")
        if not 0 <= key.retry <= self._retries:
            raise self._error(number, f"retry {key.retry}, but the plan allows {self._retries}")
        if (key.target, key.fixture) in self._withheld:
            raise self._error(number, f"fixture '{key.fixture}' should have been withheld from '{key.target}'")

    def _error(self, number: int, what: str) -> DataError:
        return DataError(f"{self._path} line {number}: {what}.", hint=_HINT)


class _LineNumbers:
    """Line numbers by place, for places that are many and lie close together: four bytes each."""

    _PAGE = 4096

    def __init__(self) -> None:
        self._pages: dict[int, array[int]] = {}

    def put(self, place: int, number: int) -> int:
        """Keep ``number``; 0, or the number that was there before and stays."""
        page_number, offset = divmod(place, self._PAGE)
        page = self._pages.get(page_number)
        if page is None:
            page = self._pages[page_number] = array("I", bytes(array("I").itemsize * self._PAGE))
        first = page[offset]
        if not first:
            page[offset] = number
        return first


def name_of(key: AttemptKey) -> str:
    """An attempt key as a person reads it."""
    return (
        f"the attempt (fixture '{key.fixture}', target '{key.target}', repeat {key.repeat}, "
        f"{key.decoding}, retry {key.retry})"
    )
