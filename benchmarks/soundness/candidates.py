"""Drawn outcomes of several targets on workloads in, evidence that the tool's own gates can judge out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Graded, TargetRecord, Timings
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import Candidate
from milo_bench.stats.cases.columns import Cases, CasesBuilder, fixture_table


@cache
def policy(bound: float, workloads: int = 1, top: str = "") -> PolicyFile:
    """One gate on the pass rate of each workload."""
    gates = "".join(f"  w{n}: {{gates: [{{measure: pass_rate, at_least: {bound}}}]}}\n" for n in range(workloads))
    rules = "[{name: rest, when: [], finding: defer}]"
    return read_policy(f"policy: 1\n{top}\nworkloads:\n{gates}findings: {rules}\n")


@cache
def _template(fixtures: int) -> Cases:
    builder = CasesBuilder("w0", "t0", "", "free")
    for number in range(fixtures):
        key = AttemptKey(f"f{number}", "t0")
        builder.add(Attempt(key, "", Timings(0, 0, 1), "x"), Graded(key, "w0", (), True), number)
    return builder.build()


def evidence(passed: Mapping[tuple[int, int], NDArray[np.bool_]]) -> Evidence:
    """``passed[workload, target]`` says which of its fixtures passed; the same number for each."""
    size = len(next(iter(passed.values())))
    workloads = sorted({workload for workload, _ in passed})
    fixtures = [Fixture(f"w{w}-{n}", f"w{w}", {}, {}, hash=f"{w}-{n}") for w in workloads for n in range(size)]
    cases = {}
    for (workload, target), right in passed.items():
        candidate = Candidate(f"w{workload}", f"t{target}")
        cases[candidate] = replace(
            _template(size),
            workload=candidate.workload,
            target=candidate.target,
            fixture=np.arange(size, dtype=np.int32) + size * workloads.index(workload),
            outcome=right.astype(np.int8),
        )
    targets = {f"t{target}": TargetRecord(f"t{target}", "openai", "m") for _, target in passed}
    return Evidence((), targets, fixture_table(fixtures), cases, {})
