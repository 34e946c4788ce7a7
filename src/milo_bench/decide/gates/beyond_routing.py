"""Answers and a policy in, the gates that no routing of these answers could pass out. Pure.

A routing rule chooses which answers go on without a person. If it lets a share of at least m of all cases through and
at least a share b of those is good, then the good answers are at least b*m of all cases, wherever the rule draws its
line. So where the share of good answers lies below b*m, a gate at b fails under every rule that automates m.

Cases of one story, and repeats of a case, are a cluster that counts once in a gate. A rule may let the best of each
through, and the largest clusters first. So each cluster is worth its best answer h, and a rule that passes touches at
least m*mean size/largest size of them: the mean of h is at least b*m*mean size/largest size.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.measures import known_measures
from milo_bench.config.policy.models import GateConfig
from milo_bench.config.policy.remedies import REMEDIES
from milo_bench.config.routing.use_names import workload_of
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.gates.flagged import waits_for_labels
from milo_bench.decide.gates.judge import ends_of_rows, gate_rows
from milo_bench.decide.gates.judged import rests_on_judge
from milo_bench.decide.gates.null_model import is_of_labels, nothing_was_read
from milo_bench.decide.records import Candidate
from milo_bench.stats.arrays import Floats
from milo_bench.stats.cases.rows import RateRows

LEAST_CLUSTERS: Final = 10  # before anything is called beyond routing; the bound alone would hold from the first


def beyond_routing(policy: PolicyFile, evidence: Evidence, candidate: Candidate) -> tuple[GateConfig, ...]:
    """The gates of ``candidate`` that no rule on its own answers could pass, at the policy's confidence.

    The bounds are those of the gates themselves. Nothing is said where the policy allows a fix that changes the
    answers, or of fewer than ``LEAST_CLUSTERS``. Another target, variant or decoding is another candidate.
    """
    config, cases = policy.workloads.get(candidate.workload), evidence.cases.get(candidate)
    if config is None or cases is None or config.min_automated_share <= 0:
        return ()
    if any(REMEDIES.get(name).rewrites for name in config.remedies):
        return ()
    if len(np.unique(evidence.fixtures.clusters(cases.fixture))) < LEAST_CLUSTERS:
        return ()
    share = config.min_automated_share * _evenness(evidence, candidate)
    return tuple(
        gate
        for gate in policy.gates_of(candidate.workload)
        if _is_on_answers(gate, evidence, candidate) and _is_beyond(gate, policy, evidence, candidate, share)
    )


def only_splits(remedies: tuple[str, ...]) -> bool:
    """Whether ``remedies`` leave the answers as they are and only choose among them."""
    return all(REMEDIES.get(name).splits for name in remedies)


def _is_on_answers(gate: GateConfig, evidence: Evidence, candidate: Candidate) -> bool:
    """Whether ``gate`` asks for a rate of good answers among those that a rule lets through."""
    if not gate.measure or gate.not_worse_than or gate.measure == "recall" or waits_for_labels(gate):
        return False
    known = known_measures()[gate.measure]
    if known.kind != "rate" or known.of_calls or rests_on_judge(gate, evidence, candidate):
        return False
    # Where no answer could be read, the harness may be at fault and not the model.
    return not (is_of_labels(gate) and nothing_was_read(evidence.cases[candidate], least=1))


def _is_beyond(gate: GateConfig, policy: PolicyFile, evidence: Evidence, candidate: Candidate, share: float) -> bool:
    rows = gate_rows(policy, evidence, candidate, gate)
    bound = gate.at_least if gate.at_least is not None else gate.at_most
    if not isinstance(rows, RateRows) or bound is None:
        return False
    up = gate.direction == "at_least"
    rows = rows.if_unjudged(up)
    held, least = (rows.held, bound) if up else (rows.asked - rows.held, 1 - bound)
    # A case that the gate is not about may be let through at no cost, which is worth as much as its bound.
    good = np.where(rows.asked > 0, held / np.where(rows.asked > 0, rows.asked, 1), least)
    best, first = best_of_clusters(good, evidence.fixtures.clusters(evidence.cases[candidate].fixture))
    ends = ends_of_rows(policy, evidence, candidate, RateRows(best, first))
    return ends.judged("at_least", least * share) == "fail"


def best_of_clusters(good: Floats, cluster: NDArray[np.int32]) -> tuple[Floats, Floats]:
    """The best of each cluster in its first row, as ``held`` and ``asked`` of a rate; the other rows are not of it."""
    _, first, place = np.unique(cluster, return_index=True, return_inverse=True)
    best = np.zeros(len(first))
    np.maximum.at(best, place, good)
    held, asked = np.zeros(len(good)), np.zeros(len(good))
    held[first], asked[first] = best, 1.0
    return held, asked


def _evenness(evidence: Evidence, candidate: Candidate) -> float:
    """The mean size of the clusters of a workload through the largest: 1 where all are alike."""
    name = workload_of(candidate.workload)
    numbers = np.flatnonzero(np.array([one == name for one in evidence.fixtures.workloads])).astype(np.int32)
    sizes = np.unique(evidence.fixtures.clusters(numbers), return_counts=True)[1]
    return float(sizes.mean() / sizes.max())
