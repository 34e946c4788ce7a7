"""Checks, gold and resources cannot change unseen: every comparison names the cause, and a regrade needs no model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from milo_bench import api
from milo_bench.core.errors import DataError
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Plan, RunEnd, RunHeader, TargetRecord, Timings
from milo_bench.core.records.contract import contract_changes, contract_digests, fixture_digests
from milo_bench.evidence.grade_columns import Job, PartKind, judge_part
from milo_bench.evidence.joining import join_fixtures
from milo_bench.evidence.regrading import changed_text, regrade_log, write_regraded
from milo_bench.store.log.attempts import LogRange, attempt_lines
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.suites import load_suite
from milo_bench.suites.paths import BUILTIN

POLICY = """
policy: 1
workloads:
  topics:
    gates:
      - {measure: accuracy, at_least: 0.5}
findings:
  - {finding: reject, name: leaks, when: [probe_failed_critical]}
  - {finding: keep, name: adequate, when: [all_gates_pass]}
  - {finding: reject, name: unfit, when: [any_gate_failed]}
  - {finding: defer, name: open, when: []}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A copy of the demo's suite, to be changed."""
    return Path(shutil.copytree(BUILTIN / "demo_v1", tmp_path / "suite"))


def change(suite: Path, before: str, after: str, file: str = "suite.yaml") -> None:
    text = (suite / file).read_text()
    assert before in text
    (suite / file).write_text(text.replace(before, after, 1))


def change_gold(suite: Path) -> str:
    """Another label as the right one of the first message; its id."""
    file = suite / "fixtures" / "topics.jsonl"
    first, *rest = file.read_text().splitlines()
    row = json.loads(first)
    row["expect"]["label"] = "invoice" if row["expect"]["label"] != "invoice" else "late"
    file.write_text("\n".join([json.dumps(row), *rest]) + "\n")
    return str(row["id"])


@pytest.fixture
def log_of(tmp_path: Path) -> Callable[[Path, str], Path]:
    """Every message's topic answered as the gold of the shipped suite has it."""
    right = {
        fixture.id: fixture.expect["label"]
        for fixture in load_suite("demo_v1").fixtures
        if fixture.workload == "topics"
    }

    def make(suite: Path, name: str) -> Path:
        loaded = load_suite(str(suite))
        fixtures = [fixture for fixture in loaded.fixtures if fixture.workload == "topics"]
        workload = loaded.workloads["topics"]
        header = RunHeader(
            run_id=name,
            created_at="2026-01-05T00:00:00Z",
            tool_version="0",
            suite=loaded.ref,
            workloads=(workload,),
            targets=(TargetRecord("local", "openai", "m"),),
            plan=Plan(tuple(fixture.id for fixture in fixtures), ("local",)),
            digests={"topics": contract_digests(workload) | fixture_digests(fixtures)},
        )
        writer = RunLogWriter.create(tmp_path / f"{name}.jsonl", header, fixtures)
        for fixture in fixtures:
            times = Timings(0.0, 0.0, 1.0, first_content_s=0.5)
            answer = right[fixture.id]
            writer.append(Attempt(AttemptKey(fixture.id, "local"), "r", times, output=answer, finish_reason="stop"))
        writer.close(RunEnd("2026-01-05T01:00:00Z", len(fixtures), 0, True))
        return tmp_path / f"{name}.jsonl"

    return make


@pytest.fixture
def package(tmp_path: Path, suite: Path, log_of: Callable[[Path, str], Path]) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY)
    options = api.DecideOptions((log_of(suite, "baseline"),), policy=tmp_path / "policy.yaml")
    api.write_decision(tmp_path / "decision.json", api.decide_logs(options, created_at="2026-01-06T00:00:00Z"))
    return tmp_path / "decision.json"


STRICTER = ("      - label:\n          labels: [late, damaged,", "      - label:\n          labels: [damaged,")


def test_compare_names_a_check_whose_settings_changed(suite: Path, log_of: Callable[[Path, str], Path]) -> None:
    before = log_of(suite, "before")
    change(suite, *STRICTER)
    (comparison,) = api.compare_logs([api.SideRef(before), api.SideRef(log_of(suite, "after"))])
    assert comparison.differs == ("check label of topics changed",)


def test_compare_says_that_the_gold_of_a_fixture_changed(suite: Path, log_of: Callable[[Path, str], Path]) -> None:
    before = log_of(suite, "before")
    fixture = change_gold(suite)
    with pytest.raises(DataError, match=rf"1 fixture differs .*: {fixture} \(gold\)"):
        api.compare_logs([api.SideRef(before), api.SideRef(log_of(suite, "after"))])


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('version: "1"', 'version: "2"', "was run on demo_v1 version 2, the baseline on version 1"),
        (*STRICTER, "judged differently from the baseline: check label of topics changed"),
    ],
)
def test_gate_refuses_another_version_of_the_suite_and_other_checks(
    suite: Path, log_of: Callable[[Path, str], Path], package: Path, before: str, after: str, said: str
) -> None:
    change(suite, before, after)
    with pytest.raises(DataError, match=said):
        api.gate_logs([log_of(suite, "new")], package)


