"""A run until decided beside answers of the baseline that were recorded before: same gates, none of its calls."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench.evidence.log_checks import check_log
from tests.cli.commands import milo
from tests.cli.conftest import write_fixtures
from tests.cli.until_decided.test_until_decided import POLICY, asked, rows

GATES = "gates: [{measure: pass_rate, not_worse_than: baseline, margin: 0.2}]"
BENCH = """\
targets:
  scripted: {api: fake, script: ours.yaml}
  known: {api: fake, script: theirs.yaml}
"""
RUN = ("run", "--suite", "tiny", "--models", "scripted", "--until-decided", "--policy", "policy.yaml")
BESIDE = (*RUN, "--baseline", "known.jsonl", "--out", "u.jsonl")
FIXTURES = 120


def script(wrong: str) -> str:
    """Right but where the question has the word ``wrong``."""
    return f"reply: {{echo: true}}\nrules: [{{when: {{contains: '{wrong}'}}, reply: {{text: no idea}}}}]\n"


@pytest.fixture
def beside(desk: Path) -> Path:
    """120 questions; the baseline errs on a few, and its answers to all of them are in known.jsonl."""
    suite = (desk / "tiny/suite.yaml").read_text(encoding="utf-8")
    (desk / "tiny/suite.yaml").write_text(suite.replace("contains: {value: fine}", "contains"), encoding="utf-8")
    write_fixtures(desk / "tiny/fixtures.jsonl", FIXTURES, gold=True)
    policy = POLICY.replace("gates: [{measure: pass_rate, at_least: 0.8}]", GATES)
    (desk / "policy.yaml").write_text(policy.replace("policy: 1", "policy: 1\nbaseline: known"), encoding="utf-8")
    (desk / "bench.yaml").write_text(BENCH, encoding="utf-8")
    for name in ("ours", "theirs"):
        (desk / f"{name}.yaml").write_text(script("of bc"), encoding="utf-8")
    said = milo("run", "--suite", "tiny", "--models", "known", "--out", "known.jsonl", folder=desk)
    assert said.code == 0, said.err
    return desk


def gates_of(decision: Path) -> dict[str, str]:
    (finding,) = json.loads(decision.read_text(encoding="utf-8"))["findings"]
    return {gate["measure"]: gate["outcome"] for gate in finding["gates"]}


def test_a_gate_on_a_difference_is_decided_by_recorded_answers_and_none_of_them_is_asked_again(beside: Path) -> None:
    said = milo(*BESIDE, folder=beside)
    assert said.code == 0, said.err
    (end,) = rows(beside / "u.jsonl", "work_end")
    assert (end["ending"], end["gates"]) == ("decided", {"pass_rate minus baseline at least": "pass"})
    assert len(asked(beside / "u.jsonl")) == end["fixtures"] < FIXTURES / 2
    assert {row["key"]["target"] for row in rows(beside / "u.jsonl", "attempt")} == {"scripted"}
    seals = [row["hash"] for row in rows(beside / "known.jsonl", "seal")]
    (header,) = rows(beside / "u.jsonl", "run")
    stated = header["plan"]["stopping"]["beside"]
    assert (stated["target"], stated["seal"]) == ("known", seals[-1])
    next_line = "milo-bench decide u.jsonl known.jsonl --policy policy.yaml"
    assert next_line in said.err
    assert milo(*next_line.split()[1:], "--out", "d.json", folder=beside).code == 0
    assert gates_of(beside / "d.json") == {"pass_rate": "pass"}
    figures = json.loads((beside / "d.json").read_text(encoding="utf-8"))["figures"]
    assert figures["gate/qa/scripted/pass_rate/minus_baseline"]["method"] == "betting, each end one-sided"
    assert figures["gate/qa/scripted/pass_rate/minus_baseline"]["n"] == end["fixtures"]


def test_a_target_that_errs_where_the_baseline_does_not_fails(beside: Path) -> None:
    (beside / "ours.yaml").write_text(script("case"), encoding="utf-8")
    assert milo(*BESIDE, folder=beside).code == 0
    (end,) = rows(beside / "u.jsonl", "work_end")
    assert end["gates"] == {"pass_rate minus baseline at least": "fail"}
    assert end["fixtures"] < 20
    said = milo("decide", "u.jsonl", "known.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=beside)
    assert said.code == 0
    assert gates_of(beside / "d.json") == {"pass_rate": "fail"}


def test_a_resume_goes_on_beside_the_same_log_and_no_other(beside: Path) -> None:
    slow = script("of bc").replace("echo: true", "echo: true, first_token_s: 0.1")
    (beside / "ours.yaml").write_text(slow, encoding="utf-8")
    first = milo(*BESIDE, "--max-minutes", "0.02", folder=beside)
    assert "is spent" in first.err
    assert "--baseline known.jsonl" in first.err
    before = len(asked(beside / "u.jsonl"))
    again = milo("run", "--suite", "tiny", "--models", "known", "--out", "other.jsonl", folder=beside)
    assert again.code == 0
    refused = milo(*RUN, "--baseline", "other.jsonl", "--out", "u.jsonl", "--resume", folder=beside)
    assert refused.code == 2
    assert "stopping beside: " in refused.error
    without = milo(*RUN, "--out", "u.jsonl", "--resume", folder=beside)
    assert without.code == 2
    assert "stopping beside: " in without.error
    said = milo(*BESIDE, "--resume", folder=beside)
    assert said.code == 0
    (end,) = rows(beside / "u.jsonl", "work_end")
    assert end["ending"] == "decided"
    assert before < len(asked(beside / "u.jsonl")) == len(set(asked(beside / "u.jsonl"))) == end["fixtures"]


def test_verify_judges_the_differences_again_and_finds_another_baseline(beside: Path) -> None:
    assert milo(*BESIDE, folder=beside).code == 0
    other = milo("run", "--suite", "tiny", "--models", "known", "--out", "other.jsonl", folder=beside)
    assert other.code == 0
    log, known = beside / "u.jsonl", beside / "known.jsonl"
    assert not check_log(log, [known]).faults
    (fault,) = check_log(log, [beside / "other.jsonl"]).faults
    assert fault.place == "the recorded baseline"
    said = milo("decide", "u.jsonl", "other.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=beside)
    assert "u.jsonl was compared with the answers of 'known'" in said.error
    alone = milo("decide", "u.jsonl", "--policy", "policy.yaml", "--out", "d.json", folder=beside)
    assert alone.code == 0
    assert gates_of(beside / "d.json") == {"pass_rate": "undecided"}
    both = ("decide", "u.jsonl", "known.jsonl", "--policy", "policy.yaml", "--out", "d.json")
    assert milo(*both, folder=beside).code == 0
    assert milo("report", "d.json", "--out", "package", folder=beside).code == 0
    assert milo("verify", "package", folder=beside).code == 0
    commands = (beside / "package/commands.txt").read_text(encoding="utf-8")
    assert commands.index("--models known --out known.jsonl") < commands.index("--baseline known.jsonl --out u.jsonl")
    weekly = (beside / "package/runbook.md").read_text(encoding="utf-8")
    first = weekly.index("--models known --out ../again/run-1-$DAY.jsonl")
    assert first < weekly.index("--baseline ../again/run-1-$DAY.jsonl --out ../again/run-2-$DAY.jsonl")


def test_verify_finds_an_end_that_the_recorded_answers_do_not_bear_out(beside: Path) -> None:
    assert milo(*BESIDE, folder=beside).code == 0
    log = beside / "u.jsonl"
    text = log.read_text(encoding="utf-8")
    log.write_text(
        text.replace('"pass_rate minus baseline at least":"pass"', '"pass_rate minus baseline at least":"fail"')
    )
    faults = [fault for fault in check_log(log, [beside / "known.jsonl"]).faults if "the end of" in fault.place]
    assert [(fault.said, fault.follows) for fault in faults] == [("fail", "pass")]


@pytest.mark.parametrize(
    ("change", "models", "said"),
    [
        ("a gate", "scripted", "No gate of policy.yaml compares with a baseline."),
        ("the suite", "scripted", "known.jsonl was run on tiny 1 ("),
        ("its rule", "scripted", "known.jsonl was stopped by its own results"),
        ("the name", "scripted", "policy.yaml names the baseline 'best', and known.jsonl has answers of known."),
        ("nothing", "scripted,known", "Target 'known' would be run, and known.jsonl has answers of it."),
        ("its size", "scripted", "known.jsonl has no answer of 'known' to q-"),
    ],
)
def test_a_log_that_is_no_baseline_of_this_run_is_refused(beside: Path, change: str, models: str, said: str) -> None:
    policy = (beside / "policy.yaml").read_text(encoding="utf-8")
    record = ["run", "--suite", "tiny", "--models", "known", "--out", "known.jsonl"]
    if change == "a gate":
        policy = policy.replace("not_worse_than: baseline, margin: 0.2", "at_least: 0.5")
    elif change == "the name":
        policy = policy.replace("baseline: known", "baseline: best")
    elif change == "the suite":
        write_fixtures(beside / "tiny/fixtures.jsonl", FIXTURES + 1, gold=True)
    else:
        (beside / "known.jsonl").unlink()
        words = {"its rule": ["--until-decided", "--policy", "own.yaml"], "its size": ["--limit", "60"]}.get(change, [])
        own = policy.replace("not_worse_than: baseline, margin: 0.2", "at_least: 0.5").replace("baseline: known\n", "")
        (beside / "own.yaml").write_text(own, encoding="utf-8")
        assert milo(*record, *words, folder=beside).code == 0
    (beside / "policy.yaml").write_text(policy, encoding="utf-8")
    run = [models if word == "scripted" else word for word in BESIDE]
    refused = milo(*run, folder=beside)
    assert refused.code == 2
    assert refused.error.startswith(said)
    assert not (beside / "u.jsonl").exists()


def test_a_run_of_everything_has_no_use_for_a_recorded_baseline(beside: Path) -> None:
    words = [word for word in BESIDE if word not in ("--until-decided", "--policy", "policy.yaml")]
    assert "--baseline belongs to a run until decided." in milo(*words, folder=beside).error
