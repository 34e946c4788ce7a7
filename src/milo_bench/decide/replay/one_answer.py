"""Gates of a replayed policy in, those undecided out that one answer in the model's place would pass as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.models import GateConfig
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.judge import gate_rows
from milo_bench.decide.gates.null_model import undecide_constant_passes
from milo_bench.decide.records import Candidate, GateResult
from milo_bench.stats.arrays import Bools
from milo_bench.stats.cases.columns import Cases
from milo_bench.stats.cases.rows import RateRows, ValueRows


def without_constants(
    policy: PolicyFile,
    evidence: Evidence,
    candidate: Candidate,
    results: Sequence[GateResult],
    part: Bools,
    called: Bools,
    figures: Figures,
) -> tuple[GateResult, ...]:
    """``results`` of a replay, with passes undecided that one answer in the model's place gets as well.

    By fixture number: ``part`` is what the replay reports on, ``called`` where the rules ask the model at all. What a
    rule lets through because of the answer is the model's own merit: one answer is given to all that it was asked.
    ``results`` are of all gates of the workload, in the policy's order.
    """
    constants = (one.on(part) for one in evidence.constants.get(candidate, ()))
    own = evidence.cases[candidate]

    def rows_of(gate: GateConfig, cases: Cases) -> RateRows | ValueRows:
        if cases is not own:
            asked = called[cases.fixture]
            if gate.measure == "recall":  # a case that a rule sends to a person is found
                cases = replace(cases, got=np.where(asked, cases.got, cases.want))
            else:
                cases = cases.take(asked)
        return gate_rows(policy, replace(evidence, cases={candidate: cases}), candidate, gate)

    gates = policy.gates_of(candidate.workload)
    bounds = [figures[result.bound].value or 0.0 for result in results]
    return undecide_constant_passes(
        list(zip(gates, results, bounds, strict=True)),
        own,
        (one for one in constants if called[one.numbers].any()),
        rows_of,
        figures,
    ).results
