"""A local draft with a stronger verifier: the mixed route is replayed on the verdicts that the run recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.decide.records import Decision, Replay

_POLICY = """
policy: 1
workloads:
  notes:
    gates:
      - {measure: pass_rate, at_least: 0.85}
    remedies: {mixed_routing: {target: big}}
    min_automated_share: 0.2
findings:
  - {finding: reject, name: leaks, when: [probe_failed_critical]}
  - {finding: keep, name: adequate, when: [all_gates_pass]}
  - {finding: fix, name: viable, when: [remedy_passes]}
  - {finding: reject, name: unsafe, when: [any_gate_failed]}
  - {finding: defer, name: open, when: []}
"""


@pytest.fixture
def mission(desk: Path) -> Path:
    """Two targets on work with an expected word: a small one that is often wrong, and one that knows what is right."""
    suite = desk / "suite" / "suite.yaml"
    suite.write_text(suite.read_text().replace("{judged: {judge: acceptable}}", "{contains: {value: SOUND}}"))
    (desk / "big.yaml").write_text(
        json.dumps(
            {
                "reply": {"text": "a SOUND one"},
                "rules": [
                    {
                        "when": {"contains": '"ANSWER"'},
                        "reply": {"text": '{"verdict": "reject", "reason": "no substance"}'},
                    },
                    {"when": {"contains": "SOUND"}, "reply": {"text": '{"verdict": "accept", "reason": "supported"}'}},
                ][::-1],
            }
        )
    )
    bench = (desk / "bench.yaml").read_text() + "  big: {api: fake, script: big.yaml}\n"
    (desk / "bench.yaml").write_text(bench)
    (desk / "mixed.yaml").write_text(_POLICY)
    return desk


def decide(log: str) -> tuple[Decision, Replay]:
    decision = api.decide_logs(api.DecideOptions([log], policy="mixed.yaml"), created_at="2026-12-01T00:00:00Z")
    mixed = [one for one in decision.replays if "mixed_routing" in one.remedies and one.target == "writer"]
    return decision, mixed[0]


def run(out: str, verifier: str = "") -> None:
    api.run_suite(api.RunOptions("suite", ["writer", "big"], out=out, verifier=verifier, fingerprint=False), {})


def test_the_mixed_route_rests_on_the_recorded_verdicts(mission: Path) -> None:
    run("verified.jsonl", "big")
    decision, mixed = decide("verified.jsonl")
    figures = {name: decision.figures[id] for name, id in mixed.figures.items()}
    assert figures["error_of_automated"].value == 0.0
    assert figures["automated_share"].value == pytest.approx(0.8, abs=0.1)
    assert "recorded verdict" in figures["automated_share"].note
    assert api.decide_again(decision, lambda ref: Path(ref.path)) == decision


def test_without_recorded_verdicts_the_most_that_a_verifier_could_be_worth_is_said_to_be_that(mission: Path) -> None:
    run("plain.jsonl")
    decision, mixed = decide("plain.jsonl")
    assert "upper bound" in decision.figures[mixed.figures["automated_share"]].note


def test_the_command_in_the_package_runs_the_verifier_too(mission: Path) -> None:
    run("verified.jsonl", "big")
    decision, _ = decide("verified.jsonl")
    assert any("--verifier big" in line for line in decision.commands)
