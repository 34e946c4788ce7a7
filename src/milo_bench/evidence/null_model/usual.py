"""A candidate's answers by hash in, what the most frequent one scores, as far as its own verdicts tell, out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from milo_bench.decide.evidence import ConstantAnswer
from milo_bench.evidence.null_model.answers import Answers
from milo_bench.stats.cases.columns import NOT_JUDGED, Cases


def usual_answer(answers: Answers, numbers: Mapping[str, int], cases: Cases) -> ConstantAnswer | None:
    """The most frequent answer: right where it was given and right, else wrong. None where nothing was said twice.

    For logs without texts, and verdicts that cannot be made again. So it is never taken for better than it is.
    """
    usual = answers.usual
    if not usual:
        return None
    rows = zip(cases.fixture.tolist(), cases.repeat.tolist(), strict=True)
    is_usual = np.array([answers.said.get(row) == usual for row in rows], dtype=np.bool_)
    if not is_usual.any():
        return None
    number = int(cases.fixture[int(is_usual.argmax())])
    fixture = next(id for id, place in numbers.items() if place == number)
    return ConstantAnswer.judged(fixture, _only(cases, is_usual))


def _only(cases: Cases, right: NDArray[np.bool_]) -> Cases:
    """``cases`` with every verdict outside ``right`` as a miss."""

    def missed(column: NDArray[np.int8]) -> NDArray[np.int8]:
        return np.where(right | (column == NOT_JUDGED), column, 0).astype(np.int8)

    return replace(
        cases,
        outcome=missed(cases.outcome),
        held={name: missed(column) for name, column in cases.held.items()},
        fields={name: missed(column) for name, column in cases.fields.items()},
        parts={name: (np.where(right, held, 0).astype(np.int32), of) for name, (held, of) in cases.parts.items()},
        got=np.where(right, cases.got, NOT_JUDGED).astype(np.int16),
    )
