"""A check whose input key is in no fixture is an error of the suite, before any model is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench import api
from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import ConfigError

SUITE = """
name: letters
version: "1"
fixtures: [fixtures.jsonl]
workloads:
  answer:
    prompt: prompts/answer.jinja
    checks:
      - answer_present
      - evidence_lines{params}
"""
PACKET = "[L1] The tenant paid $400."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "letters"
    (root / "prompts").mkdir(parents=True)
    (root / "prompts/answer.jinja").write_text("{{ input.document }}")
    return root


def written(root: Path, params: str, inputs: list[dict[str, str]]) -> str:
    (root / "suite.yaml").write_text(SUITE.format(params=params))
    rows = [{"id": f"f{n}", "workload": "answer", "input": one, "expect": {"a": 1}} for n, one in enumerate(inputs)]
    (root / "fixtures.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(root)


def test_a_wrong_input_key_is_an_error_at_suite_check_and_before_a_run(folder: Path, tmp_path: Path) -> None:
    suite = written(folder, "", [{"document": PACKET}, {"document": PACKET + "\n[L2] More."}])
    (problem,) = api.check_suite(suite)
    assert problem.severity == "error"
    assert "evidence_lines" in problem.what
    assert "packet" in problem.what
    assert "document" in problem.hint
    script = tmp_path / "script.yaml"
    script.write_text("reply: {text: 'The tenant paid.'}\n")
    targets = {"small": TargetConfig(name="small", api="fake", model="fake", script=str(script))}
    options = api.RunOptions(suite=suite, models=("small",), targets=targets, out=tmp_path / "run.jsonl")
    with pytest.raises(ConfigError, match="evidence_lines"):
        api.run_suite(options, {})
    assert not (tmp_path / "run.jsonl").exists()


def test_the_right_input_key_in_the_parameters_is_no_problem(folder: Path) -> None:
    suite = written(folder, ": {packet: document}", [{"document": PACKET}])
    assert api.check_suite(suite) == []


def test_a_key_that_some_fixtures_lack_is_a_warning(folder: Path) -> None:
    inputs = [{"document": PACKET}, {"document": "no numbered line"}]
    suite = written(folder, ": {packet: document}", inputs)
    (problem,) = api.check_suite(suite)
    assert problem.severity == "warning"
    assert "1 of 2 fixtures" in problem.what
