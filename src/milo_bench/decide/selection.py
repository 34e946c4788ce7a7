"""Findings of each workload in, the one that is chosen out: by the policy's rule, with the reason, for every reader.

The headline, routing.yaml, the launch sequence, the runbook and the money all follow this choice and no other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.routing.use_names import workload_of
from milo_bench.core.records import Measure
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.ends import ends_at_any_look, ends_of
from milo_bench.decide.gates.family import shared_confidence
from milo_bench.decide.records import Candidate, Choice, Figure, Finding, FindingKind, LinkedText, Replay, Source
from milo_bench.decide.replay.split import fit_part_of_groups
from milo_bench.stats.arrays import Bools
from milo_bench.stats.cases.measures import measure_cases
from milo_bench.stats.cases.rows import RateRows, select_rows

KINDS: tuple[FindingKind, ...] = ("keep", "fix", "defer", "reject")
SHIPS: tuple[FindingKind, ...] = ("keep", "fix")
_SEED = 0
_SECONDS, _DOLLARS, _BYTES = "latency_p50_s", "cost_usd_mean", "peak_memory_bytes"


def choose_findings(
    findings: Sequence[Finding], replays: Sequence[Replay], policy: PolicyFile, evidence: Evidence, figures: Figures
) -> tuple[Choice, ...]:
    """One choice a workload: of the mildest kind of finding, by the policy's ``choose``.

    Targets that pass every gate come first, those that pass as they are before those that need a fix, then the
    cheapest, quickest or best of them, or the first in the policy's ``order``. Where none passes, the finding that
    is nearest to passing stands for the workload, so that every page speaks of the same one. ``rate`` is the pass
    rate on the fixtures that did not choose it, with ends that hold for all targets compared at once (Bonferroni).
    """
    made = []
    for workload in dict.fromkeys(finding.workload for finding in findings):
        mine = [finding for finding in findings if finding.workload == workload]
        mildest = min((finding.kind for finding in mine), key=KINDS.index)
        among = [finding for finding in mine if finding.kind == mildest]
        ranking = _Ranking(workload, policy, evidence, figures)
        best = min(among, key=ranking.of)
        compared = rate = ""
        if len(mine) > 1:
            compared = figures.count(
                f"compared/{len(mine)}", "targets compared", len(mine), key="targets compared", of="the headline"
            )
            if mildest == "keep":
                rate = _rate(best.candidate, policy, evidence, figures, ~ranking.choosing, len(mine))
        taken = next((one.id for one in replays if one.chosen and _same_work(one, best)), "")
        made.append(
            Choice(
                workload=workload,
                target=best.target,
                finding=best.id,
                replay=taken if best.kind == "fix" else "",
                reason=ranking.reason(best, among, mine, compared),
                compared=compared,
                rate=rate,
            )
        )
    return tuple(made)


def _same_work(replay: Replay, finding: Finding) -> bool:
    return (replay.workload, replay.target) == (finding.workload, finding.target)


class _Ranking(Struct, frozen=True):
    """How the policy orders the targets of one workload."""

    workload: str
    policy: PolicyFile
    evidence: Evidence
    figures: Figures

    @property
    def choosing(self) -> Bools:
        return _choosing(self.workload, self.evidence)

    def of(self, finding: Finding) -> tuple[float | str, ...]:
        """Least first."""
        order = {target: place for place, target in enumerate(self.policy.order)}
        failed = sum(gate.outcome == "fail" for gate in finding.gates)
        undecided = sum(gate.outcome == "undecided" for gate in finding.gates)
        nearness: tuple[float, ...] = (0, 0)
        if finding.kind not in SHIPS:
            nearness = (failed, undecided, -_pass_rate(finding.candidate, self.evidence, self.choosing))
        return (*nearness, order.get(finding.target, len(order)), *self._by_rule(finding), finding.target)

    def _by_rule(self, finding: Finding) -> tuple[float, ...]:
        price, seconds, size = self._price(finding), self._value(finding, _SECONDS), self._value(finding, _BYTES)
        match self.policy.choose:
            case "cheapest":
                return (price, seconds, size)
            case "quickest":
                return (seconds, price, size)
            case "best":
                return (-_pass_rate(finding.candidate, self.evidence, self.choosing), price, seconds, size)

    def _price(self, finding: Finding) -> float:
        """Dollars a case; a machine of one's own costs its seconds, which come next."""
        target = self.evidence.targets[finding.target]
        return 0.0 if not target.hosted and target.price is None else self._value(finding, _DOLLARS)

    def _value(self, finding: Finding, measure: str) -> float:
        id = f"measure/{finding.candidate.text}/{measure}"
        value = self.figures[id].value if id in self.figures else None
        return math.inf if value is None else value

    def reason(self, best: Finding, among: Sequence[Finding], mine: Sequence[Finding], compared: str) -> LinkedText:
        """Why this one, in one sentence."""
        if len(mine) == 1:
            return ("It is the only target that was measured.",)
        of: LinkedText = (" of the ", self.figures.ref(compared), " compared")
        needs = " with a fix" if best.kind == "fix" else ""
        if best.kind not in SHIPS:
            return ("None", *of, f" passes every gate. {best.target} comes nearest.")
        if len(among) == 1:
            return ("The only one", *of, f" that passes every gate{needs}.")
        if best.target in self.policy.order:
            return (f"The first in the policy's order that passes every gate{needs}.",)
        word = {"cheapest": "The cheapest", "quickest": "The quickest", "best": "The best"}[self.policy.choose]
        return (word, *of, f" that passes every gate{needs}", *self._figure(best), ".")

    def _figure(self, best: Finding) -> LinkedText:
        hosted = self._price(best) > 0
        if self.policy.choose == "best":
            return (", by pass rate on the fixtures for choosing",)
        name = _DOLLARS if hosted and self.policy.choose == "cheapest" else _SECONDS
        id = f"measure/{best.candidate.text}/{name}"
        if id not in self.figures or self.figures[id].value is None:
            return ()
        of = " per case" if name == _DOLLARS or self.policy.choose == "quickest" else " of machine time per case"
        return (" (", self.figures.ref(id), f"{of})")


