"""New suites and policies are complete: they load, run and decide as written, and what their comments say is true."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from milo_bench import api
from milo_bench.config.policy.file import load_policy, read_policy
from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import ConfigError, PrerequisiteError, UsageError
from milo_bench.core.records import CheckSpec, Fixture, Workload
from milo_bench.decide.draft import (
    AT_LEAST,
    AT_MOST,
    CONFIDENCE,
    draft_policy,
    most_bad_that_passes,
    strictest,
    what_it_takes,
)
from milo_bench.grade.engine import validate_checks
from milo_bench.probes.base import PROBES
from milo_bench.sandbox import require_sandbox
from milo_bench.stats.exact import clustered_ends, exact_ends
from milo_bench.suites.check import check_suite
from milo_bench.suites.load import builtin_names, load_suite

MADE_AT = "2026-03-05T12:00:00Z"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "letters"
    api.new_suite(folder)
    return folder


def scripted(tmp_path: Path) -> dict[str, TargetConfig]:
    """A target that finds every order number, and calls every message a delivery."""
    fixtures = load_suite(str(tmp_path / "letters")).fixtures
    rules = "".join(
        f"  - when: {{contains: '{one.expect['fields']['order']}', system_contains: 'order number'}}\n"
        f'    reply: {{text: \'{{"order": "{one.expect["fields"]["order"]}"}}\'}}\n'
        for one in fixtures
        if "fields" in one.expect
    )
    script = tmp_path / "script.yaml"
    script.write_text(f"reply: {{text: delivery}}\nrules:\n{rules}")
    return {"smollm2": TargetConfig(name="smollm2", api="fake", model="fake", script=str(script))}


def run(suite: Path, **more: object) -> Path:
    out = suite.parent / "letters.jsonl"
    options = api.RunOptions(suite=suite, models=["smollm2"], out=out, targets=scripted(suite.parent), **more)  # type: ignore[arg-type]
    return api.run_suite(options, {}).path


def test_a_new_suite_has_nothing_wrong_or_doubtful(suite: Path) -> None:
    assert check_suite(str(suite), validate_checks=validate_checks) == []
    loaded = load_suite(str(suite))
    assert (loaded.ref.name, set(loaded.workloads)) == ("letters", {"order_number", "queue"})
    assert "FOLDER" not in "".join(path.read_text() for path in suite.rglob("*") if path.is_file())
    named = set(re.findall(r"^\| `([^`]+)`", (suite / "README.md").read_text(), flags=re.MULTILINE))
    there = {path.name + ("/" if path.is_dir() else "") for path in suite.iterdir()}
    assert named == there - {"README.md"}


def test_a_new_suite_is_run_and_decided_by_the_policy_in_its_folder(suite: Path) -> None:
    decision = api.decide_logs(api.DecideOptions(logs=run(suite)), created_at=MADE_AT)
    findings = {one.workload: one.kind for one in decision.findings}
    assert findings == {"order_number": "keep", "queue": "reject"}
    assert decision.policy.path == str(suite / "policy.yaml")


def test_the_policy_is_found_beside_the_log_when_both_were_moved(suite: Path, tmp_path: Path) -> None:
    log = run(suite)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    suite.rename(elsewhere / "letters")
    decision = api.decide_logs(api.DecideOptions(logs=log.rename(elsewhere / "run.jsonl")), created_at=MADE_AT)
    assert decision.policy.path == str(elsewhere / "letters" / "policy.yaml")


def test_a_policy_of_another_suite_in_that_place_is_not_taken(suite: Path, tmp_path: Path) -> None:
    log = run(suite)
    (suite / "suite.yaml").write_text((suite / "suite.yaml").read_text().replace("name: letters", "name: others"))
    with pytest.raises(ConfigError, match="no policy for the suite 'letters'") as caught:
        api.decide_logs(api.DecideOptions(logs=log), created_at=MADE_AT)
    assert "milo-bench policy new" in caught.value.hint


def test_the_example_economics_cost_the_run_with_its_own_pass_rate(suite: Path) -> None:
    options = api.DecideOptions(logs=run(suite), economics=suite / "economics.yaml")
    decision = api.decide_logs(options, created_at=MADE_AT)
    assert decision.economics is not None


def test_the_example_of_an_own_check_can_be_switched_on(suite: Path) -> None:
    try:
        require_sandbox()
    except PrerequisiteError as error:
        pytest.skip(error.message)
    text = (suite / "suite.yaml").read_text()
    switched = text.replace("# own_checks: checks.py", "own_checks: checks.py").replace("# - not_rude", "- not_rude")
    (suite / "suite.yaml").write_text(switched)
    log = run(suite, trust_suite=True, workloads=("queue",))
    verdicts = [one for row in api.grade_logs(log) for one in row.graded.verdicts if one.check == "not_rude"]
    assert {one.outcome for one in verdicts} == {"pass"}
    assert len(verdicts) == 24


def test_a_new_suite_never_writes_over_anything(suite: Path) -> None:
    with pytest.raises(UsageError, match="already exists"):
        api.new_suite(suite)
    with pytest.raises(UsageError, match="cannot be the name of a suite"):
        api.new_suite(suite.parent / "my letters")
    assert api.new_suite(suite.parent / "my letters", name="my_letters")


@pytest.mark.parametrize("name", builtin_names())
def test_a_policy_can_be_written_for_any_suite_and_names_its_checks(name: str, tmp_path: Path) -> None:
    path = api.write_policy(name, tmp_path / "policy.yaml")
    policy = load_policy(path, probes=PROBES.names())
    loaded = load_suite(name)
    assert set(policy.workloads) == set(loaded.workloads)
    for workload in loaded.workloads.values():
        slices = {gate.slice.removeprefix("check=") for gate in policy.gates_of(workload.name)}
        direct = {"answer_present", "label", "exact_fields", "json_reading"}
        assert {spec.name for spec in workload.checks} - direct == slices - {""}


def test_a_policy_is_written_into_the_folder_of_a_suite_and_never_over_one(suite: Path) -> None:
    with pytest.raises(UsageError, match="already exists"):
        api.write_policy(suite)
    (suite / "policy.yaml").unlink()
    assert api.write_policy(suite) == suite / "policy.yaml"


def test_what_the_comments_say_a_size_can_prove_is_what_a_gate_would_say() -> None:
    for n in (1, 3, 8, 24, 70, 1000):
        for threshold in (strictest(n, "at_least"), 0.9):
            allowed = most_bad_that_passes(n, threshold, "at_least")
            for bad in range(min(n, 80)):
                held = np.ones(n)
                held[:bad] = 0
                low, _, _ = clustered_ends(held, np.ones(n), CONFIDENCE)
                assert (low >= threshold) == (allowed is not None and bad <= allowed), (n, threshold, bad)


def test_a_suite_that_is_too_small_is_told_how_many_fixtures_it_takes() -> None:
    assert what_it_takes(3, 0.5, "at_least") == "They cannot decide at_least: 0.5. It takes 5 without a wrong answer."
    assert exact_ends(4, 4, CONFIDENCE)[0] < 0.5 <= exact_ends(5, 5, CONFIDENCE)[0]
    said = what_it_takes(24, 0.8, "at_least")
    assert said == "at_least: 0.8 passes with up to 1 wrong answer. 0.9 takes at least 29 fixtures."
    assert exact_ends(28, 28, CONFIDENCE)[0] < 0.9 <= exact_ends(29, 29, CONFIDENCE)[0]


def test_a_policy_counts_fixtures_of_one_group_once() -> None:
    work = Workload("sort", "p", "", "{{ input.text }}", (CheckSpec("label", {"labels": ["a", "b"]}),))
    fixtures = [
        Fixture(f"f-{n}", "sort", {"text": f"letter {n}"}, {"label": "ab"[n % 2]}, group=f"story-{n % 4}")
        for n in range(24)
    ]
    text = draft_policy("s", "", {"sort": work}, fixtures)
    assert "# 24 fixtures in 4 groups, each of which counts once. They cannot decide at_least: 0.5." in text
    alone = [msgspec.structs.replace(one, group="") for one in fixtures]
    assert "# 24 fixtures. at_least: 0.8 passes" in draft_policy("s", "", {"sort": work}, alone)


def test_a_larger_suite_never_gets_a_laxer_threshold_than_half_its_size() -> None:
    for n in range(1, 200):
        assert strictest(2 * n, "at_least") >= strictest(n, "at_least") - 0.1
        assert strictest(2 * n, "at_most") <= strictest(n, "at_most")
    assert strictest(0, "at_least") == AT_LEAST[-1]
    assert strictest(0, "at_most") == AT_MOST[-1]


def test_a_policy_names_every_mistake_at_once() -> None:
    text = """
