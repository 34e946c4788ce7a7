"""The answers to one workload on one target in, those of whole fixtures in the order of the plan out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from copy import copy, deepcopy

from msgspec.structs import replace

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.routing.use_names import workload_of
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Decoding,
    FailureKind,
    Fixture,
    Graded,
    Plan,
    Price,
    StoreText,
    Workload,
)
from milo_bench.decide.records import Candidate
from milo_bench.evidence.judging import without_retry
from milo_bench.evidence.null_model.answers import Answers
from milo_bench.evidence.null_model.columns import answers_of
from milo_bench.run.plan import keys_of_fixtures
from milo_bench.run.schedule import NOT_RETRIED
from milo_bench.stats.cases.cache import CacheRule
from milo_bench.stats.cases.columns import Cases, CasesBuilder
from milo_bench.stats.cases.warm_failures import with_failures_aside


class WatchedWork:
    """One workload on one target while its run goes on. Only what was asked first, without a gap, is looked at.

    Answers come in the order in which they end, and quick ones may be right more often than slow ones; so an answer
    counts when all those that were asked before it are there. ``candidates`` are what is judged of it: one for each
    use of the workload, and their decodings may differ.
    """

    def __init__(
        self,
        contract: Workload,
        target: str,
        candidates: Sequence[Candidate],
        plan: Plan,
        fixtures: Sequence[str],
        *,
        price: Price | None = None,
        store_text: StoreText = "full",
    ) -> None:
        self.contract = contract
        self.workload, self.target = contract.name, target
        self.candidates = tuple(candidates)
        self.is_over = False
        self.looked_at = 0  # fixtures at the last look
        self._plan = plan
        self._withheld = frozenset(plan.withheld.get(target, ()))
        self.order: list[str] = []
        self._missing: dict[str, int] = {}
        self._finished: dict[str, list[tuple[Attempt, Graded, int]]] = {}
        variant = plan.variants.get(self.workload, "")
        self._builders = {
            decoding: CasesBuilder(self.workload, target, variant, decoding, price)
            for decoding in dict.fromkeys(one.decoding for one in candidates)
        }
        self._answers = {decoding: answers_of(contract, store_text) for decoding in self._builders}
        self._tried: dict[AttemptKey, tuple[Attempt, Graded, int]] = {}  # what is waited for to be tried again
        self._cases: dict[Candidate, Cases] | None = None  # until the next answer counts
        self.asked = 0  # fixtures, from the first one on, that all answers are in for
        self.add(fixtures)

    def judge_times_by(self, rule: CacheRule) -> None:
        """Which answers are warm; to be said before the first one."""
        for builder in self._builders.values():
            builder.cache = rule

    def add(self, fixtures: Sequence[str]) -> None:
        """``fixtures`` are asked after those that are planned."""
        kept = [fixture for fixture in fixtures if fixture not in self._withheld]
        self.order += kept
        for fixture in kept:
            keys = keys_of_fixtures(self._plan, (fixture,))
            self._missing[fixture] = sum(key.target == self.target for key in keys)

    def put(self, attempt: Attempt, graded: Graded, number: int) -> None:
        """An attempt on the fixture with that number; one that will be tried again does not count yet."""
        kind = attempt.failure.kind if attempt.failure is not None else None
        fixture = attempt.key.fixture
        if fixture not in self._missing:
            return
        if will_be_retried(kind, attempt.key.retry, self._plan):
            self._tried[without_retry(attempt.key)] = (attempt, graded, number)
            return
        self._tried.pop(without_retry(attempt.key), None)
        self._missing[fixture] -= 1
        self._finished.setdefault(fixture, []).append((attempt, graded, number))
        while self.asked < len(self.order) and self._missing[self.order[self.asked]] == 0:
            self._count(self._finished.pop(self.order[self.asked], []))
            self.asked += 1

    def _count(self, rows: list[tuple[Attempt, Graded, int]]) -> None:
        self._cases = None
        for attempt, graded, number in sorted(rows, key=lambda row: row[0].key.repeat):
            decoding = attempt.key.decoding
            if decoding not in self._builders:
                continue
            self._builders[decoding].add(attempt, graded, number)
            answers = self._answers[decoding]
            if answers is not None:
                answers.add(attempt, number)

    def is_answered(self, fixture: str) -> bool:
        """Whether all answers to ``fixture`` are in."""
        return self._missing.get(fixture) == 0

    def with_all(self) -> WatchedWork:
        """The same with all answers, after gaps too: of a run that is over and did not choose when to stop."""
        whole = copy(self)
        whole._builders = {decoding: deepcopy(builder) for decoding, builder in self._builders.items()}
        whole._answers = {decoding: deepcopy(answers) for decoding, answers in self._answers.items()}
        for rows in (*self._finished.values(), list(self._tried.values())):
            whole._count(rows)
        return whole

    @property
    def rest(self) -> Collection[str]:
        """Fixtures that are planned and not all in."""
        return self.order[self.asked :]

    def cases(self) -> dict[Candidate, Cases]:
        """The columns of all that counts so far, once for each use."""
        if self._cases is None:
            built = {decoding: with_failures_aside(builder.build()) for decoding, builder in self._builders.items()}
            self._cases = {one: replace(built[one.decoding], workload=one.workload) for one in self.candidates}
        return self._cases

    def answers(self, decoding: Decoding) -> Answers | None:
        """What was said in the answers that count; None where no answer is tried in the place of others."""
        return self._answers[decoding]


def will_be_retried(kind: FailureKind | None, retry: int, plan: Plan) -> bool:
    return kind is not None and kind not in NOT_RETRIED and retry < plan.retries


def judged_candidate(policy: PolicyFile, plan: Plan, name: str, target: str, fixtures: Iterable[Fixture]) -> Candidate:
    """What is judged of ``name``, a workload or a use of one: the run's contract, and the decoding that decides.

    That is the decoding that the policy decides on, if it is asked.
    """
    config = policy.workloads.get(name)
    workload = workload_of(name)
    wanted = config.decide_on.decoding if config is not None else "free"
    decoding = wanted if wanted in plan.decodings else "free" if "free" in plan.decodings else plan.decodings[0]
    free_only = frozenset(plan.free_only)
    if decoding == "constrained" and all(one.id in free_only for one in fixtures if one.workload == workload):
        decoding = "free"
    return Candidate(name, target, plan.variants.get(workload, ""), decoding)
