"""A target that could pass by one answer for all is undecided, whatever the check, and a model that answers is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from milo_bench import api
from milo_bench.config.settings import TargetConfig
from milo_bench.core.records import StoreText
from milo_bench.grade.engine import grade_attempt

COUNT = 60
RARE = frozenset({7, 21, 40})  # fixtures with another right answer
POLICY = """\
policy: 1
workloads:
  w: {{gates: [{gates}]}}
findings:
  - {{name: unsafe, when: [probe_failed_critical], finding: reject}}
  - {{name: adequate, when: [all_gates_pass], finding: keep}}
  - {{name: rest, when: [], finding: defer}}
"""
GATE = "{measure: pass_rate, at_least: 0.8}"


def word(place: int) -> str:
    return f"{'bcdfghklmn'[place // 10]}{'aeiouyaeio'[place % 10]}{'prstvwxzbc'[place % 10]}"


def decided(folder: Path, check: Any, expect: Any, answer: Any, *, gates: str = GATE, store: StoreText = "full") -> Any:
    """The finding on recorded answers; ``expect`` and ``answer`` give what belongs to a fixture's number."""
    suite = folder / "suite"
    suite.mkdir()
    workload = {"prompt": "ask.jinja", "checks": check}
    (suite / "suite.yaml").write_text(
        json.dumps({"name": "s", "version": "1", "fixtures": ["fixtures.jsonl"], "workloads": {"w": workload}})
    )
    (suite / "ask.jinja").write_text("{{ input.text }}\n")
    with (suite / "fixtures.jsonl").open("w") as file:
        for place in range(COUNT):
            text = f"What about the {word(place)}?"
            row = {"id": f"f{place}", "workload": "w", "input": {"text": text}, "expect": expect(place)}
            file.write(json.dumps(row) + "\n")
    script = {"rules": [{"when": {"contains": f" {word(n)}?"}, "reply": {"text": answer(n)}} for n in range(COUNT)]}
    (folder / "script.yaml").write_text(json.dumps(script))
    target = TargetConfig(name="m", api="fake", model="m", script=str(folder / "script.yaml"))
    options = api.RunOptions(
        str(suite), ["m"], targets={"m": target}, out=folder / "l.jsonl", fingerprint=False, store_text=store
    )
    api.run_suite(options, {})
    (folder / "policy.yaml").write_text(POLICY.format(gates=gates))
    decision = api.decide_logs(api.DecideOptions(logs=(folder / "l.jsonl",), policy=folder / "policy.yaml"))
    assert api.decide_again(decision, lambda ref: Path(ref.path)) == decision
    return decision.findings[0]


def either(place: int, usual: Any, other: Any) -> Any:
    return other if place in RARE else usual


CONSTANT = {
    "equals": (["equals"], lambda n: {"equals": either(n, "yes", "no")}, lambda n: "yes"),
    "contains, padded": (
        ["contains"],
        lambda n: {"contains": either(n, "refund", "exchange")},
        lambda n: f"The {word(n)} means a refund.",
    ),
    "exact_fields": (
        ["exact_fields"],
        lambda n: {"fields": {"kind": either(n, "a", "b"), "team": "x"}},
        lambda n: '{"kind": "a", "team": "x"}',
    ),
    "numeric": (["numeric"], lambda n: {"number": either(n, 5, 7)}, lambda n: "5"),
    "record_list": (["record_list"], lambda n: {"rows": [{"a": either(n, "x", "y")}]}, lambda n: '[{"a": "x"}]'),
    "regex": (["regex"], lambda n: {"regex": either(n, "^ok", "^no")}, lambda n: "ok then"),
    "multiple_choice": (
        ["multiple_choice"],
        lambda n: {"choice": either(n, "A", "B"), "choices": ["one", "two"]},
        lambda n: "A",
    ),
    "answer_present": (["answer_present"], lambda n: {}, lambda n: f"Something on the {word(n)}."),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_one_answer_for_all_proves_nothing_whatever_the_check(tmp_path: Path, name: str) -> None:
    found = decided(tmp_path, *CONSTANT[name])
    assert (found.kind, found.undecided) == ("defer", True)


@pytest.mark.parametrize("store", ["hashes", "redacted"])
def test_neither_does_it_in_a_log_without_texts(tmp_path: Path, store: StoreText) -> None:
    found = decided(tmp_path, *CONSTANT["equals"], store=store)
    assert (found.kind, found.undecided) == ("defer", True)


def test_nor_where_only_one_field_is_gated(tmp_path: Path) -> None:
    gates = "{measure: field_accuracy, slice: field=kind, at_least: 0.8}"
    expect = lambda n: {"fields": {"kind": "a", "who": word(n)}}  # noqa: E731
    found = decided(tmp_path, ["exact_fields"], expect, lambda n: '{"kind": "a", "who": "me"}', gates=gates)
    assert (found.kind, found.undecided) == ("defer", True)


@pytest.mark.parametrize("check", ["equals", "contains"])
def test_a_model_that_answers_each_question_is_kept(tmp_path: Path, check: str) -> None:
    found = decided(tmp_path, [check], lambda n: {check: word(n)}, word)
    assert (found.kind, found.undecided) == ("keep", False)


def test_a_gate_on_what_must_not_be_said_is_passed_by_one_good_answer(tmp_path: Path) -> None:
    gates = "{measure: policy_violation_rate, at_most: 0.1, safety: true}"
    found = decided(tmp_path, ["banned_commitments"], lambda n: {}, lambda n: "We will look into it.", gates=gates)
    assert found.kind == "keep"


def test_no_answer_is_tried_on_all_fixtures_where_no_gate_passes(tmp_path: Path, monkeypatch: Any) -> None:
    tried: list[str] = []

    def grade(workload: Any, fixture: Any, attempt: Any) -> Any:
        tried.append(fixture.id)
        return grade_attempt(workload, fixture, attempt)

    monkeypatch.setattr("milo_bench.evidence.null_model.columns.remembered_verdicts", grade)
    (tmp_path / "fails").mkdir()
    expect = lambda n: {"equals": word(n)}  # noqa: E731
    assert decided(tmp_path / "fails", ["equals"], expect, lambda n: "no idea").kind != "keep"
    assert tried == []
    (tmp_path / "passes").mkdir()
    assert decided(tmp_path / "passes", ["equals"], expect, word).kind == "keep"
    assert tried


OF_ONE_CHECK = "{measure: check_pass_rate, slice: check=equals, at_least: 0.8}, " + GATE


def test_an_answer_that_reaches_the_gate_on_one_check_is_held_against_the_others_too(tmp_path: Path) -> None:
    found = decided(tmp_path, *CONSTANT["equals"], gates=OF_ONE_CHECK)
    assert (found.kind, found.undecided) == ("defer", True)


def test_an_answer_that_fails_the_gate_on_one_check_is_judged_by_no_other(tmp_path: Path, monkeypatch: Any) -> None:
    whole: set[str] = set()

    def grade(workload: Any, fixture: Any, attempt: Any) -> Any:
        whole.add(f"{fixture.id} {attempt.output}")
        return grade_attempt(workload, fixture, attempt)

    monkeypatch.setattr("milo_bench.evidence.null_model.columns.remembered_verdicts", grade)
    found = decided(tmp_path, ["equals", "answer_present"], lambda n: {"equals": word(n)}, word, gates=OF_ONE_CHECK)
    assert found.kind == "keep"
    assert whole and whole <= {f"f{n} {word(n)}" for n in range(COUNT)}
