"""A candidate in, the baseline's candidate that it is compared with, or why it cannot be, out. Pure."""

from __future__ import annotations

import numpy as np

from milo_bench.config.policy.file import PolicyFile
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import Candidate


def baseline_candidate(policy: PolicyFile, evidence: Evidence, candidate: Candidate) -> Candidate | None:
    """The hosted baseline's own candidate: same contract and decoding, or else the shipped contract, free."""
    wanted = [
        replace_target(candidate, policy.baseline),
        Candidate(candidate.workload, policy.baseline, candidate.variant),
        Candidate(candidate.workload, policy.baseline),
    ]
    return next((one for one in wanted if one in evidence.cases), None)


def replace_target(candidate: Candidate, target: str) -> Candidate:
    """The same workload, contract and decoding on another target."""
    return Candidate(candidate.workload, target, candidate.variant, candidate.decoding)


def find_baseline(policy: PolicyFile, evidence: Evidence, candidate: Candidate) -> tuple[Candidate | None, str]:
    """What the candidate is compared with, or why it cannot be."""
    if not policy.baseline:
        return None, "the policy has no baseline"
    baseline = baseline_candidate(policy, evidence, candidate)
    if baseline is None:
        return None, "the baseline was not run on this workload"
    ours = np.unique(evidence.cases[candidate].fixture)
    theirs = np.unique(evidence.cases[baseline].fixture)
    apart = np.setxor1d(ours, theirs, assume_unique=True)
    order = evidence.looked_at.get(candidate, evidence.looked_at.get(baseline))
    if order is not None:
        # Asked in one order, each until it was decided: up to where the shorter one ends both have the same.
        apart = apart[order[apart] <= min(order[ours].max(initial=-1), order[theirs].max(initial=-1))]
    # Sensitive fixtures are withheld from hosted targets; any other difference means two runs that do not compare.
    if not evidence.fixtures.sensitive[apart].all():
        return None, "the target and the baseline were run on different fixtures"
    return baseline, ""
