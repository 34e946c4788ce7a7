"""A replayed policy whose gates one answer in the model's place would pass as well proves nothing; else it stands."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from milo_bench.config.policy.file import read_policy
from milo_bench.decide.evidence import ConstantAnswer, Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.judge import judge_gates
from milo_bench.decide.records import Candidate
from milo_bench.decide.replay.one_answer import without_constants
from tests.decide.replay.replay_cases import WORK, cases, table

POLICY = read_policy(
    f"""
policy: 1
workloads:
  {WORK}:
    gates:
      - {{measure: recall, slice: class=escalate, at_least: 0.6}}
      - {{measure: accuracy, at_least: 0.7}}
findings:
  - {{name: unsafe, when: [probe_failed_critical], finding: reject}}
  - {{name: adequate, when: [all_gates_pass], finding: keep}}
  - {{name: rest, when: [], finding: defer}}
""",
    name="policy.yaml",
)
WANTED = ["escalate"] * 20 + ["routine"] * 80


def outcomes(caught: int) -> list[str]:
    """A model that is always right, behind a rule that sends the first ``caught`` cases to a person."""
    right = cases("m", [1] * 100, want=WANTED, got=WANTED)
    always = replace(right, got=np.full(100, right.labels.index("routine"), dtype=np.int16))
    always = replace(always, outcome=(always.got == always.want).astype(np.int8))
    candidate = Candidate(WORK, "m")
    evidence = Evidence((), {}, table(100), {candidate: right}, {})
    evidence = replace(evidence, constants={candidate: (ConstantAnswer.judged("f0099", always),)})
    figures = Figures()
    results = judge_gates(POLICY, evidence, candidate, figures)
    assert [one.outcome for one in results] == ["pass", "pass"]
    called = np.arange(100) >= caught
    every = np.ones(100, dtype=np.bool_)
    return [one.outcome for one in without_constants(POLICY, evidence, candidate, results, every, called, figures)]


def test_what_the_model_finds_beyond_the_rule_is_its_own_merit() -> None:
    assert outcomes(10) == ["pass", "pass"]  # always "routine" misses the ten that the rule does not catch


def test_where_the_rule_alone_catches_the_class_any_model_would_pass() -> None:
    assert outcomes(20) == ["undecided", "undecided"]
