"""A policy and the answers so far in, what each gate says at this look and how many fixtures it may take out. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.measures import known_measures
from milo_bench.config.policy.models import GateConfig
from milo_bench.config.routing.use_names import use_of
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.beyond_routing import beyond_routing
from milo_bench.decide.gates.detectors import unfound_of
from milo_bench.decide.gates.ends import cluster_means
from milo_bench.decide.gates.family import shared_confidence, size_of_family
from milo_bench.decide.gates.flagged import waits_for_labels
from milo_bench.decide.gates.judge import gate_rows, judge_proven
from milo_bench.decide.gates.judged import rests_on_judge
from milo_bench.decide.gates.null_model import UNREAD, Undone, is_of_labels, nothing_was_read
from milo_bench.decide.records import Candidate, GateOutcome
from milo_bench.decide.wording import OF_USE, spell_out_gate
from milo_bench.stats.betting import total_to_decide
from milo_bench.stats.cases.rows import RateRows
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.unfound import Unfound

NEVER: Final = math.inf
COMPARED: Final = "minus baseline"  # in the name of a gate on a difference
BEYOND_ROUTING: Final = "no routing of these answers could pass it"
_PLAUSIBLE: Final = 0.9  # of each end: rates within four in five are thought of before a gate is called out of reach


@dataclass(frozen=True)
class LookedGate:
    """A gate at one look, after ``asked`` fixtures of its workload.

    ``needs`` is how many fixtures it takes in all if its rate stays as seen, ``least`` at the most favourable rate that
    is plausible; ``NEVER`` where no number would do, None where that cannot be said. ``a_unit`` is how many fixtures
    there are for each unit that the gate rests on: a group of similar ones, or a fixture that stands alone. ``use`` is
    the purpose that the gate belongs to, where a workload has several. ``rests_on_judge``: a model judges after the
    run, so no answer of it decides the gate. ``unread``: no answer so far could be
    read; ``why_unread`` says so once there are enough of them, and then the gate is not judged. ``beyond_routing``: it
    fails by so much that no choice among these answers could pass it.
    """

    key: str
    direction: Literal["at_least", "at_most"]
    outcome: GateOutcome
    value: float | None
    bound: float
    unit: str
    asked: int
    needs: float | None = None
    least: float | None = None
    a_unit: float = 1.0
    use: str = ""
    rests_on_judge: bool = False
    unread: bool = False
    why_unread: str = ""
    beyond_routing: bool = False

    @property
    def title(self) -> str:
        """The gate in words, and its use."""
        return spell_out_gate(gate_name(self))


def gate_name(gate: LookedGate) -> str:
    """``pass_rate at least``: how the end of a work names a gate; of a use, ``preview: pass_rate at least``."""
    use = f"{gate.use}{OF_USE}" if gate.use else ""
    return f"{use}{gate.key} {gate.direction.replace('_', ' ')}"


def is_decided_by_answers(gate: GateConfig) -> bool:
    """Whether more answers can decide ``gate``: not a probe, a review, people's labels or the memory of a server."""
    return (
        bool(gate.measure)
        and not waits_for_labels(gate)
        and known_measures()[gate.measure].kind in ("rate", "quantile", "mean")
    )


def look_at(policy: PolicyFile, evidence: Evidence, candidate: Candidate, confidence: float) -> tuple[LookedGate, ...]:
    """Every gate of ``candidate`` that answers can decide; ``confidence`` is what a pass needs."""
    figures = Figures()
    proven = judge_proven(policy, evidence, candidate, figures, confidence=confidence)
    asked = len(np.unique(evidence.cases[candidate].fixture)) if candidate in evidence.cases else 0
    beyond = beyond_routing(policy, evidence, candidate)
    found = []
    for place, (gate, result) in enumerate(zip(policy.gates_of(candidate.workload), proven.results, strict=True)):
        if not is_decided_by_answers(gate):
            continue
        needs = least = None
        a_unit = 1.0
        unread = bool(asked) and is_of_labels(gate) and nothing_was_read(evidence.cases[candidate], least=1)
        why_unread = UNREAD if unread and nothing_was_read(evidence.cases[candidate]) else ""
        if (undone := proven.undone.get(place)) is not None:
            least = _until_one_answer_fails(gate, undone)
        elif result.outcome == "undecided" and asked and not why_unread:
            further = figures[result.further].value if result.further else None
            needs, least, a_unit = _reach(policy, evidence, candidate, gate, confidence, asked, further)
        figure, bound = figures[result.figure], figures[result.bound]
        found.append(
            LookedGate(
                key=f"{gate.key} {COMPARED}" if gate.not_worse_than else gate.key,
                direction=gate.direction,
                outcome=result.outcome,
                value=figure.value,
                bound=bound.value if bound.value is not None else math.nan,
                unit=figure.unit,
                asked=asked,
                needs=needs,
                least=least,
                a_unit=a_unit,
                use=use_of(candidate.workload),
                rests_on_judge=candidate in evidence.cases and rests_on_judge(gate, evidence, candidate),
                unread=unread,
                why_unread=why_unread,
                beyond_routing=result.outcome == "fail" and gate in beyond,
            )
        )
    return tuple(found)


