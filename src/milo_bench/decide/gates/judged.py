"""What a model judge recorded and its licence in, the bounds of the rate that people would give out; never a raw rate.

A judge counts for a candidate where all its verdicts are by one judge (model, prompt and check), the log holds that
judge's calibration, the calibration clears the policy's terms, and the decision is made before it expires.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.measures import known_measures, parse_slice
from milo_bench.config.policy.models import GateConfig
from milo_bench.core.records import JudgeLicence
from milo_bench.core.records.judgements import JUDGED
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.ends import IntervalEnds, no_ends
from milo_bench.decide.records import Candidate, Figure, LinkedText, Source
from milo_bench.stats.arrays import Bools, Floats
from milo_bench.stats.cases.columns import NOT_JUDGED, UNJUDGED, Cases
from milo_bench.stats.cases.rows import failed, rows_in_slice
from milo_bench.stats.intervals import effective_n
from milo_bench.stats.judge_calibration import Confusion, as_recorded, corrected_ends
from milo_bench.stats.judge_licence import JudgeFigures, is_expired, judge_figures

METHOD: Final = "rogan_gladen_fieller"
NO_BASELINE: Final = "a rate that rests on a model judge is not compared with the baseline"


class JudgeStanding(Struct, frozen=True):
    """How the judge ``name`` counts for a candidate. ``problem`` says why it does not, "" where it does."""

    name: str
    problem: str = ""
    calibration: JudgeLicence | None = None
    figures: JudgeFigures | None = None


class JudgedRate(Struct, frozen=True):
    """Ends of a rate that rests on a judge, and the rate as the judge said it."""

    candidate: Candidate
    ends: IntervalEnds
    judge: JudgeStanding
    raw: float | None = None


def judge_of(gate: GateConfig, evidence: Evidence, candidate: Candidate) -> str:
    """The judge that ``gate`` rests on: the one that it names, or that of the workload's own check; "" for none."""
    for part in parse_slice(gate.slice, gate.measure) if gate.measure else ():
        if part.name == "judge":
            return part.value
    if gate.measure != "pass_rate":
        return ""
    workload = evidence.workloads.get((candidate.workload, candidate.variant))
    named = (
        {str(spec.params.get("judge", "")) for spec in workload.checks if spec.name == JUDGED} if workload else set()
    )
    return named.pop() if len(named) == 1 else ""


def judge_standing(policy: PolicyFile, evidence: Evidence, candidate: Candidate, name: str) -> JudgeStanding:
    """Whether the verdicts of ``name`` on the candidate's answers count, by the terms of ``policy``."""
    digests = evidence.cases[candidate].judges.get(name, ())
    if not digests:
        return JudgeStanding(name, f"the judge '{name}' recorded no verdict")
    if len(digests) > 1:
        return JudgeStanding(name, f"its verdicts are by several versions of the judge '{name}'")
    calibration = evidence.licences.get(digests[0])
    if calibration is None:
        return JudgeStanding(name, f"the judge '{name}' has no licence")
    figures = judge_figures(calibration, policy.judges)
    if not figures.licence.granted:
        why = ", ".join(figures.licence.lacks)
        return JudgeStanding(name, f"the judge '{name}' was refused a licence ({why})", calibration, figures)
    if evidence.today is None or is_expired(calibration, evidence.today):
        return JudgeStanding(name, f"the licence of the judge '{name}' has expired", calibration, figures)
    return JudgeStanding(name, "", calibration, figures)


def judged_rate(
    policy: PolicyFile,
    evidence: Evidence,
    candidate: Candidate,
    gate: GateConfig,
    confidence: float,
    *,
    rows: Bools | None = None,
) -> JudgedRate:
    """The ends of ``gate``'s rate, each one-sided at ``confidence``; without ends where the judge does not count."""
    name = judge_of(gate, evidence, candidate)
    standing = judge_standing(policy, evidence, candidate, name)
    if standing.problem or standing.figures is None:
        return JudgedRate(candidate, no_ends(standing.problem), standing)
    cases = evidence.cases[candidate]
    columns = _columns(cases, evidence, gate, name, rows)
    clusters = evidence.fixtures.clusters(cases.fixture)
    n = int(columns.asked.sum())
    if not n:
        return JudgedRate(candidate, no_ends("no answer was judged"), standing)
    labelled = as_recorded(standing.figures.labelled)
    low, high = _ends(columns, clusters, labelled, confidence)
    sure, unknown = float(columns.sure.sum()) / n, float(columns.unknown.sum()) / n
    said, eligible = float(columns.said.sum()) / n, float(columns.eligible.sum()) / n
    youden = (labelled.sensitivity or 0.0) - false_accepts(labelled)
    value = min(eligible, max(0.0, (said - eligible * false_accepts(labelled)) / youden)) if youden > 0 else None
    fixtures = len(np.unique(cases.fixture[columns.asked]))
    groups = len(np.unique(clusters[columns.asked]))
    ends = IntervalEnds(
        None if value is None else sure + value,
        # What nobody judged counts against the candidate at its low end, and for it at its high end (Manski 1989).
        min(1.0, sure + low),
        min(1.0, sure + high + unknown),
        n,
        fixtures,
        METHOD,
        unjudged=int(columns.unknown.sum()),
        groups=groups if groups < fixtures else None,
        confidence=confidence,
    )
    return JudgedRate(candidate, ends, standing, sure + said)