policy: 1
workloads:
  queue:
    gates:
      - {probe: privacy_lek}
      - {measure: accuracy, at_least: 0.9}
      - {measure: accuracy, at_least: 0.8}
hours:
  coffee: {low: 1, base: 1, high: 1, source: guess}
findings:
  - {name: rest, when: [], finding: defer}
  - {name: rest, when: [], finding: defer}
"""
    with pytest.raises(ConfigError) as caught:
        read_policy(text, probes=PROBES.names())
    said = [caught.value.message, *(error.message for error in caught.value.also)]
    for part in ("unknown probe 'privacy_lek'", "accuracy is repeated", "hours for 'coffee'", "two rules are called"):
        assert sum(part in message for message in said) == 1, part
    assert all("policy.yaml line" in message for message in said)


@pytest.mark.model
def test_a_small_model_runs_the_new_suite(suite: Path, smollm2_config: TargetConfig) -> None:
    options = api.RunOptions(
        suite=suite, models=["smollm2"], out=suite.parent / "real.jsonl", targets={"smollm2": smollm2_config}, limit=4
    )
    finished = api.run_suite(options)
    assert finished.end.complete
    decision = api.decide_logs(api.DecideOptions(logs=finished.path), created_at=MADE_AT)
    assert {one.workload for one in decision.findings} == {"order_number", "queue"}
