"""Candidates that one headline chooses among in, the confidence that a pass of each needs out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from milo_bench.config.policy.file import PolicyFile
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.gates.judge import UNTESTED, passes_all
from milo_bench.decide.records import Candidate


def families(policy: PolicyFile, candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """``candidates`` in the groups within which the policy bounds the chance of any wrong keep."""
    if policy.error_family == "candidate":
        return [[candidate] for candidate in candidates]
    if policy.error_family == "headline":
        return [list(candidates)] if candidates else []
    grouped: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        grouped.setdefault(candidate.workload, []).append(candidate)
    return list(grouped.values())


def size_of_family(policy: PolicyFile, candidates: Sequence[Candidate], candidate: Candidate) -> int:
    """How many candidates share the error of ``candidate``."""
    return next((len(family) for family in families(policy, candidates) if candidate in family), 1)


def shared_confidence(policy: PolicyFile, size: int) -> float:
    """What each of ``size`` claims needs so that together they are wrong no more often than one (Bonferroni)."""
    return policy.confidence if size <= 1 else 1 - (1 - policy.confidence) / size


def family_confidences(
    policy: PolicyFile, evidence: Evidence, candidates: Sequence[Candidate]
) -> Mapping[Candidate, float]:
    """The confidence at which the gates of each candidate are judged.

    A candidate is kept where every gate passes, so its p-value is the largest of its gates (Berger 1982,
    Technometrics 24:295). Within a family those are held against each other by Holm (1979, Scand. J. Stat. 6:65), so
    that the chance of any wrong keep is at most one minus the policy's confidence. With a stated order, the targets of
    each workload are tested in that order (Maurer, Hothorn and Lehmacher 1995), each at the level of its whole
    sequence, up to and with the first that does not pass; those after it, and targets not named, get ``UNTESTED``:
    no gate of theirs passes.
    """
    found: dict[Candidate, float] = {}
    for family in families(policy, candidates):
        if policy.order:
            found |= _in_order(policy, evidence, family)
        else:
            found |= _holm(policy, evidence, family)
    return found


def _holm(policy: PolicyFile, evidence: Evidence, family: Sequence[Candidate]) -> dict[Candidate, float]:
    found: dict[Candidate, float] = {}
    left = list(family)
    # What does not pass alone passes among no others, and need not be judged again.
    able = {
        one for one in family if len(family) > 1 and passes_all(policy, evidence, one, confidence=policy.confidence)
    }
    while left:
        needed = shared_confidence(policy, len(left))
        passing = [one for one in left if one in able and passes_all(policy, evidence, one, confidence=needed)]
        if not passing or len(left) == 1:
            return found | dict.fromkeys(left, needed)
        found |= dict.fromkeys(passing, needed)
        left = [one for one in left if one not in found]
    return found


def _in_order(policy: PolicyFile, evidence: Evidence, family: Sequence[Candidate]) -> dict[Candidate, float]:
    found = dict.fromkeys(family, UNTESTED)
    workloads = dict.fromkeys(candidate.workload for candidate in family)
    needed = shared_confidence(policy, len(workloads))
    for workload in workloads:
        by_target = {candidate.target: candidate for candidate in family if candidate.workload == workload}
        for target in policy.order:
            candidate = by_target.get(target)
            if candidate is None:
                continue
            found[candidate] = needed
            if not passes_all(policy, evidence, candidate, confidence=needed):
                break
    return found
