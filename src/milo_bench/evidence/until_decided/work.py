"""The answers to one workload on one target in, those of whole fixtures in the order of the plan out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from milo_bench.config.policy.file import PolicyFile
from milo_bench.core.records import Attempt, FailureKind, Fixture, Graded, Plan, Price
from milo_bench.decide.records import Candidate
from milo_bench.run.plan import keys_of_fixtures
from milo_bench.run.schedule import NOT_RETRIED
from milo_bench.stats.cases.cache import CacheRule
from milo_bench.stats.cases.columns import Cases, CasesBuilder


class WatchedWork:
    """One candidate while its run goes on. Only what was asked first, without a gap, is looked at.

    Answers come in the order in which they end, and quick ones may be right more often than slow ones; so an answer
    counts when all those that were asked before it are there.
    """

    def __init__(self, candidate: Candidate, plan: Plan, fixtures: Sequence[str], price: Price | None) -> None:
        self.candidate = candidate
        self.is_over = False
        self.looked_at = 0  # fixtures at the last look
        self._plan = plan
        self._withheld = frozenset(plan.withheld.get(candidate.target, ()))
        self.order: list[str] = []
        self._missing: dict[str, int] = {}
        self._finished: dict[str, list[tuple[Attempt, Graded, int]]] = {}
        self._builder = CasesBuilder(candidate.workload, candidate.target, candidate.variant, candidate.decoding, price)
        self.asked = 0  # fixtures, from the first one on, that all answers are in for
        self.add(fixtures)

    def judge_times_by(self, rule: CacheRule) -> None:
        """Which answers are warm; to be said before the first one."""
        self._builder.cache = rule

    def add(self, fixtures: Sequence[str]) -> None:
        """``fixtures`` are asked after those that are planned."""
        kept = [fixture for fixture in fixtures if fixture not in self._withheld]
        self.order += kept
        target = self.candidate.target
        for fixture in kept:
            keys = keys_of_fixtures(self._plan, (fixture,))
            self._missing[fixture] = sum(key.target == target for key in keys)

    def put(self, attempt: Attempt, graded: Graded, number: int) -> None:
        """An attempt on the fixture with that number; one that will be tried again does not count yet."""
        kind = attempt.failure.kind if attempt.failure is not None else None
        if will_be_retried(kind, attempt.key.retry, self._plan) or attempt.key.fixture not in self._missing:
            return
        fixture = attempt.key.fixture
        self._missing[fixture] -= 1
        self._finished.setdefault(fixture, []).append((attempt, graded, number))
        while self.asked < len(self.order) and self._missing[self.order[self.asked]] == 0:
            for row in self._finished.pop(self.order[self.asked], ()):
                if row[0].key.decoding == self.candidate.decoding:
                    self._builder.add(*row)
            self.asked += 1

    @property
    def rest(self) -> Collection[str]:
        """Fixtures that are planned and not all in."""
        return self.order[self.asked :]

    def cases(self) -> Cases:
        """The columns of all that counts so far."""
        return self._builder.build()


def will_be_retried(kind: FailureKind | None, retry: int, plan: Plan) -> bool:
    return kind is not None and kind not in NOT_RETRIED and retry < plan.retries


def judged_candidate(
    policy: PolicyFile, plan: Plan, workload: str, target: str, fixtures: Iterable[Fixture]
) -> Candidate:
    """What is judged: the contract of the run, and the decoding that the policy decides on, if it is asked."""
    config = policy.workloads.get(workload)
    wanted = config.decide_on.decoding if config is not None else "free"
    decoding = wanted if wanted in plan.decodings else plan.decodings[0]
    free_only = frozenset(plan.free_only)
    if decoding == "constrained" and all(one.id in free_only for one in fixtures if one.workload == workload):
        decoding = "free"
    return Candidate(workload, target, plan.variants.get(workload, ""), decoding)
