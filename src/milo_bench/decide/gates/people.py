"""Scores that people gave to single answers in, columns of attempts out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from msgspec import Struct

from milo_bench.stats.cases.columns import NOT_JUDGED, UNJUDGED, Cases, FixtureTable, Int8

BEST: Final = 5  # the score that says that nothing is wrong


class PeopleSaid(Struct, frozen=True):
    """Scores from 1 to 5 of the answers that were drawn at random among ``answers``, by (fixture id, repeat).

    An answer that was drawn and has no score stands there without one. ``problem`` is why they cannot be used.
    ``from_gold``: no person gave them; they follow from planted truth.
    """

    answers: int
    scores: Mapping[tuple[str, int], Mapping[str, int]]
    problem: str = ""
    from_gold: bool = False

    def column(self, cases: Cases, table: FixtureTable, question: str) -> Int8:
        """For each row 1 where people found nothing wrong, 0 where they did; ``UNJUDGED`` where an answer was drawn and
        not scored for ``question``, ``NOT_JUDGED`` where it was not drawn.
        """
        column = np.full(len(cases), NOT_JUDGED, dtype=np.int8)
        numbers = {table.ids[number]: number for number in np.unique(cases.fixture)}
        wanted = {(numbers[id], repeat): given for (id, repeat), given in self.scores.items() if id in numbers}
        for row in np.flatnonzero(np.isin(cases.fixture, [fixture for fixture, _ in wanted])).tolist():
            given = wanted.get((int(cases.fixture[row]), int(cases.repeat[row])))
            if given is not None:
                column[row] = int(given[question] == BEST) if question in given else UNJUDGED
        return column
