"""Answers without their uncited sentences are graded beside the answers as they came, and replayed as a fix."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.planted.models import PlantedModel
from benchmarks.planted.record import record_run
from milo_bench.config.policy.file import read_policy
from milo_bench.config.routing.file import RoutingFile
from milo_bench.config.routing.rule import CUT_UNCITED
from milo_bench.decide.decide import decide
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import Candidate
from milo_bench.evidence.gather import gather_evidence
from tests.decide.decision_cases import RULES
from tests.decide.evidence_cases import policy_text

MODEL = PlantedModel("small", "m", errors={"timeline": {"uncited": 24}})


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    path: Path = tmp_path_factory.mktemp("cut") / "run.jsonl"
    record_run("case_ops_v1", [MODEL], path, workloads=["timeline"])
    return gather_evidence({path: "run.jsonl"})


def test_cutting_mends_what_was_uncited_and_nothing_else(evidence: Evidence) -> None:
    base = evidence.cases[Candidate("timeline", "small")]
    cut = evidence.cut[Candidate("timeline", "small", CUT_UNCITED)]
    assert list(evidence.cases) == [Candidate("timeline", "small")], "no scorecard shows answers that nobody gave"
    before, after = int((base.outcome == 1).sum()), int((cut.outcome == 1).sum())
    assert after - before == 24
    assert (cut.fixture == base.fixture).all()


def test_the_filter_is_replayed_as_a_fix_and_becomes_a_step_of_the_rule(evidence: Evidence) -> None:
    gates = "    gates: [{measure: pass_rate, at_least: 0.7}]\n    remedies: [citation_filter, human_review]\n"
    text = f"policy: 1\nworkloads:\n  timeline:\n{gates}"
    by = read_policy(text + RULES)
    decision = decide(
        replace(evidence), by, economics=None, economics_text=None, policy_text=policy_text(by.text),
        created_at="2026-05-08T12:00:00Z", tool_version="1",
    )  # fmt: skip
    (finding,) = decision.findings
    assert (finding.kind, [remedy.name for remedy in finding.remedies]) == ("fix", ["citation_filter"])
    file = RoutingFile.model_validate(decision.routing)
    (rule,) = file.rules
    assert CUT_UNCITED in rule.guardrails
    assert rule.variant == ""