def test_gate_names_a_changed_prompt_and_goes_on(
    suite: Path, log_of: Callable[[Path, str], Path], package: Path
) -> None:
    prompt = suite / "prompts" / "topics_v1.jinja"
    prompt.write_text(prompt.read_text() + "\nAnswer in one word.\n")
    report = api.gate_logs([log_of(suite, "new")], package)
    assert report.standing == "held"
    assert [line.partition(":")[0] for line in report.changed] == ["suite demo_v1", "prompt of topics"]


def test_decide_since_names_checks_gold_and_version(
    tmp_path: Path, suite: Path, log_of: Callable[[Path, str], Path], package: Path
) -> None:
    change(suite, *STRICTER)
    change(suite, 'version: "1"', 'version: "2"')
    fixture = change_gold(suite)
    now = api.decide_logs(api.DecideOptions((log_of(suite, "new"),), policy=tmp_path / "policy.yaml"))
    differs = " | ".join(api.decision_changes(now, package).differs)
    for cause in ("check label of topics changed", "gold of topics changed", "suite demo_v1: 1 ", fixture):
        assert cause in differs


def test_a_regrade_with_todays_suite_says_what_it_changed(suite: Path, log_of: Callable[[Path, str], Path]) -> None:
    log = log_of(suite, "before")
    count = len(read_run_log(log).fixtures)
    fixture = change_gold(suite)
    found = regrade_log(log, str(suite))
    assert list(changed_text(found)) == [
        f"changed: gold changed: {fixture}",
        f"topics on local: 1 now fail (of {count})",
    ]
    assert [row.fixture.id for row in found.rows if row.graded.passed is False] == [fixture]


class InThreeParts:
    """A pool that judges three parts of a log one after another."""

    def parts(self, size: int) -> int:
        return 3

    def results(self, kind: PartKind, job: Job, parts: Sequence[LogRange]) -> Iterator[Any]:
        for part in parts:
            yield judge_part(kind, msgspec.structs.replace(job, part=part), attempt_lines(Path(job.path), part))


def test_a_regrade_in_parts_finds_what_one_process_finds(suite: Path, log_of: Callable[[Path, str], Path]) -> None:
    log = log_of(suite, "before")
    change_gold(suite)
    file = suite / "fixtures" / "topics.jsonl"
    *rest, gone, last = file.read_text().splitlines()
    row = json.loads(last)
    row["input"]["message"] += " Thank you."
    file.write_text("\n".join([*rest, json.dumps(row)]) + "\n")
    here, parts = regrade_log(log, str(suite)), regrade_log(log, str(suite), pool=InThreeParts())
    assert here == parts
    assert (here.gone, here.other_input) == ((json.loads(gone)["id"],), (row["id"],))
    assert len(here.rows) == len(rest)


def test_a_regraded_log_can_be_decided_on_and_leaves_out_answers_to_another_input(
    tmp_path: Path, suite: Path, log_of: Callable[[Path, str], Path]
) -> None:
    log = log_of(suite, "before")
    change(suite, *STRICTER)
    file = suite / "fixtures" / "topics.jsonl"
    first, *rest = file.read_text().splitlines()
    row = json.loads(first)
    row["input"]["message"] += " Thank you."
    file.write_text("\n".join([json.dumps(row), *rest]) + "\n")
    new = read_run_log(write_regraded(log, str(suite), tmp_path / "regraded.jsonl"))
    assert new.header.suite == load_suite(str(suite)).ref
    assert row["id"] not in new.fixtures and len(new.attempts) == len(rest)
    assert new.header.workloads[0].prompt_hash == read_run_log(log).header.workloads[0].prompt_hash
    (tmp_path / "policy.yaml").write_text(POLICY)
    decision = api.decide_logs(api.DecideOptions((new.path,), policy=tmp_path / "policy.yaml"))
    assert decision.contracts["topics"]["check label"] == new.header.digests["topics"]["check label"]


def test_digests_are_of_what_a_contract_holds_and_not_of_what_it_states() -> None:
    workload = load_suite("demo_v1").workloads["topics"]
    forged = msgspec.structs.replace(workload, prompt_source="Say 'late'.")
    assert contract_digests(forged)["prompt"] != contract_digests(workload)["prompt"]


def test_groups_that_were_taken_away_or_renamed_are_named() -> None:
    alike = [Fixture(id=f"t-{n}", workload="topics", group="story") for n in range(4)]
    alone = [msgspec.structs.replace(one, group="") for one in alike]
    before, now = fixture_digests(alike), fixture_digests(alone)
    assert contract_changes("topics", before, now) == ("groups of topics changed",)
    older = {part: digest for part, digest in before.items() if part != "groups"}
    assert contract_changes("topics", older, now) == ()
    log = ReadLog(alike), ReadLog(alone)
    with pytest.raises(DataError, match="another group"):
        join_fixtures(log)  # type: ignore[arg-type]


class ReadLog:
    """As much of a log as its fixtures are joined by."""

    def __init__(self, fixtures: Sequence[Fixture]) -> None:
        self.path = Path("log.jsonl")
        self.fixtures = {one.id: one for one in fixtures}
