"""What a decision rests on, gathered from run logs: columns of graded attempts, load, probes, who and where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from milo_bench.config.routing.rule import CUT_UNCITED
from milo_bench.core.records import Frozen, JudgeLicence, LoadWindow, Measure, TargetRecord, Workload
from milo_bench.core.records.roles import SilverLabels
from milo_bench.decide.gates.people import PeopleSaid
from milo_bench.decide.gates.stopped import EndedWork, SpentBudget
from milo_bench.decide.records import Candidate, LogRef, ProbeEvidence
from milo_bench.grade.set_up import SetUpProblem
from milo_bench.operator.trials import OperatorEvidence
from milo_bench.stats.arrays import Bools
from milo_bench.stats.cases.columns import Cases, FixtureTable


class ConstantAnswer(Struct, frozen=True, dict=True):
    """What the answer to ``fixture`` scores if it is given to every fixture, or to a sample of them.

    It is judged when that is asked for: ``judge`` gives its columns, None where it is right nowhere, ``judge_by`` those
    that one check fills, None where they are not known. ``numbers`` are the places of the fixtures in the table.
    """

    fixture: str
    numbers: NDArray[np.int32]
    judge: Callable[[], Cases | None]
    judge_by: Callable[[str], Cases | None] = lambda _: None

    @staticmethod
    def judged(fixture: str, cases: Cases) -> ConstantAnswer:
        """One that has been judged."""
        return ConstantAnswer(fixture, cases.fixture, lambda: cases)

    @cached_property
    def cases(self) -> Cases | None:
        """All of its columns."""
        return self.judge()

    def on(self, part: Bools) -> ConstantAnswer:
        """The same on the fixtures of ``part``, which is by number."""
        taken = self._changed(lambda cases: cases.take(part[cases.fixture]))
        return replace(taken, numbers=self.numbers[part[self.numbers]])

    def as_of(self, workload: str) -> ConstantAnswer:
        """The same under another name of the work."""
        return self._changed(lambda cases: replace(cases, workload=workload))

    def _changed(self, change: Callable[[Cases], Cases]) -> ConstantAnswer:
        def judge() -> Cases | None:
            return None if self.cases is None else change(self.cases)

        def judge_by(check: str) -> Cases | None:
            cases = self.judge_by(check)
            return None if cases is None else change(cases)

        return replace(self, judge=judge, judge_by=judge_by)


class Evidence(Struct, frozen=True):
    """Recorded evidence in memory, without any text of fixtures or answers.

    ``workloads`` maps (name, variant) to the contract as the log carries it. ``load`` windows
    stand beside the path of their log, ``loaded`` has its workloads; ``operators`` are logs of operator episodes.
    ``contracts`` are digests of each contract's parts by WORKLOAD or WORKLOAD/VARIANT (``core.records.contract``).
    ``peak_memory_bytes`` is by target. ``reviews`` are what people's scores of a sample say of all answers.
    ``labels`` are their scores of single answers, of candidates whose answers were drawn at random.
    ``looked_at`` has the candidates whose run stopped by what it saw: their gates are judged by bounds that hold at
    every look. It maps each to the place of every fixture in the order in which they were asked, by fixture number.
    ``set_up`` has the candidates whose answers cannot be used for a reason that is not the model's. ``unread`` has,
    by workload and check, the language of the work that the check does not read; ``languages`` that of each workload.
    ``cut`` are the columns of answers without their uncited sentences, for the fix that cuts them.
    ``licences`` are the calibrations of model judges in the logs, by the digest of the judge; the last one counts.
    ``constants`` are answers of a candidate, each as if it were given to every fixture: what they pass proves nothing.
    They may be judged only when they are first looked at, so look at none where no gate passes.
    ``ended`` are works that a stopping rule ended, ``spent`` runs that ended with their budget.
    ``silver`` are the sampled labels of workloads whose labels were mined, by workload.
    ``today`` is the day of the decision, on which a licence must be good.
    ``inventories`` maps a fingerprint to what is known of that machine. ``every_slice`` gives measures of groups and of
    a few fixtures too, and ``flags_decide`` takes flags of rules for the truth, as the first versions did.
    """

    logs: tuple[LogRef, ...]
    targets: Mapping[str, TargetRecord]
    fixtures: FixtureTable
    cases: Mapping[Candidate, Cases]
    workloads: Mapping[tuple[str, str], Workload]
    load: tuple[tuple[str, LoadWindow], ...] = ()
    loaded: Mapping[str, Collection[str]] = field(default_factory=dict)
    probes: tuple[ProbeEvidence, ...] = ()
    operators: OperatorEvidence = field(default_factory=OperatorEvidence)
    contracts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    peak_memory_bytes: Mapping[str, int] = field(default_factory=dict)
    reviews: tuple[tuple[Candidate, Measure], ...] = ()
    labels: Mapping[Candidate, PeopleSaid] = field(default_factory=dict)
    cut: Mapping[Candidate, Cases] = field(default_factory=dict)
    inventories: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    looked_at: Mapping[Candidate, NDArray[np.int32]] = field(default_factory=dict)
    set_up: Mapping[Candidate, SetUpProblem] = field(default_factory=dict)
    unread: Mapping[tuple[str, str], str] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)
    licences: Mapping[str, JudgeLicence] = field(default_factory=dict)
    silver: Mapping[str, SilverLabels] = field(default_factory=dict)
    today: date | None = None
    every_slice: bool = False
    flags_decide: bool = False
    ended: tuple[EndedWork, ...] = ()
    spent: tuple[SpentBudget, ...] = ()
    constants: Mapping[Candidate, Iterable[ConstantAnswer]] = field(default_factory=dict)

    def said_of(self, candidate: Candidate) -> PeopleSaid | None:
        """What people said of a candidate's answers; of cut ones what they said of the whole, which claims no less."""
        whole = msgspec.structs.replace(candidate, variant="") if candidate.variant == CUT_UNCITED else candidate
        return self.labels.get(whole)

    def candidates(self, workload: str, target: str) -> tuple[Candidate, ...]:
        """The candidates of one workload on one target that were measured: shipped contract and free decoding first."""
        found = [c for c in self.cases if c.workload == workload and c.target == target]
        return tuple(sorted(found, key=lambda c: (c.variant != "", c.variant, c.decoding != "free")))


class LogFault(Frozen, frozen=True, omit_defaults=False):
    """One place of a log: what it says, and what follows from the suite, the plan or another part of the log."""

    place: str
    said: str
    follows: str


class LogCheck(Frozen, frozen=True, omit_defaults=False):
    """``faults`` of a log; ``erased`` are ids of fixtures whose texts, or answers to them, were erased; ``notes`` say
    what could not be checked.
    """

    faults: tuple[LogFault, ...] = ()
    notes: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()
    seal: str = ""