def _choosing(workload: str, evidence: Evidence) -> Bools:
    """By number of fixture, whether it is one to choose on; the same for every target."""
    table = evidence.fixtures
    here = [number for number, name in enumerate(table.workloads) if name == workload_of(workload)]
    part = np.zeros(len(table.ids), dtype=np.bool_)
    groups = table.clusters(np.array(here, dtype=np.int32)).tolist()
    part[here] = fit_part_of_groups([table.ids[number] for number in here], [workload] * len(here), groups, seed=_SEED)
    return part


def _pass_rate(candidate: Candidate, evidence: Evidence, fixtures: Bools) -> float:
    cases = evidence.cases[candidate]
    measure: Measure = measure_cases(cases, evidence.fixtures, "pass_rate", rows=fixtures[cases.fixture])
    return -1.0 if measure.value is None else measure.value


def _rate(
    candidate: Candidate, policy: PolicyFile, evidence: Evidence, figures: Figures, fixtures: Bools, compared: int
) -> str:
    cases = evidence.cases[candidate]
    rows = select_rows(cases, evidence.fixtures, "pass_rate", rows=fixtures[cases.fixture])
    assert isinstance(rows, RateRows)
    confidence = shared_confidence(policy, compared)
    # Of a run that stopped by what it saw, only bounds that hold at every look are good.
    every_look = candidate in evidence.looked_at or policy.looks == "any"
    ends = (ends_at_any_look if every_look else ends_of)(rows, evidence.fixtures.clusters(cases.fixture), confidence)
    if ends.value is None:
        return ""
    return figures.add(
        Figure(
            id=f"selected/{candidate.text}/pass_rate",
            title="pass rate on fixtures that did not choose the target",
            value=ends.value,
            unit="share",
            source=Source("measure", "selected:pass_rate", candidate.text),
            n=ends.n,
            k=ends.k,
            low=ends.low,
            high=ends.high,
            confidence=confidence,
            method=f"{ends.method}, each end one-sided",
            note=ends.note,
        )
    )
