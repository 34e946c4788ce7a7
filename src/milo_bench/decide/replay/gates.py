"""A replayed routing table in, the workload's gates judged on what it lets through out.

Three kinds of gates look at three sets of rows. Quality: the answers that go on without a person.
Operation (failures, times, cost): every call that the rules make, since a time-out stalls a queue
whatever happens next. Recall: every case of the class, where one that reaches a person counts as
found. Probes and memory are the target's own and stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.measures import known_measures
from milo_bench.config.policy.models import GateConfig
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.judge import GuardedRows, judge_gates
from milo_bench.decide.records import Candidate, GateResult
from milo_bench.decide.replay.one_answer import without_constants
from milo_bench.decide.replay.recorded import Recorded
from milo_bench.decide.replay.replay import ReplayOutcome
from milo_bench.stats.cases.columns import NOT_JUDGED, Cases

Mask = NDArray[np.bool_]


def routing_can_change(gate: GateResult) -> bool:
    """Whether routing can change the gate: not a probe, not the memory of the target."""
    known = known_measures().get(gate.measure)
    return known is not None and known.kind not in ("peak", "review")


def _of_calls(gate: GateConfig) -> bool:
    known = known_measures().get(gate.measure)
    return known is not None and known.of_calls


def judge_replay(
    policy: PolicyFile,
    recorded: Recorded,
    outcome: ReplayOutcome,
    judged: Candidate,
    units: Mask,
    figures: Figures,
    *,
    prefix: str,
    proves: bool = True,
    guarded: frozenset[str] = frozenset(),
) -> tuple[GateResult, ...]:
    """The gates of the workload on ``units``, in the policy's order; figure ids begin with ``prefix``.

    ``proves``: a pass that one answer, given to every fixture, gets as well is undecided. To choose among policies
    nothing has to be proven, and only the outcomes are read. ``guarded`` are the checks that send an answer to a
    person where they fail.
    """
    evidence, cases = recorded.evidence, recorded.cases(judged)
    of_part = np.zeros(len(evidence.fixtures.ids), dtype=np.bool_)
    of_part[outcome.fixture[units]] = True
    calls = outcome.calls(judged, len(cases)) & of_part[cases.fixture]
    found_by_person = replace(evidence, cases={**evidence.cases, judged: label_caught_cases(recorded, outcome)})
    parts: tuple[tuple[Callable[[GateConfig], bool], Evidence, Mask], ...] = (
        (lambda gate: gate.measure == "recall", found_by_person, units),
        (_of_calls, evidence, calls),
        (
            lambda gate: gate.measure != "recall" and not _of_calls(gate),
            evidence,
            outcome.let_through(judged, len(cases), units),
        ),
    )
    behind = GuardedRows(guarded, of_part[cases.fixture]) if guarded else None
    judged_gates: dict[str, GateResult] = {}
    for wanted, of, rows in parts:
        some = _only(policy, judged.workload, wanted)
        judged_gates |= {
            _key(gate): gate
            for gate in judge_gates(some, of, judged, figures, rows=rows, id_prefix=prefix, guarded=behind, told=proves)
        }
    results = [judged_gates[_key(gate)] for gate in policy.gates_of(judged.workload)]
    if not proves:
        return tuple(results)
    called = np.zeros(len(evidence.fixtures.ids), dtype=np.bool_)
    called[cases.fixture[calls]] = True
    return without_constants(policy, evidence, judged, results, of_part, called, figures)


def label_caught_cases(recorded: Recorded, outcome: ReplayOutcome) -> Cases:
    """The units as if a person labels every case that reaches one as it should be; refused cases stay unlabelled."""
    base = recorded.cases(recorded.base)
    got = np.where(outcome.automated, outcome.label, np.where(outcome.review, recorded.wanted, NOT_JUDGED))
    return replace(
        base,
        outcome=np.ones(len(base), dtype=np.int8),
        bypassed=np.zeros(len(base), dtype=np.bool_),
        labels=recorded.labels,
        want=recorded.wanted,
        got=got.astype(np.int16),
    )


def _only(policy: PolicyFile, workload: str, wanted: Callable[[GateConfig], bool]) -> PolicyFile:
    gates = tuple(gate for gate in policy.gates_of(workload) if wanted(gate))
    config = policy.workloads[workload].model_copy(update={"gates": gates})
    nothing = policy.defaults.model_copy(update={"gates": ()})
    return policy.model_copy(update={"workloads": {**policy.workloads, workload: config}, "defaults": nothing})


def _key(gate: GateResult | GateConfig) -> str:
    if isinstance(gate, GateConfig):
        return f"{gate.measure or f'probe:{gate.probe}'}[{gate.slice}]{gate.direction}{gate.against}"
    return f"{gate.measure}[{gate.slice}]{gate.direction}{gate.against}"
