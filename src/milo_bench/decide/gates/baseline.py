"""Policy and evidence in, whether the hosted baseline may take work that no local target is fit for out. Pure."""

from __future__ import annotations

from milo_bench.config.policy.file import PolicyFile
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.compared import baseline_candidate
from milo_bench.decide.gates.judge import judge_gates
from milo_bench.decide.records import Candidate, GateResult


def missed_by_baseline(policy: PolicyFile, evidence: Evidence, candidate: Candidate) -> tuple[GateResult, ...]:
    """The gates that the baseline fails or leaves undecided on the same work; () also where none was measured.

    Probes are of a runtime that the bench can look into, and a gate against the baseline says
    nothing of itself; neither is asked.
    """
    baseline = baseline_candidate(policy, evidence, candidate)
    if baseline is None:
        return ()
    results = judge_gates(policy, evidence, baseline, Figures())
    return tuple(
        gate
        for gate in results
        if gate.outcome != "pass" and gate.against == "bound" and not gate.measure.startswith("probe:")
    )


def passing_baseline(policy: PolicyFile, evidence: Evidence, candidate: Candidate) -> Candidate | None:
    """The baseline's candidate where it passes the same gates, else None: a reference is not a default."""
    baseline = baseline_candidate(policy, evidence, candidate)
    if baseline is None or missed_by_baseline(policy, evidence, candidate):
        return None
    return baseline
