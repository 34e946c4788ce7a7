"""Logs and their columns in, for each candidate the columns of one answer that is given to every fixture, out.

A gate that one answer passes whatever the question proves nothing of a model. Which answers to try follows from what
the model said: where nearly all fixtures have one right answer, or the checks accept anything of a kind, an answer
that was right once is right nearly everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Final

import msgspec
import numpy as np

from milo_bench.core.errors import MiloError
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Workload
from milo_bench.core.records.judgements import JUDGED
from milo_bench.decide.evidence import ConstantAnswer
from milo_bench.decide.records import Candidate
from milo_bench.evidence.null_model.answers import choose_answers, collect_answers, text_of
from milo_bench.evidence.null_model.usual import usual_answers
from milo_bench.grade.engine import grade_attempt
from milo_bench.stats.cases.columns import Cases, CasesBuilder
from milo_bench.store.log.reader import RunLog

_FIXTURES: Final = 200  # that an answer is given to; as many tell a share to within 7 points
_FIRST: Final = 20  # of them; an answer that passes on none of these passes on few


def constant_answers(
    logs: Iterable[RunLog], numbers: Mapping[str, int], cases: Mapping[Candidate, Cases]
) -> dict[Candidate, tuple[ConstantAnswer, ...]]:
    """A few answers of each candidate, each judged on every fixture, or a sample of them.

    ``numbers`` are the places of fixtures in the table, ``cases`` what was measured. Where texts are not stored, only
    the most frequent answer is known, by its hash. Answers are not tried where judging them would mean to execute
    something or to ask a model.
    """
    found: dict[Candidate, tuple[ConstantAnswer, ...]] = {}
    for log in logs:
        contracts = [one for one in log.header.workloads if all(check.name != JUDGED for check in one.checks)]
        full = log.header.store_text == "full"
        kept = {one.name for one in contracts if not full or one.own is not None}
        for candidate, usual in usual_answers(log, kept, numbers, cases) if kept else ():
            found.setdefault(candidate, (usual,))
        workloads = {one.name: _Graded(one) for one in contracts if one.name not in kept}
        for candidate, answers in collect_answers(log).items():
            graded = workloads.get(candidate.workload)
            if candidate in found or graded is None or candidate not in cases:
                continue
            asked = _asked_fixtures(log, candidate, numbers, cases[candidate])
            found[candidate] = tuple(
                ConstantAnswer(answer.key.fixture, columns)
                for answer, is_usual in choose_answers(answers, partial(graded.passes, log.fixtures))
                if (columns := graded.everywhere(candidate, answer, asked, numbers, whole=is_usual)) is not None
            )
    return {candidate: answers for candidate, answers in found.items() if answers}


def _asked_fixtures(log: RunLog, candidate: Candidate, numbers: Mapping[str, int], cases: Cases) -> Sequence[Fixture]:
    """The fixtures that the candidate answered, in an order that has nothing to do with them; at most ``_FIXTURES``."""
    there = set(np.unique(cases.fixture[~cases.bypassed]).tolist())
    mine = [
        one
        for one in log.fixtures.values()
        if one.workload == candidate.workload and one.input and not one.erased and numbers[one.id] in there
    ]
    return sorted(mine, key=lambda one: blake2b(one.id.encode(), digest_size=8).digest())[:_FIXTURES]


@dataclass
class _Graded:
    """A contract, and what is known already of answers that were given to every fixture."""

    workload: Workload
    known: dict[tuple[str, tuple[str, ...]], bool] = field(default_factory=dict)

    def passes(self, fixtures: Mapping[str, Fixture], answer: Attempt) -> bool:
        """Whether ``answer`` passes on the fixture that it was given to."""
        try:
            return grade_attempt(self.workload, fixtures[answer.key.fixture], answer).passed is True
        except MiloError:
            return False

    def everywhere(
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
        if self.known.get(place) is False and not whole:
            return None
        builder = CasesBuilder(candidate.workload, candidate.target, candidate.variant, candidate.decoding)
        passed = 0
        for count, fixture in enumerate(fixtures):
            if count == _FIRST and not passed and not whole:
                break
            key = AttemptKey(fixture.id, candidate.target, 0, candidate.decoding)
            given = msgspec.structs.replace(answer, key=key)
            try:
                graded = grade_attempt(self.workload, fixture, given)
            except MiloError:
                return None
            passed += graded.passed is True
            builder.add(given, graded, numbers[fixture.id])
        self.known[place] = passed > 0
        return builder.build() if passed or whole else None
