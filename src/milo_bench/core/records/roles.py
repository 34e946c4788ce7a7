"""What mining, selftests and promotions of roles give a person to read, as plain records."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from milo_bench.core.records import Frozen


class MiningEvent(Struct, frozen=True):
    """One commit judged for one role: ``reason`` is "" where it gave ``cases`` cases."""

    role: str
    commit: str
    subject: str
    cases: int
    reason: str = ""


class MiningSummary(Frozen, frozen=True, omit_defaults=False):
    """What a call of mining left: ``cases`` by role of the whole folder, ``rejected`` by role and reason.

    ``new`` and ``examined`` count those of this call; ``why`` says how it ended.
    """

    repository: str
    cases: dict[str, int]
    rejected: dict[str, dict[str, int]]
    new: int
    examined: int
    wall_s: float
    why: str
    notes: tuple[str, ...] = ()


class RolesSelftestRow(Frozen, frozen=True, omit_defaults=False):
    """One kind of answer to one workload. ``passed`` of ``answers``; ``wanted`` is the share that must pass.

    ``upper`` says that it is a ceiling. ``fooled`` are the fixtures where it came out otherwise.
    """

    workload: str
    kind: str
    answers: int
    passed: int
    wanted: float
    upper: bool = False
    caught_by: dict[str, int] = {}
    fooled: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        if not self.answers:
            return True
        share = self.passed / self.answers
        return share <= self.wanted if self.upper else share == self.wanted


class RolesSelftest(Struct):
    """All rows, and whether every one is as it must be."""

    suite: str
    note: str = ""
    rows: list[RolesSelftestRow] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return bool(self.rows) and all(row.ok for row in self.rows)


Confirmed = Literal["", "yes", "no"]


class ReviewLabel(Frozen, frozen=True, omit_defaults=False):
    """A mined label that a person can confirm: ``commit`` brought the fault in ``lines``, which ``fixes`` mended.

    ``diff`` is the change with line numbers.
    """

    fixture: str
    commit: str
    fixes: tuple[str, ...]
    lines: dict[str, tuple[int, ...]]
    diff: str
    confirmed: Confirmed = ""


class SilverLabels(Frozen, frozen=True, omit_defaults=False):
    """What a person said of ``sampled`` mined labels: ``right`` were confirmed and ``wrong`` rejected."""

    sampled: int
    right: int
    wrong: int


class EscalationAnswer(Frozen, frozen=True, omit_defaults=False):
    """How one target did on one review: the evidence behind an ``EscalationReport``.

    ``passed`` is the check's verdict, ``accepts`` the answer's own one, ``answered`` whether there was one at all.
    ``faulty`` says that a later fix mended the change: to pass is to catch the fault. ``cost_usd`` is None if unknown.
    """

    fixture: str
    passed: bool
    accepts: bool
    faulty: bool
    answered: bool = True
    cost_usd: float | None = None
    latency_s: float | None = None


class EscalationStep(Frozen, frozen=True, omit_defaults=False):
    """What one target of a chain answered. ``accepted`` of ``asked`` passed the check, ``overturned`` were accepted.

    ``failed`` of them gave no answer: they go on to the next step.

    ``incumbent_wrong`` counts cases that this step got right and the incumbent wrong, ``incumbent_right`` the
    reverse. ``all_at_once_usd`` is what it would have cost to ask this target about every review.
    ``answers`` are the step's, ``at_once`` the same target's to every review, where the run itself has them.
    """

    target: str
    number: int
    asked: int
    accepted: int
    overturned: int
    incumbent_wrong: int
    incumbent_right: int
    cost_usd: float | None
    cost_per_accepted_usd: float | None
    all_at_once_usd: float | None
    latency_p50_s: float | None
    log: str
    failed: int = 0
    answers: tuple[EscalationAnswer, ...] = ()
    at_once: tuple[EscalationAnswer, ...] = ()


class EscalationReport(Frozen, frozen=True, omit_defaults=False):
    """What escalation bought in one role: ``rejected`` of ``reviews`` by the incumbent, ``left`` are still open.

    ``answers`` are the incumbent's own to all reviews; none in a report of an earlier version.
    """

    role: str
    incumbent: str
    reviews: int
    rejected: int
    steps: tuple[EscalationStep, ...] = ()
    left: int = 0
    answers: tuple[EscalationAnswer, ...] = ()
