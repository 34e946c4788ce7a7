"""A candidate's answers and its columns in, the columns of one answer that is given to every fixture, out.

A gate that one answer passes whatever the question proves nothing of a model. Which answers to try follows from what
the model said: where nearly all fixtures have one right answer, or the checks accept anything of a kind, an answer
that was right once is right nearly everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from hashlib import blake2b
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct, field

from milo_bench.core.errors import MiloError
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Graded, StoreText, Workload
from milo_bench.core.records.judgements import JUDGED
from milo_bench.decide.evidence import ConstantAnswer
from milo_bench.decide.records import Candidate
from milo_bench.evidence.null_model.answers import Answers, choose_answers, text_of
from milo_bench.evidence.null_model.usual import usual_answer
from milo_bench.evidence.remembered import remembered_verdicts
from milo_bench.grade.engine import grade_attempt
from milo_bench.stats.cases.columns import Cases, CasesBuilder

_FIXTURES: Final = 200  # that an answer is given to; as many tell a share to within 7 points
_FIRST: Final = 20  # of them; an answer that passes on none of these passes on few


def answers_of(contract: Workload, store_text: StoreText) -> Answers | None:
    """An empty collection of answers under ``contract``; None where answers are not tried.

    Where texts are not stored, or the suite's own code judges them, only the most frequent answer is known, by its
    hash. Where a model judges them, judging anew would mean to ask it.
    """
    if any(check.name == JUDGED for check in contract.checks):
        return None
    has_texts = store_text == "full"
    return Answers(judged_again=has_texts and contract.own is None, has_texts=has_texts)


class OneAnswer(Struct):
    """One answer under a contract, given to every fixture. Remembers what it judged: a run asks at each look."""

    workload: Workload
    _hopeless: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    _judged: dict[tuple[str, str, str], Graded | None] = field(default_factory=dict)

    def constants(
        self,
        candidate: Candidate,
        answers: Answers,
        fixtures: Mapping[str, Fixture],
        numbers: Mapping[str, int],
        cases: Cases,
    ) -> Iterator[ConstantAnswer]:
        """A few answers of the candidate, each on every fixture that it was asked, or on a sample of them.

        ``numbers`` are the places of fixtures in the table, ``cases`` what was measured. Each is judged when it is
        asked for.
        """
        if not answers.judged_again:
            usual = usual_answer(answers, numbers, cases)
            if usual is not None:
                yield usual
            return
        asked = _asked_fixtures(candidate.workload, fixtures, numbers, cases)
        places = np.array([numbers[one.id] for one in asked], dtype=np.int32)
        for answer, is_usual in choose_answers(answers.first, partial(self._passes, fixtures)):
            yield ConstantAnswer(
                answer.key.fixture,
                places,
                partial(self._everywhere, candidate, answer, asked, numbers, whole=is_usual),
                cache(partial(self._by_check, candidate, answer, asked, numbers)),
            )

    def _passes(self, fixtures: Mapping[str, Fixture], answer: Attempt) -> bool:
        """Whether ``answer`` passes on the fixture that it was given to."""
        graded = self._grade(answer, fixtures[answer.key.fixture])
        return graded is not None and graded.passed is True

    def _grade(self, given: Attempt, fixture: Fixture, only: str = "") -> Graded | None:
        place = (text_of(given), fixture.id, only)
        if place not in self._judged:
            try:
                self._judged[place] = (
                    grade_attempt(self.workload, fixture, given, only=only)
                    if only
                    else remembered_verdicts(self.workload, fixture, given)
                )
            except MiloError:
                self._judged[place] = None
        return self._judged[place]

    def _by_check(
        self,
        candidate: Candidate,
        answer: Attempt,
        fixtures: Sequence[Fixture],
        numbers: Mapping[str, int],
        check: str,
    ) -> Cases | None:
        """The columns of ``answer`` on all ``fixtures`` that ``check`` fills; None where it cannot judge one."""
        builder = CasesBuilder(candidate.workload, candidate.target, candidate.variant, candidate.decoding)
        for fixture in fixtures:
            given = _given(answer, fixture, candidate)
            graded = self._grade(given, fixture, check)
            if graded is None:
                return None
            builder.add(given, graded, numbers[fixture.id])
        return builder.build()

    def _everywhere(
        self,
        candidate: Candidate,
        answer: Attempt,
        fixtures: Sequence[Fixture],
        numbers: Mapping[str, int],
        *,
        whole: bool,
    ) -> Cases | None:
        """The columns of ``answer`` on all ``fixtures``; None where it passes on none of the first ones.

        ``whole``: a pass of all checks is not needed. An answer that is right in one field may be all that is asked.
        """
        place = (text_of(answer), tuple(one.id for one in fixtures[:_FIRST]))
        if place in self._hopeless and not whole:
            return None
        builder = CasesBuilder(candidate.workload, candidate.target, candidate.variant, candidate.decoding)
        passed = 0
        for count, fixture in enumerate(fixtures):
            if count == _FIRST and not passed and not whole:
                break
            given = _given(answer, fixture, candidate)
            graded = self._grade(given, fixture)
            if graded is None:
                return None
            passed += graded.passed is True
            builder.add(given, graded, numbers[fixture.id])
        if not passed:
            self._hopeless.add(place)
        return builder.build() if passed or whole else None


def _given(answer: Attempt, fixture: Fixture, candidate: Candidate) -> Attempt:
    return msgspec.structs.replace(answer, key=AttemptKey(fixture.id, candidate.target, 0, candidate.decoding))


def _asked_fixtures(
    workload: str, fixtures: Mapping[str, Fixture], numbers: Mapping[str, int], cases: Cases
) -> Sequence[Fixture]:
    """The fixtures that the candidate answered, in an order that has nothing to do with them; at most ``_FIXTURES``."""
    there = set(np.unique(cases.fixture[~cases.bypassed]).tolist())
    mine = [
        one
        for one in fixtures.values()
        if one.workload == workload and one.input and not one.erased and numbers[one.id] in there
    ]
    return sorted(mine, key=lambda one: blake2b(one.id.encode(), digest_size=8).digest())[:_FIXTURES]
