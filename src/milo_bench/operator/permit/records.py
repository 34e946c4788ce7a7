"""What a permission for operator work says, as frozen records; a JSON document of them is the permit file."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from milo_bench.config.policy.operator import Level
from milo_bench.core.records import Frozen
from milo_bench.operator.cost import OperatorCost
from milo_bench.operator.totals import OperatorTotal

PERMIT_SCHEMA: Final = 1

Granted: TypeAlias = Level | Literal["none"]
PermitOutcome: TypeAlias = Literal["holds", "fails", "undecided"]
PermitRuleName: TypeAlias = Literal[
    "clean passes",
    "trials",
    "behaviour",
    "task",
    "minefields",
    "missed traps",
    "tasks tried",
    "void trials",
    "age of the evidence",
]

LEVEL_NAMES: Final[dict[Granted, str]] = {
    "none": "none",
    "drafting": "drafting only",
    "read_only": "read-only operator",
    "with_verifier": "operator with verifier",
    "operator": "operator",
}


class Criterion(Frozen, frozen=True, omit_defaults=False):
    """One rule of one level, judged. ``k`` of ``n`` trials; ``low`` and ``high`` are one-sided bounds.

    ``more`` is the least number of further trials that could decide it in favour, None where no
    number could or none is needed; ``more_at_this_rate`` is how many it takes if they go as before.
    """

    rule: PermitRuleName
    subject: str
    outcome: PermitOutcome
    text: str
    k: int = 0
    n: int = 0
    low: float | None = None
    high: float | None = None
    bound: float | None = None
    more: int | None = None
    more_at_this_rate: int | None = None


class LevelResult(Frozen, frozen=True, omit_defaults=False):
    """One level of one kind of work: it holds where all criteria do, fails where one fails."""

    level: Level
    outcome: PermitOutcome
    criteria: tuple[Criterion, ...]


class KindPermission(Frozen, frozen=True, omit_defaults=False):
    """The permission for one kind of work.

    ``next_level`` is the first level that was not granted ("" where all were), ``next_outcome``
    why: it fails, or it is undecided and ``more`` further trials, all of them good, could decide
    it; ``more_at_this_rate`` if they go as before, None where that never does. ``supports`` is the
    failure rate under which this many trials can show it at best; ``proves`` says so in words.
    """

    kind: str
    title: str
    level: Granted
    next_level: Level | Literal[""]
    next_outcome: PermitOutcome
    more: int | None
    more_at_this_rate: int | None
    reasons: tuple[str, ...]
    supports: float
    proves: str
    trials: int
    results: tuple[LevelResult, ...]


class PermissionEvidence(Frozen, frozen=True, omit_defaults=False):
    """Where the permission comes from. ``regraded`` episodes were played and graded again from their event logs."""

    runs: tuple[str, ...]
    logs: tuple[str, ...]
    created_at: str  # the oldest of the runs: the evidence is as old as that
    suite: str
    tool_versions: tuple[str, ...]
    protocols: tuple[str, ...]
    episodes: int
    regraded: int


class OperatorPermit(Frozen, frozen=True, omit_defaults=False):
    """What one target may be given, why, and until when. Dates are ISO 8601; ``expires`` is the last valid day."""

    target: str
    model: str
    model_digest: str
    quantisation: str
    runtime: str
    runtime_version: str
    seeds: tuple[int, ...]
    bench_version: int
    issued: str
    expires: str
    policy: str
    policy_hash: str
    confidence: float
    kinds: tuple[KindPermission, ...]
    void_when: tuple[str, ...]
    notes: tuple[str, ...]
    total: OperatorTotal
    cost: OperatorCost
    evidence: PermissionEvidence
    configuration: str = ""  # digest over adapters, chat template, cache, flags and parameters

    def level_for(self, kind: str) -> Granted:
        """The level granted for ``kind``; none for a kind that the policy did not name."""
        return next((granted.level for granted in self.kinds if granted.kind == kind), "none")


class PermitFile(Frozen, frozen=True, omit_defaults=False):
    """All permits of one call, one a target."""

    permits: tuple[OperatorPermit, ...]
    schema_version: int = PERMIT_SCHEMA
