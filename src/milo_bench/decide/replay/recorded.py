"""Evidence of one workload in, recorded answers by who gave them out: what a replay may ask in place of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from milo_bench.config.routing.rule import RUNTIME_CHECKS
from milo_bench.core.records import Decoding
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import Candidate
from milo_bench.decide.routing.columns import NOBODY, RequestColumns
from milo_bench.grade.engine import known_served
from milo_bench.stats.cases.columns import NOT_JUDGED, UNJUDGED, Cases

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]

EMPTY: Final = "empty_answer"  # the category of whatever check an empty answer fails


@dataclass(frozen=True)
class Recorded:
    """Units are the attempts of ``base``: a fixture and a repeat. ``fixture`` and ``repeat`` are by unit."""

    evidence: Evidence
    base: Candidate
    fixture: NDArray[np.int32]
    repeat: NDArray[np.int16]
    labels: tuple[str, ...]
    wanted: NDArray[np.int16]  # by unit, a place in labels or -1
    use: str = ""
    _rows: dict[Candidate, Rows] = field(default_factory=dict, compare=False)
    _failed: dict[Candidate, dict[str, Mask]] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return len(self.fixture)

    def cases(self, candidate: Candidate) -> Cases:
        return self.evidence.cases[candidate]

    def rows(self, candidate: Candidate) -> Rows:
        """For each unit the row of ``candidate`` that answered it: same fixture and repeat, else its first; -1 none."""
        if candidate not in self._rows:
            self._rows[candidate] = _aligned(self, self.cases(candidate))
        return self._rows[candidate]

    def failed(self, candidate: Candidate) -> Mapping[str, Mask]:
        """By runtime check, the rows of ``candidate`` whose answer is known to fail it without the right answer."""
        if candidate not in self._failed:
            self._failed[candidate] = failed_at_run_time(self.cases(candidate))
        return self._failed[candidate]

    def requests(self) -> RequestColumns:
        """What was known of each unit before anybody answered; every target is ready."""
        table = self.evidence.fixtures
        here = self.fixture
        return RequestColumns(
            workload=self.base.workload,
            words=table.words[here],
            sensitive=table.sensitive[here],
            rings=partial(table.keyword.__getitem__, here),
            tags={tag: column[here] for tag, column in table.tags.items()},
            keywords={name: partial(column.__getitem__, here) for name, column in table.keyword_sets.items()} or None,
            cases=table.case_kinds,
            case=None if table.case is None else table.case[here],
            use=self.use,
        )


def record_of(evidence: Evidence, base: Candidate, *, use: str = "") -> Recorded:
    """The recorded answers around ``base``. KeyError where that candidate was not measured."""
    cases = evidence.cases[base]
    near = [found for candidate, found in evidence.cases.items() if candidate.workload == base.workload]
    labels = tuple(dict.fromkeys(label for found in near for label in found.labels))
    by_fixture = np.full(len(evidence.fixtures.ids), NOBODY, dtype=np.int16)
    for found in near:  # a failed attempt names no expected label, another answer to the same fixture does
        known = found.want >= 0
        places = np.array([*(labels.index(label) for label in found.labels), NOBODY], dtype=np.int16)
        by_fixture[found.fixture[known]] = places[found.want[known]]
    return Recorded(evidence, base, cases.fixture, cases.repeat, labels, by_fixture[cases.fixture], use)


def candidate_for(
    evidence: Evidence, workload: str, target: str, *, variant: str = "", decoding: Decoding = "free"
) -> Candidate | None:
    """The measured candidate that a rule means: that one, else the target's first."""
    exact = Candidate(workload, target, variant, decoding)
    if exact in evidence.cases:
        return exact
    return next(iter(evidence.candidates(workload, target)), None)


def failed_at_run_time(cases: Cases) -> dict[str, Mask]:
    """By check, the answers of which a gateway would know without the right answer that they fail it.

    One that the check could not judge, or not all of it, for want of its language, fails it in service too.
    """
    failed: dict[str, Mask] = {}
    for check in RUNTIME_CHECKS:
        held = cases.held.get(check)
        if held is None:
            continue
        rows: Mask = held == UNJUDGED
        if (partly := cases.partly_unjudged.get(check)) is not None:
            rows |= partly == 1
        known = known_served(check)
        if known is None:
            rows |= held == 0
        else:
            for (name, category), places in cases.categories.items():
                if name == check and (category in known or category == EMPTY):
                    rows[places] = True
        failed[check] = rows
    return failed


def _aligned(recorded: Recorded, cases: Cases) -> Rows:
    """A fixture that was answered but not in that repeat is answered by its first repeat."""
    n = len(recorded.evidence.fixtures.ids)
    first = np.full(n, NOBODY, dtype=np.int64)
    first[cases.fixture[::-1]] = np.arange(len(cases), dtype=np.int64)[::-1]
    repeats = int(max(cases.repeat.max(initial=0), recorded.repeat.max(initial=0))) + 1
    exact = np.full(n * repeats, NOBODY, dtype=np.int64)
    exact[cases.fixture.astype(np.int64) * repeats + cases.repeat] = np.arange(len(cases))
    found = exact[recorded.fixture.astype(np.int64) * repeats + recorded.repeat]
    rows: Rows = np.where(found == NOBODY, first[recorded.fixture], found)
    return rows


def has_answer(cases: Cases, rows: Rows) -> Mask:
    """Which of ``rows`` hold an answer of a model (-1 is none)."""
    there: Mask = (rows >= 0) & (cases.outcome[rows] != NOT_JUDGED) & ~cases.bypassed[rows]
    return there