def _until_one_answer_fails(gate: GateConfig, undone: Undone) -> float | None:
    """``NEVER`` where one answer to everything plausibly passes ``gate`` however many fixtures there are."""
    bound = gate.at_least if gate.at_least is not None else gate.at_most
    if bound is None or not undone.of:
        return None
    low, high = (exact_ends(undone.right, undone.of, _PLAUSIBLE)[end] for end in (0, 1))
    return NEVER if (low >= bound if gate.direction == "at_least" else high <= bound) else None


def confidence_of_passes(policy: PolicyFile, candidates: tuple[Candidate, ...], candidate: Candidate) -> float:
    """What a pass of ``candidate`` needs whatever the others turn out to be: never less than ``decide`` will ask."""
    if policy.order:
        workloads = dict.fromkeys(one.workload for one in candidates)
        return shared_confidence(policy, len(workloads) if policy.error_family == "headline" else 1)
    return shared_confidence(policy, size_of_family(policy, candidates, candidate))


def least_to_pass(gate: GateConfig, confidence: float, unfound: Unfound | None = None) -> int | None:
    """How many fixtures of its kind ``gate`` takes if every one is good; None where it is not against a rate.

    ``unfound`` is what the rules behind it miss.
    """
    known = known_measures()[gate.measure]
    if gate.not_worse_than or known.kind == "mean":
        return None
    bound = known.q if known.kind == "quantile" else gate.at_least if gate.at_least is not None else gate.at_most
    assert bound is not None
    good = 0.0 if known.kind == "rate" and gate.direction == "at_most" else 1.0
    if unfound is not None:
        confidence = (1 + confidence) / 2
        most = unfound.bound(bound if good == 0.0 else 1 - bound, confidence, any_look=True)
        bound = most if good == 0.0 else 1 - most
    return total_to_decide(good, bound, confidence)


def _reach(
    policy: PolicyFile,
    evidence: Evidence,
    candidate: Candidate,
    gate: GateConfig,
    confidence: float,
    asked: int,
    further: float | None,
) -> tuple[float | None, float | None, float]:
    """``needs`` and ``least`` of an undecided gate, in fixtures of the workload, and ``a_unit``.

    ``further`` is what the judging of the gate says that it takes more, in fixtures of the gate's own kind.
    """
    cases = evidence.cases[candidate]
    rows = gate_rows(policy, evidence, candidate, gate)
    if gate.not_worse_than:
        return None, None, 1.0
    bound = gate.at_least if gate.at_least is not None else gate.at_most
    assert bound is not None
    up = gate.direction == "at_least"
    if isinstance(rows, RateRows):
        worst = cluster_means(rows.if_unjudged(not up), cases.fixture, evidence.fixtures.group).means
        within_groups = cluster_means(rows.if_unjudged(up), cases.fixture, evidence.fixtures.group)
    else:
        if rows.q is None or not len(rows.values):
            return None, None, 1.0
        within = RateRows((rows.values <= bound).astype(np.float64), np.ones(len(rows.values)))
        within_groups = cluster_means(within, cases.fixture[rows.rows], evidence.fixtures.group)
        worst = within_groups.means
        up, bound = True, rows.q
    best = within_groups.means
    if not len(best):
        return None, None, 1.0
    if not up:
        worst, best, bound = 1 - worst, 1 - best, 1 - bound
    a_fixture = asked / len(best)  # fixtures of the workload for each, or each group, that the gate is about

    unfound = unfound_of(evidence, candidate, gate)
    to_prove, sure = bound, confidence
    if unfound is not None:
        sure = (1 + confidence) / 2
        to_prove = 1 - unfound.bound(1 - bound, sure, any_look=True)

    def needed(pass_rate: float, fail_rate: float) -> float:
        ways = []
        if pass_rate > to_prove:
            ways.append(total_to_decide(pass_rate, to_prove, sure))
        if fail_rate < bound:
            ways.append(total_to_decide(fail_rate, bound, policy.confidence))
        totals = [total for total in ways if total is not None]
        return math.ceil(min(totals) * a_fixture) if totals else NEVER

    n = len(best)
    a_gate = asked / float(within_groups.sizes.sum())  # fixtures of the workload for each that the gate is about
    more = None if further is None else asked + math.ceil(further * a_gate)
    seen = needed(float(worst.mean()), float(best.mean())) if more is None else more
    high = exact_ends(float(worst.sum()), n, _PLAUSIBLE)[1]
    low = exact_ends(float(best.sum()), n, _PLAUSIBLE)[0]
    least = needed(high, low)
    if ((best > 0) & (best < 1)).any():
        # Values between 0 and 1 spread less than the rates that this is worked out for.
        least /= 2
    return max(seen, asked + 1), least, a_fixture
