"""Findings of each workload in, the one that its headline names out, with a rate that the choice did not improve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from milo_bench.config.policy.file import PolicyFile
from milo_bench.core.records import Measure
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.ends import ends_of
from milo_bench.decide.gates.family import shared_confidence
from milo_bench.decide.records import Candidate, Figure, Finding, FindingKind, Source
from milo_bench.decide.replay.split import fit_part
from milo_bench.stats.arrays import Bools
from milo_bench.stats.cases.measures import measure_cases
from milo_bench.stats.cases.rows import RateRows, select_rows

KINDS: tuple[FindingKind, ...] = ("keep", "fix", "defer", "reject")
_SEED = 0


@dataclass(frozen=True)
class Selected:
    """What a headline names. ``compared`` and ``rate`` are ids of figures, "" where nothing else was compared."""

    finding: Finding
    compared: str = ""
    rate: str = ""


def select_best(
    findings: Sequence[Finding], policy: PolicyFile, evidence: Evidence, figures: Figures
) -> Mapping[str, Selected]:
    """By workload: the finding of the mildest kind, of those the first in the policy's order, or else the one with
    the highest pass rate on two fifths of the fixtures.

    ``rate`` is its pass rate on the other fixtures, which did not choose it, with ends that hold for all targets
    compared at once (Bonferroni), so also for the one that was chosen.
    """
    found: dict[str, Selected] = {}
    for workload in dict.fromkeys(finding.workload for finding in findings):
        mine = [finding for finding in findings if finding.workload == workload]
        mildest = min((finding.kind for finding in mine), key=KINDS.index)
        among = [finding for finding in mine if finding.kind == mildest]
        if len(mine) == 1:
            found[workload] = Selected(mine[0])
            continue
        choosing = _choosing(workload, evidence)
        order = {target: place for place, target in enumerate(policy.order)}
        best = min(
            among,
            key=lambda one: (order.get(one.target, len(order)), -_pass_rate(one.candidate, evidence, choosing)),
        )
        compared = figures.count(
            f"compared/{len(mine)}", "targets compared", len(mine), key="targets compared", of="the headline"
        )
        rate = _rate(best.candidate, policy, evidence, figures, ~choosing, len(mine)) if mildest == "keep" else ""
        found[workload] = Selected(best, compared, rate)
    return found


def _choosing(workload: str, evidence: Evidence) -> Bools:
    """By number of fixture, whether it is one to choose on; the same for every target."""
    table = evidence.fixtures
    here = [number for number, name in enumerate(table.workloads) if name == workload]
    part = np.zeros(len(table.ids), dtype=np.bool_)
    part[here] = fit_part([table.ids[number] for number in here], [workload] * len(here), seed=_SEED)
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
    ends = ends_of(rows, cases.fixture, confidence)
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
