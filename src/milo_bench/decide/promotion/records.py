"""What decides who has a role: outcomes of one target, pairs of two, and the verdict with its evidence."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from milo_bench.core.records import Frozen
from milo_bench.core.records.roles import EscalationReport

RoleVerdict: TypeAlias = Literal["promote", "hold", "reject", "retire"]
CostTier: TypeAlias = Literal["free", "paid", "unknown"]
LiveVerdict: TypeAlias = Literal["not_worse", "undecided", "worse"]


class RoleOutcome(Frozen, frozen=True, omit_defaults=False):
    """How one target did on one case of a role.

    ``pain_min`` is what a person spends on the answer, in minutes. ``hard`` is an answer that cannot be used at all,
    one that cheats, or none. ``group`` is the commit: its cases are one cluster. ``time`` is the commit's, in seconds
    since 1970. ``false_alarms`` counts comments on code that nobody had to mend.
    """

    fixture: str
    workload: str
    group: str
    accepted: bool
    hard: bool
    pain_min: float
    time: int = 0
    latency_s: float | None = None
    cost_usd: float | None = None
    false_alarms: int = 0
    why: str = ""


class RolePair(Frozen, frozen=True, omit_defaults=False):
    """Challenger minus incumbent on the cases of one commit, each positive where the challenger is better.

    Differences lie between -1 and 1: minutes are divided by the policy's most. ``cases`` is how many fixtures.
    """

    group: str
    acceptance: float
    pain: float
    hard: float
    cases: int = 1
    time: int = 0


class RateFigure(Frozen, frozen=True, omit_defaults=False):
    """A rate or a mean of one target with n and its interval; ``value`` is None for no data."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    unit: str = "share"


class PeopleFigure(Frozen, frozen=True, omit_defaults=False):
    """What people scored answers of one target to one workload, from 1 to 5, by question of the review sheet."""

    question: str
    workload: str
    score: RateFigure


class TargetFigures(Frozen, frozen=True, omit_defaults=False):
    """The measures of one target in one role. ``people`` stands beside review pain and decides nothing."""

    target: str
    family: str
    tier: CostTier
    cases: int
    acceptance_rate: RateFigure
    weighted_pass: RateFigure
    review_pain: RateFigure
    hard_failure_rate: RateFigure
    latency_p50_s: float | None = None
    cost_per_case_usd: float | None = None
    released: str = ""
    before_release: int = 0
    people: tuple[PeopleFigure, ...] = ()


class MeasureComparison(Frozen, frozen=True, omit_defaults=False):
    """Challenger against incumbent in one measure. ``low`` and ``high`` hold however often somebody looks.

    ``difference`` is positive where the challenger is better, in the measure's own unit. ``not_worse`` says that the
    lower bound is above minus the margin, ``worse`` that the upper bound is below 0. ``further`` is how many more
    commits decide it if the estimate holds: 0 where it is decided, None where none of a million would.
    """

    measure: Literal["acceptance_rate", "review_pain", "hard_failure_rate"]
    difference: float | None
    low: float
    high: float
    margin: float
    n: int
    not_worse: bool
    worse: bool
    further: int | None = None


class ChallengerDecision(Frozen, frozen=True, omit_defaults=False):
    """What becomes of one challenger, and why. ``further`` is how many more commits may decide a hold."""

    target: str
    verdict: RoleVerdict
    reasons: tuple[str, ...]
    comparisons: tuple[MeasureComparison, ...] = ()
    pairs: int = 0
    further: int | None = None
    rejections: int = 0


class LiveTrial(Frozen, frozen=True, omit_defaults=False):
    """A challenger beside an incumbent on live work of one rule, by measures that need no right answer.

    ``answers`` are the challenger's, ``others`` the incumbent's, ``pairs`` what was compared: in shadow two answers to
    one request, else a run of canary answers and the incumbent's between them. ``unchecked`` of the answers were under
    no check, so that only whether they came is known. Times are medians in seconds. ``verdict`` is what the roles'
    rules make of it, ``missing`` what a promotion still needs.
    """

    rule: str
    mode: Literal["canary", "shadow"]
    incumbent: str
    challenger: str
    role: str
    workloads: tuple[str, ...]
    live: LiveVerdict
    verdict: RoleVerdict
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    comparisons: tuple[MeasureComparison, ...]
    answers: int
    others: int
    pairs: int
    unchecked: int
    checks: tuple[str, ...]
    queued: tuple[int, int] | None  # requests that a person got: the challenger's, the incumbent's; None in shadow
    failed: dict[str, tuple[int, int]]  # by check or "no answer": the challenger's, the incumbent's
    p50_s: tuple[float | None, float | None]
    further: int | None = None


class RoleDecision(Frozen, frozen=True, omit_defaults=False):
    """One role after a run: who has it now, who had it, and what was found. ``notes`` are warnings."""

    role: str
    incumbent: str
    before: str
    challengers: tuple[str, ...]
    figures: tuple[TargetFigures, ...]
    decisions: tuple[ChallengerDecision, ...]
    cases: int
    looks: int = 1
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return self.incumbent != self.before


class RegistryChange(Frozen, frozen=True, omit_defaults=False):
    """One value that a promotion changed in a file, so that it can be put back. ``keys`` lead to it."""

    file: str
    keys: tuple[str | int, ...]
    before: Any
    after: Any


class PromotionRecord(Frozen, frozen=True, omit_defaults=False):
    """One line of the history: a look at the evidence, a promotion that was applied, or one that was taken back.

    ``logs`` gives the SHA-256 of each run log by its name, ``cases`` the digest of the case set, ``models`` the digest
    of each target's weights where they are known. ``pairs`` and ``outcomes`` are by role and target: the evidence
    from which every figure can be computed again. ``escalations`` are what the chains did with the logs' reviews: told,
    and no evidence for a promotion. ``review`` is the SHA-256 of the review whose scores of people are shown.
    ``shared`` says that all challengers that an incumbent ever had
    share the error, and not those of one look, as it once was. ``previous`` is the SHA-256 of the line before.
    """

    kind: Literal["decision", "applied", "rolled_back"]
    at: str
    previous: str = ""
    logs: dict[str, str] = {}
    suites: dict[str, str] = {}
    cases: str = ""
    models: dict[str, str] = {}
    registry: str = ""
    tool_version: str = ""
    roles: tuple[RoleDecision, ...] = ()
    pairs: dict[str, dict[str, tuple[RolePair, ...]]] = {}
    outcomes: dict[str, dict[str, tuple[RoleOutcome, ...]]] = {}
    changes: tuple[RegistryChange, ...] = ()
    role: str = ""
    report: str = ""
    fresh: bool = False
    recorded: str = ""
    shared: bool = False
    escalations: tuple[EscalationReport, ...] = ()
    review: str = ""
