"""Work as far as its answers are in and a policy in, what each gate says of it out: as ``decide`` will say it.

A run's stopping rule, the board's live gates and ``verify`` look through this one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from milo_bench.config.policy.file import PolicyFile
from milo_bench.core.records import Fixture, Plan, StoreText, TargetRecord, Workload
from milo_bench.decide.decide import named_baseline
from milo_bench.decide.evidence import ConstantAnswer, Evidence
from milo_bench.decide.gates.looking import LookedGate, confidence_of_passes, look_at
from milo_bench.decide.records import Candidate
from milo_bench.decide.uses import candidates_of, spread_policy
from milo_bench.evidence.gather import describe_fixtures
from milo_bench.evidence.null_model.columns import OneAnswer
from milo_bench.evidence.until_decided.work import WatchedWork, judged_candidate
from milo_bench.grade.languages.unspoken import language_of_work
from milo_bench.stats.cases.columns import FixtureTable

Works: TypeAlias = Mapping[tuple[str, str], WatchedWork]  # by workload and target


@dataclass(frozen=True)
class AskedFixtures:
    """The fixtures of a run, numbered in the order in which they are asked."""

    by_id: Mapping[str, Fixture]
    table: FixtureTable
    numbers: Mapping[str, int]
    places: NDArray[np.int32]

    @classmethod
    def of(cls, fixtures: Iterable[Fixture], contracts: Mapping[str, Workload]) -> AskedFixtures:
        """``contracts`` are by workload what the fixtures are sent under."""
        by_id = {fixture.id: fixture for fixture in fixtures}
        table = describe_fixtures(list(by_id.values()), contracts={name: (one,) for name, one in contracts.items()})
        return cls(by_id, table, table.numbers(), np.arange(len(by_id), dtype=np.int32))


class WorkLooks:
    """Judges works by one policy. Each use of a workload has gates of its own on the same answers."""

    def __init__(
        self,
        policy: PolicyFile,
        plan: Plan,
        targets: Sequence[TargetRecord],
        contracts: Mapping[str, Workload],
        store_text: StoreText = "full",
    ) -> None:
        self.targets = {target.name: target for target in targets}
        self._plan, self._contracts, self._store_text = plan, contracts, store_text
        self._written = policy
        self.policy = spread_policy(policy)
        self.judged: tuple[Candidate, ...] = ()
        self._one_answer = {name: OneAnswer(contract) for name, contract in contracts.items()}
        self._languages: dict[str, str] = {}

    def new_work(self, workload: str, target: str, ids: Sequence[str], fixtures: Mapping[str, Fixture]) -> WatchedWork:
        """A work on ``ids``, to be told of answers; ``fixtures`` are all that the run plans."""
        return WatchedWork(
            self._contracts[workload],
            target,
            self.candidates(workload, target, self._plan, fixtures),
            self._plan,
            ids,
            price=self.targets[target].price,
            store_text=self._store_text,
        )

    def candidates(
        self, workload: str, target: str, plan: Plan, fixtures: Mapping[str, Fixture]
    ) -> tuple[Candidate, ...]:
        """What is judged of answers under ``plan``: one for each use of the workload."""
        names = [one.workload for one in candidates_of(self._written, Candidate(workload, target))]
        return tuple(judged_candidate(self.policy, plan, name, target, fixtures.values()) for name in names)

    def take(self, works: Works) -> None:
        """All ``works`` of the run: which of them is the baseline, and how many share an error, follows from them."""
        asked = [work for work in works.values() if work.order]
        written = named_baseline(self._written, self.targets, {work.target for work in asked})
        self.policy = spread_policy(written)
        self.judged = tuple(
            one
            for work in asked
            for one in work.candidates
            if one.target != self.policy.baseline and one.workload in self.policy.workloads
        )

    def is_judged(self, work: WatchedWork) -> bool:
        return any(candidate in self.judged for candidate in work.candidates)

    def confidence(self, candidate: Candidate) -> float:
        """What a pass of ``candidate`` needs."""
        return confidence_of_passes(self.policy, self.judged, candidate)

    def look(self, work: WatchedWork, works: Works, asked: AskedFixtures, *, proven: bool) -> tuple[LookedGate, ...]:
        """Every gate of ``work`` that answers can decide, those of each use.

        ``proven``: a pass that one answer to everything gets as well is undecided. Before a work may end it must be.
        """
        evidence = self.evidence(work, works, asked, in_order=True, proven=proven)
        return tuple(
            gate
            for candidate in work.candidates
            if candidate in self.judged
            for gate in look_at(self.policy, evidence, candidate, self.confidence(candidate))
        )

    def evidence(
        self, work: WatchedWork, works: Works, asked: AskedFixtures, *, in_order: bool, proven: bool
    ) -> Evidence:
        """The columns of ``work``, and those of other targets on the same workload: what they were compared with."""
        beside = [one for one in works.values() if one.workload == work.workload and one is not work]
        cases = {candidate: cases for one in (work, *beside) for candidate, cases in one.cases().items()}
        contracts = {(one.workload, one.variant): work.contract for one in cases}
        constants = dict(self._constants(work, asked)) if proven else {}
        looked_at = dict.fromkeys(cases, asked.places) if in_order else {}
        language = self._language(work, asked)
        return Evidence(
            (),
            self.targets,
            asked.table,
            cases,
            contracts,
            looked_at=looked_at,
            constants=constants,
            languages={one.workload: language for one in cases} if language else {},
        )

    def _language(self, work: WatchedWork, asked: AskedFixtures) -> str:
        """The language of the work's texts, as a decision on the log finds it: rules were measured by language."""
        if work.workload not in self._languages:
            self._languages[work.workload] = language_of_work(work.contract, asked.by_id.values())
        return self._languages[work.workload]

    def _constants(
        self, work: WatchedWork, asked: AskedFixtures
    ) -> Iterator[tuple[Candidate, tuple[ConstantAnswer, ...]]]:
        for candidate, cases in work.cases().items():
            answers = work.answers(candidate.decoding)
            if answers is None:
                continue
            plain = Candidate(work.workload, candidate.target, candidate.variant, candidate.decoding)
            found = self._one_answer[work.workload].constants(plain, answers, asked.by_id, asked.numbers, cases)
            of_use = [one.as_of(candidate.workload) for one in found]
            yield candidate, tuple(of_use)
