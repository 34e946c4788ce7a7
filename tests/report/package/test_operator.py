"""The package of a decision with operator work: what it shows, and that a changed digit of it is found."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from milo_bench import api
from milo_bench.core.records import (
    Episode,
    TargetRecord,
)
from milo_bench.operator.worlds.policies import oracle
from milo_bench.operator.worlds.task import Task
from milo_bench.store.stored_text import TextPolicy
from tests.operator.operator_logs import CORE, TARGET, played, run_of, write_log
from tests.report.operator_samples import write_sample_package

if TYPE_CHECKING:
    pass

EVIL = "<script>alert(1)</script> 94%"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """runs/notes.jsonl, runs/operator.jsonl and the package of what was decided on both."""
    folder = tmp_path_factory.mktemp("both")
    write_sample_package(folder)
    return folder


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "x")
    return tmp_path / "x"


def test_a_decision_on_an_operator_log_and_a_run_log_holds_findings_and_permits(made: Path) -> None:
    decision = api.read_decision(made / "decision.json")
    assert {finding.workload for finding in decision.findings} == {"escalation"}
    assert [one.permit.target for one in decision.permits] == [TARGET.name]
    assert decision.policy.path == "claims_v1.yaml" and decision.operator_policy is not None
    assert decision.routing["validity"]["suite"].startswith("claims_v1")
    assert decision.commands[0].startswith("milo-bench operator run --models local_8b --tasks provider_503,")


def test_the_package_is_worked_out_again_permits_and_all(made: Path) -> None:
    found = api.verify_package(made / "package")
    assert found.differences == () and found.recomputed and found.exit_code == 0


def test_the_page_shows_levels_with_reasons_points_failures_apart_and_expiry(made: Path) -> None:
    text = (made / "package" / "index.html").read_text(encoding="utf-8")
    section = text[text.index('<section id="operator">') : text.index('<section id="economics">')]
    plain = " ".join(re.sub(r"<[^>]+>", " ", section).split())
    assert "of 225" in plain and "breach" in plain and "the runtime could not complete the harness" in plain
    assert "money paths" in plain and "Trials with a breach:" in plain
    assert "Valid until 2026-04-01" in plain and "the quantisation is no longer Q4_K_M" in plain
    assert 'href="appendix/operator.html' in section
    shown = re.sub(r"<data .*?</data>", "", section)
    assert section.count('<data data-figure="operator/') > 40 and "<script" not in shown


def test_markdown_runbook_and_appendix_say_it_too(made: Path) -> None:
    package = made / "package"
    assert "## Operator work" in (package / "summary.md").read_text()
    assert "# Operator work" in (package / "findings.md").read_text()
    runbook = (package / "runbook.md").read_text()
    assert "It is void, and the model may do no operator work, if" in runbook
    assert "- the date is after 2026-04-01\n" in runbook
    appendix = (package / "appendix" / "operator.html").read_text()
    assert "reply_lost, repeat 0" in appendix and "permit-" in appendix


@pytest.mark.parametrize("name", ["index.html", "appendix/operator.html"])
def test_a_digit_of_a_permit_changed_in_a_page_is_found_with_its_figure(copied: Path, name: str) -> None:
    page = copied / "package" / name
    text = page.read_text(encoding="utf-8")
    shown = re.search(r'<data data-figure="(operator/local_8b/points)" data-part="value" value="[^"]*">(\d)', text)
    assert shown is not None
    page.write_text(text[: shown.start(2)] + str((int(shown[2]) + 1) % 10) + text[shown.end(2) :], encoding="utf-8")
    (one,) = api.verify_package(copied / "package").differences
    assert (one.file, one.figure, one.source) == (name, "operator/local_8b/points", "operator points of local_8b")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"level": "drafting"', '"level": "operator"'),
        ('"expires": "2026-04-01"', '"expires": "2036-04-01"'),
        ("pass_floor: 0.9", "pass_floor: 0.1"),
    ],
)
def test_a_level_a_date_or_a_floor_changed_in_the_decision_is_found(copied: Path, old: str, new: str) -> None:
    path = copied / "package" / "decision.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert api.verify_package(copied / "package").exit_code == 1


def test_points_changed_in_the_operator_log_are_found(copied: Path) -> None:
    path = copied / "runs" / "operator.jsonl"
    data = path.read_bytes()
    assert b'"points":25' in data
    path.write_bytes(data.replace(b'"points":25', b'"points":24', 1))
    found = api.verify_package(copied / "package")
    assert found.exit_code == 1
    assert any("its event log gives 25" in one.recomputed for one in found.differences)


def test_permits_taken_out_of_a_decision_are_missed(copied: Path) -> None:
    path = copied / "package" / "decision.json"
    decision = msgspec.structs.replace(api.read_decision(path), permits=(), operator_policy=None)
    api.write_decision(path, decision)
    api.report_decision(path, copied / "again")
    assert any(one.source.startswith("permits") for one in api.verify_package(copied / "again").differences)


def test_the_package_of_a_hashed_log_holds_no_text_of_its_episodes(tmp_path: Path) -> None:
    def chatty(task: Task, seed: int, form: str, repeat: int) -> Episode:
        episode = played(task, seed, form, oracle, repeat=repeat)
        turn = msgspec.structs.replace(episode.turns[0], output="The secret word is xylophone.")
        return msgspec.structs.replace(episode, turns=(turn, *episode.turns[1:]))

    run = run_of(CORE, 1, chatty)
    policy = TextPolicy("hashes")
    header = msgspec.structs.replace(run.header, store_text="hashes")
    episodes = tuple(cast(Episode, policy.stored(episode)) for episode in run.episodes)
    log = write_log(type(run)(run.name, header, episodes), tmp_path / "hashed.jsonl")
    decision = api.decide_logs(api.DecideOptions(logs=(log,)), created_at="2026-03-05T00:00:00Z")
    api.write_decision(tmp_path / "d.json", decision)
    api.report_decision(tmp_path / "d.json", tmp_path / "package")
    assert b"xylophone" not in b"".join(path.read_bytes() for path in (tmp_path / "package").rglob("*.*"))
    assert any("taken as recorded" in note for note in decision.permits[0].permit.notes)


def test_a_name_that_a_stranger_chose_is_text_and_nothing_else(tmp_path: Path) -> None:
    target = TargetRecord(name=f"x {EVIL}", api="fake", model=EVIL, runtime="{{ 7*7 }}")
    run = run_of(
        CORE[:2],
        1,
        lambda task, seed, form, repeat: played(task, seed, form, oracle, target=target.name, repeat=repeat),
        target=target,
    )
    log = write_log(run, tmp_path / "evil.jsonl")
    decision = api.decide_logs(api.DecideOptions(logs=(log,)), created_at="2026-03-05T00:00:00Z")
    api.write_decision(tmp_path / "d.json", decision)
    api.report_decision(tmp_path / "d.json", tmp_path / "package")
    for page in (tmp_path / "package").rglob("*.html"):
        assert "<script" not in page.read_text(encoding="utf-8")
    assert api.verify_package(tmp_path / "package", runs=tmp_path).exit_code == 0
