"""commands.txt and the runbook measure again with the command that made each log, and name only files there are."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from milo_bench.config.policy.file import shipped_policy
from milo_bench.core.hashing import sha256_text
from milo_bench.core.load_records import LoadFigures
from milo_bench.core.records import LoadWindow, ProbeResult, RunHeader, Stopping, SuiteRef, TargetRecord
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.gates.people import PeopleSaid
from milo_bench.decide.records import KeptFile, LogRef
from milo_bench.decide.rerun import rerun_command, rerun_commands, suite_to_copy
from milo_bench.run.plan import PlanRequest, make_plan
from milo_bench.run.spec import RunSpec
from milo_bench.stats.cases.columns import fixture_table
from milo_bench.suites import load_suite
from tests.decide.evidence_cases import Made, of


def header(name: str = "case_ops_v1", **wishes: object) -> RunHeader:
    suite = load_suite(name)
    targets = (TargetRecord("small", "openai", "a"), TargetRecord("a cloud", "openai", "b", hosted=True))
    plan = make_plan(PlanRequest(**wishes), fixtures=suite.fixtures, workloads=suite.workloads, targets=targets)  # type: ignore[arg-type]
    spec = RunSpec(suite.ref, suite.workloads, {one.id: one for one in suite.fixtures}, plan, "0")
    return spec.header(targets, now=datetime(2026, 1, 5, tzinfo=UTC))


def test_a_run_is_asked_again_as_it_was_asked() -> None:
    sample = header(limit=8, decodings=("free", "constrained"), repeats=2)
    said = rerun_command(sample, name="runs/a.jsonl", attempts=9, load=(), probes=())
    assert said == (
        "milo-bench run --suite case_ops_v1 --models 'small,a cloud' --limit 8 --decoding both --repeats 2 "
        "--allow-hosted --out runs/a.jsonl"
    )
    one = header(workloads=("timeline",), variants={"timeline": "raw_dump"})
    said = rerun_command(one, name="b.jsonl", attempts=9, load=(), probes=())
    assert "--variant timeline=raw_dump --workload timeline --allow-hosted" in said


def test_a_run_of_a_suite_in_another_language_is_asked_again_in_that_language() -> None:
    said = rerun_command(header("case_ops_v1@de", limit=8), name="a.jsonl", attempts=9, load=(), probes=())
    assert said.startswith("milo-bench run --suite case_ops_v1@de --models ")


def test_load_and_probes_are_no_runs_of_a_suite() -> None:
    windows = [LoadWindow("small", "closed", level, 0.0, 9.0, LoadFigures(measured_s=8.0)) for level in (1.0, 2.0)]
    said = rerun_command(header(workloads=("extraction",)), name="load.jsonl", attempts=0, load=windows, probes=())
    assert said == (
        "milo-bench load --suite case_ops_v1 --model small --workload extraction --concurrency 1,2 --duration 8s "
        "--out load.jsonl"
    )
    probes = [ProbeResult("small", name, "1", "pass", "info", "") for name in ("egress", "truncation")]
    said = rerun_command(header(), name="probes.jsonl", attempts=0, load=(), probes=probes)
    assert said == "milo-bench probe small --out probes.jsonl"


def test_probes_name_the_logs_that_were_searched_and_what_restarted_the_server() -> None:
    given = {"given": {"logs": ["server.log", "journal:llama"], "restart_command": ["systemctl", "restart", "llama"]}}
    probes = [ProbeResult("small", "privacy_leak", "1", "pass", "critical", "", given)]
    said = rerun_command(header(), name="probes.jsonl", attempts=0, load=(), probes=probes)
    assert said == (
        "milo-bench probe small --logs server.log --logs journal:llama "
        "--restart-command 'systemctl restart llama' --out probes.jsonl"
    )


def test_the_shipped_policy_is_not_named_and_another_is() -> None:
    evidence = Evidence(
        logs=(), targets={}, fixtures=fixture_table([], words=[], keyword=[]), cases={}, workloads={},
        inventories={"i": {}},
    )  # fmt: skip
    shipped = shipped_policy("claims_v1")
    assert shipped is not None
    text = KeptFile(shipped.path, sha256_text(shipped.text), shipped.text)
    assert not any("--policy" in line for line in rerun_commands(evidence, text, None, None))
    changed = KeptFile("claims_v1.yaml", sha256_text("x"), f"{shipped.text}\n")
    decide = next(line for line in rerun_commands(evidence, changed, None, None) if " decide " in line)
    assert "--policy policy.yaml" in decide and "--inventory inventory.json" in decide


def test_scores_of_people_are_said_to_be_of_the_old_answers_and_how_the_new_ones_are_scored() -> None:
    made = Made()
    made.add("notes", "small", of(3, 4))
    evidence = made.evidence()
    shipped = shipped_policy("claims_v1")
    assert shipped is not None
    text = KeptFile(shipped.path, sha256_text(shipped.text), shipped.text)
    assert not [line for line in rerun_commands(evidence, text, None, None) if "review" in line]
    (candidate,) = evidence.cases
    log = LogRef("runs/a b.jsonl", "0" * 64, "r", "", SuiteRef("s", "1", "0" * 64), {}, "full", "", 4, 4, True)
    load = msgspec.structs.replace(log, path="runs/load.jsonl", attempted=0)
    labelled = replace(evidence, logs=(log, load), labels={candidate: PeopleSaid(4, {})})
    lines = [line for line in rerun_commands(labelled, text, None, None) if "review" in line]
    assert all(line.startswith("#") for line in lines), "no script waits for people"
    sample, imported = (shlex.split(line.lstrip("# ")) for line in lines if "milo-bench review" in line)
    assert sample == ["milo-bench", "review", "sample", "runs/a b.jsonl", "--at-random", "--out", "sheet.csv"]
    assert imported[-1] == "review.json"


def test_a_run_that_stops_is_asked_again_by_its_own_policy() -> None:
    shipped = shipped_policy("case_ops_v1")
    for path, text, named in (
        (shipped.path, shipped.text, False),
        (shipped.path, f"{shipped.text}# and a word more\n", True),
        ("ours.yaml", shipped.text, True),
    ):
        plan = header().plan
        stopped = msgspec.structs.replace(plan, stopping=Stopping(path, text, fresh_seed=1, most_fixtures=90))
        said = rerun_command(
            msgspec.structs.replace(header(), plan=stopped), name="a.jsonl", attempts=9, load=(), probes=()
        )
        assert ("--until-decided --policy policy.yaml --max-fixtures 90" in said) is named
        assert ("--until-decided --max-fixtures 90" in said) is not named


def test_a_suite_of_ones_own_is_named_by_its_folder_and_no_path_of_this_machine() -> None:
    for given, named in (
        ("/home/ann/my suite", "my suite"),
        ("../my_suite", "my_suite"),
        ("suites/mine", "suites/mine"),
    ):
        own = msgspec.structs.replace(header(limit=8), suite_folder=given)
        said = rerun_command(own, name="runs/a.jsonl", attempts=9, load=(), probes=())
        assert suite_to_copy(said) == named
    assert suite_to_copy(rerun_command(header("case_ops_v1@de"), name="a", attempts=9, load=(), probes=())) == ""