def false_accepts(labelled: Confusion) -> float:
    """How often the judge accepts what people reject."""
    return labelled.false_yes / labelled.no if labelled.no else 1.0


class _Columns(Struct, frozen=True):
    """In each row: ``asked`` belongs to the rate, ``sure`` passed without a judge, ``eligible`` is good if the judge is
    right to accept it, ``said`` was accepted, of ``unknown`` nothing is known.
    """

    asked: Bools
    sure: Bools
    eligible: Bools
    said: Bools
    unknown: Bools


def _columns(cases: Cases, evidence: Evidence, gate: GateConfig, name: str, rows: Bools | None) -> _Columns:
    column = cases.judged[name]
    keep = rows_in_slice(cases, evidence.fixtures, gate.measure, slice=gate.slice, rows=rows)
    if gate.measure == "pass_rate":
        # A failed attempt is a miss, and so is an answer that another check failed.
        asked, unjudged = keep, keep & (cases.outcome == UNJUDGED)
        left_open = np.zeros(len(cases), dtype=np.bool_)
        for check, held in cases.held.items():
            left_open |= (held == UNJUDGED) & (check != JUDGED)
        unknown = unjudged & (left_open | (column == NOT_JUDGED))
        eligible, sure = unjudged & ~unknown, keep & (cases.outcome == 1)
    else:
        asked = keep & ~cases.bypassed
        answered = asked & ~failed(cases)
        unknown = answered & (column == NOT_JUDGED)
        eligible, sure = answered & ~unknown, np.zeros(len(cases), dtype=np.bool_)
    return _Columns(asked, sure, eligible, eligible & (column == 1), unknown)


def _ends(
    columns: _Columns, clusters: NDArray[np.int32], labelled: Confusion, confidence: float
) -> tuple[float, float]:
    def in_clusters(column: Bools) -> Floats:
        return np.bincount(clusters[columns.asked], weights=column[columns.asked]).astype(np.float64)

    asked = in_clusters(columns.asked)
    there = asked > 0
    said, eligible, asked = in_clusters(columns.said)[there], in_clusters(columns.eligible)[there], asked[there]
    n = float(asked.sum())
    effective = n if (asked <= 1).all() else effective_n(said, asked, confidence)
    parts = float(said.sum()) / n * effective, float(eligible.sum()) / n * effective
    return corrected_ends(*parts, effective, labelled, confidence)


def licence_clause(judged: JudgedRate | None, id: str, name: str, figures: Figures) -> LinkedText:
    """What the rate ``name`` was before it was corrected (a figure of its own, ``id``), and the licence it rests on."""
    if judged is None or judged.raw is None or judged.judge.calibration is None:
        return ()
    calibration, of = judged.judge.calibration, judged.candidate.text
    source = Source("judge", id, of)
    raw = figures.add(Figure(id, f"{name}, as the judge said", judged.raw, "share", source, n=judged.ends.n))
    return (
        f", corrected for the errors of the judge '{calibration.name}', which accepted ",
        figures.ref(raw),
        f" (licence until {calibration.expires})",
    )


def rests_on_judge(gate: GateConfig, evidence: Evidence, candidate: Candidate) -> bool:
    """Whether no figure of ``gate`` can be had without a model judge."""
    if known_measures()[gate.measure].kind == "judged":
        return True
    return gate.measure == "pass_rate" and has_judged_check(evidence, candidate)


def has_judged_check(evidence: Evidence, candidate: Candidate) -> bool:
    """Whether the contract of the candidate has a check that rests on a model judge."""
    workload = evidence.workloads.get((candidate.workload, candidate.variant))
    return workload is not None and any(spec.name == JUDGED for spec in workload.checks)
