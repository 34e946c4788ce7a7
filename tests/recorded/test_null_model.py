"""Accuracy alone earns no keep where one class is the answer nine times in ten, and unread answers are no verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.decide.records import Decision, Finding

POLICY = """
policy: 1
suite: suite
error_family: candidate
workloads:
  answers:
    gates:
      - {{measure: accuracy, at_least: {accuracy}}}
{more}
findings:
  - {{name: unsafe, when: [probe_failed_critical], finding: reject}}
  - {{name: good, when: [all_gates_pass], finding: keep}}
  - {{name: bad, when: [any_gate_failed], finding: reject}}
  - {{name: unknown, when: [], finding: defer}}
"""
RECALL = (
    "      - {measure: recall, slice: class=1, at_least: 0.8}\n      - {measure: recall, slice: class=0, at_least: 0.8}"
)


def decided(
    tmp_path: Path, answers: dict[str, list[str]], gold: list[str], *, accuracy: float, more: str = ""
) -> Decision:
    """A decision on the imported answers of each model."""
    source = tmp_path / "answers.jsonl"
    rows = [
        {"id": f"c{n}", "text": f"text {n}", "gold": label, "model": model, "output": given[n]}
        for model, given in answers.items()
        for n, label in enumerate(gold)
    ]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    out = tmp_path / "imported.jsonl"
    wanted = api.RecordedImport(files=[source], out=out, new_suite=tmp_path / "suite", gold_kind="label")
    api.import_recorded(wanted)
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.format(accuracy=accuracy, more=more), encoding="utf-8")
    return api.decide_logs(api.DecideOptions(logs=out, policy=policy))


def finding(decision: Decision, target: str) -> Finding:
    return next(one for one in decision.findings if one.target == target)


GOLD = ["1" if n % 10 == 0 else "0" for n in range(300)]


def test_always_the_common_class_earns_no_keep_by_accuracy_alone(tmp_path: Path) -> None:
    answers = {"null": ["0"] * 300, "good": list(GOLD)}
    decision = decided(tmp_path, answers, GOLD, accuracy=0.85)
    for target in answers:
        found = finding(decision, target)
        assert found.undecided, target
        words = "".join(part for gate in found.gates for part in gate.reason if isinstance(part, str))
        assert "always answering class 0" in words


def test_with_recall_by_class_the_good_model_is_kept_and_the_null_model_is_not(tmp_path: Path) -> None:
    decision = decided(tmp_path, {"null": ["0"] * 300, "good": list(GOLD)}, GOLD, accuracy=0.85, more=RECALL)
    assert finding(decision, "good").kind == "keep"
    assert finding(decision, "null").kind == "reject"


def test_a_threshold_above_the_null_model_needs_no_recall(tmp_path: Path) -> None:
    decision = decided(tmp_path, {"good": list(GOLD)}, GOLD, accuracy=0.95)
    assert finding(decision, "good").kind == "keep"


@pytest.mark.parametrize("accuracy", [0.5, 0.95])
def test_a_model_whose_answers_all_failed_to_parse_is_no_verdict(tmp_path: Path, accuracy: float) -> None:
    answers = {"broken": [f"{label}.0" for label in GOLD]}
    decision = decided(tmp_path, answers, GOLD, accuracy=accuracy, more=RECALL)
    found = finding(decision, "broken")
    assert found.undecided
    # Three gates wait for the same, which is said once.
    assert found.would_change == (
        ("Answers that can be read as labels: ask for them in another way, for example with --decoding constrained",),
    )
    assert "no answer could be read as a label" in "".join(
        part for gate in found.gates for part in gate.reason if isinstance(part, str)
    )


def test_the_null_model_is_a_row_of_the_scorecard(tmp_path: Path) -> None:
    decided(tmp_path, {"good": list(GOLD)}, GOLD, accuracy=0.95)
    measures = [one for card in api.score_logs([tmp_path / "imported.jsonl"]) for one in card.measures]
    assert [one.value for one in measures if one.name == "null_accuracy"] == [0.9]
