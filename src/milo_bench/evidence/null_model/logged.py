"""Logs and their columns in, for each candidate what one of its answers scores if it is given to all, out."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Final

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from milo_bench.core.errors import DataError
from milo_bench.core.lazy import MadeOnce
from milo_bench.core.records import Attempt, Workload
from milo_bench.decide.evidence import ConstantAnswer
from milo_bench.decide.records import Candidate
from milo_bench.evidence.null_model.answers import Answers
from milo_bench.evidence.null_model.columns import OneAnswer, answers_of
from milo_bench.stats.cases.columns import Cases
from milo_bench.store.log.attempts import attempt_lines, decode_attempt
from milo_bench.store.log.reader import RunLog

_ALL_BELOW: Final = 20_000  # attempts of a log that are all looked at
_PLACES: Final = 200  # of a longer log, looked at evenly
_AT_A_PLACE: Final = 100

Places = NDArray[np.int32]


def constant_answers(
    logs: Iterable[RunLog],
    numbers: Mapping[str, int],
    cases: Mapping[Candidate, Cases],
    looked_at: Mapping[Candidate, Places],
) -> dict[Candidate, MadeOnce[ConstantAnswer]]:
    """A few answers of each candidate, each judged on every fixture, or a sample of them, when it is first asked for.

    ``numbers`` are the places of fixtures in the table, ``cases`` what was measured, ``looked_at`` the order in which
    runs with a stopping rule asked: of those, an answer counts where it does in ``cases``, as it did in the run.
    """
    collected = _OfLogs(tuple(logs), numbers, cases, looked_at)
    return {candidate: MadeOnce(collected.judged(candidate)) for candidate in cases}


class _Collected(Struct):
    """The answers of one candidate, from every log that has some: those with texts, and those without."""

    contract: Workload
    logs: list[RunLog] = field(default_factory=list)
    answers: dict[tuple[bool, bool], Answers] = field(default_factory=dict)


class _OfLogs:
    """The answers in all logs, read when the first of them is asked for."""

    def __init__(
        self,
        logs: Sequence[RunLog],
        numbers: Mapping[str, int],
        cases: Mapping[Candidate, Cases],
        looked_at: Mapping[Candidate, Places],
    ) -> None:
        self._logs, self._numbers, self._cases, self._looked_at = logs, numbers, cases, looked_at
        self._graders: dict[int, OneAnswer] = {}

    @cached_property
    def _collected(self) -> dict[Candidate, _Collected]:
        found: dict[Candidate, _Collected] = {}
        for log in self._logs:
            _OfLog(log, self._numbers, self._cases, self._looked_at, found).collect()
        return found

    def judged(self, candidate: Candidate) -> Iterator[ConstantAnswer]:
        """The answers of ``candidate`` that are tried, each judged when it is asked for."""
        one = self._collected.get(candidate)
        if one is None:
            return
        grader = self._graders.setdefault(id(one.contract), OneAnswer(one.contract))
        fixtures = ChainMap(*(log.fixtures for log in one.logs))
        for answers in one.answers.values():
            yield from grader.constants(candidate, answers, fixtures, self._numbers, self._cases[candidate])


class _OfLog:
    """Puts the answers of one log to those of the logs before it."""

    def __init__(
        self,
        log: RunLog,
        numbers: Mapping[str, int],
        cases: Mapping[Candidate, Cases],
        looked_at: Mapping[Candidate, Places],
        collected: dict[Candidate, _Collected],
    ) -> None:
        self._log = log
        self._numbers, self._cases, self._looked_at = numbers, cases, looked_at
        self._collected = collected
        self._contracts = {one.name: one for one in log.header.workloads}
        self._kinds = {
            name: kind
            for name, one in self._contracts.items()
            if (kind := answers_of(one, log.header.store_text)) is not None
        }

    def collect(self) -> None:
        log, variants = self._log, self._log.header.plan.variants
        in_order: dict[Candidate, _InOrder] = {}
        for attempt in self._attempts():
            key = attempt.key
            workload = log.fixtures[key.fixture].workload
            candidate = Candidate(workload, key.target, variants.get(workload, ""), key.decoding)
            if workload not in self._kinds or candidate not in self._cases:
                continue
            number = self._numbers[key.fixture]
            if candidate not in self._looked_at:
                self._answers(candidate).add(attempt, number)
                continue
            if candidate not in in_order:
                in_order[candidate] = _InOrder(self._cases[candidate], self._looked_at[candidate])
            in_order[candidate].add(attempt, number)
        for candidate, ordered in in_order.items():
            for attempt, number in ordered.sorted():
                self._answers(candidate).add(attempt, number)

    def _answers(self, candidate: Candidate) -> Answers:
        one = self._collected.get(candidate)
        if one is None:
            one = self._collected[candidate] = _Collected(self._contracts[candidate.workload])
        if not one.logs or one.logs[-1] is not self._log:
            one.logs.append(self._log)
        kind = self._kinds[candidate.workload]
        place = (kind.judged_again, kind.has_texts)
        return one.answers.setdefault(place, Answers(*place))

    def _attempts(self) -> Iterable[Attempt]:
        log = self._log
        if not self._kinds:
            return ()
        if not all(kind.judged_again for kind in self._kinds.values()):
            return log.attempts
        if len(log.attempts) <= _ALL_BELOW or log.header.plan.stopping is not None:
            return log.attempts.on_fixtures(log.fixtures)
        return _evenly(log)


class _InOrder:
    """Answers that count, in the order in which their fixtures were asked and not in that of their arrival."""

    def __init__(self, cases: Cases, places: Places) -> None:
        rows = zip(cases.fixture.tolist(), cases.repeat.tolist(), cases.retry.tolist(), strict=True)
        self._counted = set(rows)
        self._places = places
        self._found: list[tuple[int, int, Attempt, int]] = []

    def add(self, attempt: Attempt, number: int) -> None:
        if (number, attempt.key.repeat, attempt.key.retry) in self._counted:
            self._found.append((int(self._places[number]), attempt.key.repeat, attempt, number))

    def sorted(self) -> Iterator[tuple[Attempt, int]]:
        return ((attempt, number) for _, _, attempt, number in sorted(self._found, key=lambda one: one[:2]))


def _evenly(log: RunLog) -> Iterator[Attempt]:
    for part in log.attempts.parts(_PLACES):
        for number, line in islice(attempt_lines(log.path, part), _AT_A_PLACE):
            try:
                attempt = decode_attempt(log.path, number, line, part.schema)
            except DataError:
                continue  # named by who reads all of them
            if attempt.key.fixture in log.fixtures:
                yield attempt
