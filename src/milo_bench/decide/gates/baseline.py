"""Policy and evidence in, whether the hosted baseline may take work that no local target is fit for out. Pure."""

from __future__ import annotations

from milo_bench.config.policy.file import PolicyFile
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.judge import baseline_candidate, judge_gates
from milo_bench.decide.records import Candidate, GateResult


def failed_by_baseline(policy: PolicyFile, evidence: Evidence, candidate: Candidate) -> tuple[GateResult, ...]:
    """The safety gates that the baseline fails on the same work; () also where no baseline was measured.

    Probes are of a runtime that the bench can look into, and a gate against the baseline says
    nothing of itself; neither is asked. Work that was rejected as unsafe is not sent to a model
    that failed the same gate. One that is undecided does not bar it: it may carry the work today.
    """
    baseline = baseline_candidate(policy, evidence, candidate)
    if baseline is None:
        return ()
    results = judge_gates(policy, evidence, baseline, Figures())
    return tuple(
        gate
        for gate in results
        if gate.safety and gate.outcome == "fail" and gate.against == "bound" and not gate.measure.startswith("probe:")
    )


def safe_baseline(policy: PolicyFile, evidence: Evidence, candidate: Candidate) -> Candidate | None:
    """The baseline's candidate, unless it fails a safety gate itself."""
    return None if failed_by_baseline(policy, evidence, candidate) else baseline_candidate(policy, evidence, candidate)
