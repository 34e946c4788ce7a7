"""A suite of notes, targets served by the fake server, and labels: a judge that is good, one that is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench import api

_SUITE = """
name: notes
version: "1"
title: Notes
license: CC0-1.0
source: written for this test
fixtures: [fixtures.jsonl]
workloads:
  notes:
    title: Notes
    prompt: prompts/note.jinja
    max_tokens: 40
    checks: [answer_present, {judged: {judge: acceptable}}]
"""
_BENCH = """
targets:
  writer: {api: fake, script: writer.yaml}
  judge: {api: fake, script: judge.yaml, family: fakes}
  coin: {api: fake, script: coin.yaml}
  gullible: {api: fake, script: gullible.yaml}
  chatty: {api: fake, script: chatty.yaml}
  outside: {api: fake, script: judge.yaml, hosted: true}
"""
_SCRIPTS = {
    "writer": {"reply": {"texts": ["a SOUND note", "a SOUND reply", "a weak one", "SOUND as asked", "a SOUND text"]}},
    "judge": {
        "reply": {"text": '{"verdict": "reject", "reason": "weak"}'},
        "rules": [{"when": {"contains": "SOUND"}, "reply": {"text": '{"verdict": "accept", "reason": "sound"}'}}],
    },
    "coin": {"reply": {"texts": [f'{{"verdict": "{said}", "reason": ""}}' for said in ("accept", "reject", "reject")]}},
    # Right on plain answers, and taken in by whoever praises the answer.
    "gullible": {
        "reply": {"text": '{"verdict": "reject", "reason": "weak"}'},
        "rules": [
            {"when": {"contains": word}, "reply": {"text": '{"verdict": "accept", "reason": "fine"}'}}
            for word in ("SOUND", "panel of experts", "Prüfstelle", "No objection", "only permitted")
        ],
    },
    "chatty": {"reply": {"text": "I would accept this one."}, "rules": [{"fault": "ignore_response_format"}]},
}
POLICY = """
policy: 1
workloads:
  notes:
    gates:
      - {measure: judged_rate, slice: judge=acceptable, at_least: 0.6}
      - {measure: pass_rate, at_least: 0.6}
findings:
  - {finding: reject, name: leaks, when: [probe_failed_critical]}
  - {finding: keep, name: adequate, when: [all_gates_pass]}
  - {finding: reject, name: unsafe, when: [any_gate_failed]}
  - {finding: defer, name: open, when: []}
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with suite, targets, policy and labels; the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suite" / "prompts").mkdir(parents=True)
    (tmp_path / "suite" / "suite.yaml").write_text(_SUITE)
    (tmp_path / "suite" / "prompts" / "note.jinja").write_text("Write a note on: {{ input.text }}\n")
    with (tmp_path / "suite" / "fixtures.jsonl").open("w") as file:
        for number in range(120):
            fixture = {
                "id": f"n-{number}",
                "workload": "notes",
                "input": {"text": f"the matter of case {number}"},
                "expect": {},
                "tags": ["sensitive"] if number < 7 else [],
                "provenance": {"source": "made"},
                "group": f"n-{number}",
            }
            file.write(json.dumps(fixture) + "\n")
    (tmp_path / "bench.yaml").write_text(_BENCH)
    for name, script in _SCRIPTS.items():
        (tmp_path / f"{name}.yaml").write_text(json.dumps(script))
    (tmp_path / "policy.yaml").write_text(POLICY)
    write_labels(tmp_path / "labels.jsonl")
    return tmp_path


def write_labels(path: Path, count: int = 100, wrong: int = 4) -> Path:
    """``count`` answers, half of them good; of ``wrong`` in each half people think otherwise than the good judge."""
    with path.open("w") as file:
        for number in range(count):
            good, place = number % 2 == 0, number // 2
            sound = good if place >= wrong else not good
            row = {
                "input": f"case {number}",
                "output": ("a SOUND answer" if sound else "a weak answer") + " more" * (place % 7),
                "label": "yes" if good else "no",
                "workload": "notes" if number % 3 else "mails",
                "family": "fakes" if number % 5 == 0 else "others",
            }
            file.write(json.dumps(row) + "\n")
    return path


@pytest.fixture
def run_log(desk: Path) -> Path:
    api.run_suite(api.RunOptions("suite", ["writer"], out=desk / "run.jsonl", fingerprint=False), {})
    return desk / "run.jsonl"


@pytest.fixture
def calibrate(desk: Path) -> Callable[..., Path]:
    """A calibration of a target on the desk's labels; its path."""

    def work(judge: str, rubric: str = "acceptable", labels: str = "labels.jsonl", **options: object) -> Path:
        out = desk / f"{judge}-{Path(rubric).stem}.json"
        api.calibrate(
            api.CalibrateOptions(
                judge,
                rubric,
                out,
                labels=desk / labels,
                calibration=api.CalibrationOptions(concurrency=4, **options),  # type: ignore[arg-type]
            ),
            {},
        )
        return out

    return work
