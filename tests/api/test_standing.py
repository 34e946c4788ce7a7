"""A package is a standing control: what regressed is named with by how much, and what cannot be told is told so."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from milo_bench import api
from milo_bench.cli.commands.gate import gate
from milo_bench.cli.entry import run_command
from milo_bench.core.errors import DataError
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import Attempt, AttemptKey, Plan, RunEnd, RunHeader, TargetRecord, Timings
from milo_bench.report.terminal.standing import standing_junit
from milo_bench.store.audit.chain import read_key
from milo_bench.store.audit.records import AuditedCall, AuditedRequest
from milo_bench.store.audit.writer import AuditWriter, key_path
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.suites import load_suite

POLICY = """
policy: 1
workloads:
  escalation:
    gates:
      - {measure: accuracy, at_least: 0.8}
      - {measure: recall, slice: class=escalate, at_least: 0.5, safety: true}
findings:
  - {finding: reject, name: leaks, when: [probe_failed_critical]}
  - {finding: keep, name: adequate, when: [all_gates_pass]}
  - {finding: reject, name: unfit, when: [any_gate_failed]}
  - {finding: defer, name: open, when: []}
"""
NOTES = 300


@pytest.fixture(scope="module")
def log_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``log_of(name, wrong)``: labels of 300 notes of which the first ``wrong`` by a seeded order are wrong."""
    suite = load_suite("claims_v1")
    every = [fixture for fixture in suite.fixtures if fixture.workload == "escalation"]
    notes = random.Random(0).sample(every, NOTES)
    order = random.Random(1).sample(range(NOTES), NOTES)
    folder = tmp_path_factory.mktemp("logs")

    def make(name: str, wrong: int, *, notes_asked: int = NOTES, digest: str = "sha256:one") -> Path:
        asked = notes[:notes_asked]
        header = RunHeader(
            run_id=name,
            created_at="2026-01-05T00:00:00Z",
            tool_version="0",
            suite=suite.ref,
            workloads=(suite.workloads["escalation"],),
            targets=(TargetRecord("local", "openai", "m", model_digest=digest),),
            plan=Plan(tuple(note.id for note in asked), ("local",)),
        )
        writer = RunLogWriter.create(folder / f"{name}.jsonl", header, asked)
        missed = set(order[:wrong])
        for place, note in enumerate(asked):
            right = note.expect["label"]
            label = {"routine": "watch", "watch": "routine", "escalate": "routine"}[right] if place in missed else right
            output = msgspec.json.encode({"label": label, "reason": "as it says"}).decode()
            times = Timings(0.0, 0.0, 1.0, first_content_s=0.5)
            writer.append(Attempt(AttemptKey(note.id, "local"), "r", times, output=output, finish_reason="stop"))
        writer.close(RunEnd("2026-01-05T01:00:00Z", len(asked), 0, True))
        return folder / f"{name}.jsonl"

    return make


@pytest.fixture(scope="module")
def package(log_of: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    (folder / "policy.yaml").write_text(POLICY)
    options = api.DecideOptions((log_of("baseline", 15),), policy=folder / "policy.yaml")
    api.write_decision(folder / "decision.json", api.decide_logs(options, created_at="2026-01-06T00:00:00Z"))
    return folder


def test_the_same_answers_again_hold(package: Path, log_of: Callable[..., Path]) -> None:
    report = api.gate_logs([log_of("same", 15)], package)
    assert report.standing == "held"
    assert {result.standing for result in report.results} == {"held"}
    assert report.changed == () and report.not_run == () and report.added == ()


def test_worse_answers_regress_by_a_stated_amount(package: Path, log_of: Callable[..., Path]) -> None:
    report = api.gate_logs([log_of("worse", 90)], package)
    assert report.standing == "regressed"
    accuracy = next(result for result in report.of("regressed") if result.what == "accuracy")
    assert accuracy.difference == pytest.approx(-75 / 300)
    assert accuracy.low is not None and accuracy.high is not None
    assert accuracy.low < accuracy.difference < accuracy.high < 0
    assert "paired fixtures" in accuracy.method
    gates = [result for result in report.of("regressed") if result.kind == "gate"]
    assert gates and "pass → fail" in gates[0].reason


def test_a_little_worse_on_few_fixtures_cannot_be_told(package: Path, log_of: Callable[..., Path]) -> None:
    report = api.gate_logs([log_of("few", 22, notes_asked=40)], package)
    assert report.standing == "undecided"
    assert not report.of("regressed")


def test_without_the_old_log_rates_are_compared_unpaired(
    package: Path, log_of: Callable[..., Path], tmp_path: Path
) -> None:
    decision = api.baseline_decision(package)
    moved = msgspec.structs.replace(decision, logs=(msgspec.structs.replace(decision.logs[0], path="gone.jsonl"),))
    api.write_decision(tmp_path / "decision.json", moved)
    report = api.gate_logs([log_of("worse_unpaired", 90)], tmp_path)
    accuracy = next(result for result in report.results if result.what == "accuracy" and result.kind == "difference")
    assert accuracy.standing == "regressed" and "unpaired" in accuracy.method
    paired = next(
        result
        for result in api.gate_logs([log_of("worse_paired", 90)], package).results
        if result.what == "accuracy" and result.kind == "difference"
    )
    assert accuracy.difference == pytest.approx(paired.difference)


def test_other_weights_are_named(package: Path, log_of: Callable[..., Path]) -> None:
    report = api.gate_logs([log_of("other", 15, digest="sha256:two")], package)
    assert report.changed == ("local, weights: sha256:one → sha256:two",)


def test_a_decision_on_other_answers_says_which_finding_changed_and_why(
    package: Path, log_of: Callable[..., Path], tmp_path: Path
) -> None:
    options = api.DecideOptions((log_of("changed", 120, digest="sha256:two"),), policy=package / "policy.yaml")
    now = api.decide_logs(options, created_at="2026-02-06T00:00:00Z")
    changes = api.decision_changes(now, package)
    (change,) = changes.findings
    assert (change.before, change.now) == ("keep", "reject")
    assert any(text.startswith("accuracy: pass → fail (95% → 60%") for text in change.because)
    assert "local, weights: sha256:one → sha256:two" in changes.differs
    assert api.decision_changes(api.baseline_decision(package), package).findings == ()


@pytest.fixture(scope="module")
def compared(package: Path, log_of: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of other answers, decided with --since on the first one."""
    folder = tmp_path_factory.mktemp("compared")
    options = api.DecideOptions(
        (log_of("compared", 120, digest="sha256:two"),), policy=package / "policy.yaml", since=package
    )
    now = api.decide_logs(options, created_at="2026-02-06T00:00:00Z")
    api.report_decision(now, folder / "package")
    return folder / "package"


def test_the_pages_list_what_changed_since_an_earlier_decision(compared: Path, package: Path) -> None:
    page = (compared / "index.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="since">') :].partition("</section>")[0]
    for shown in ("keep", "reject", "accuracy: pass → fail (95% → 60%", "weights: sha256:one → sha256:two"):
        assert shown in section
    digest = sha256_data((package / "decision.json").read_bytes())
    summary = (compared / "summary.md").read_text(encoding="utf-8")
    assert digest in section
    assert "keep before, reject now" in summary
    assert digest in summary
    assert 'href="#since"' in page.partition('<section id="since">')[0]


def _changed(folder: Path, out: Path, old: str, new: str) -> Path:
    """The package of the decision in ``folder`` with ``old`` written as ``new``."""
    text = (folder / "decision.json").read_text(encoding="utf-8")
    assert old in text
    path = out / "forged.json"
    path.write_text(text.replace(old, new), encoding="utf-8")
    api.report_decision(path, out / "package")
    return out / "package"


def test_verify_recomputes_what_changed_from_the_earlier_decision(compared: Path, tmp_path: Path) -> None:
    held = api.verify_package(compared)
    assert (held.differences, held.exit_code) == ((), 0)
    assert not any("what changed since" in note for note in held.notes)
    forged = _changed(compared, tmp_path, "accuracy: pass → fail (95%", "accuracy: pass → fail (99%")
    (one,) = api.verify_package(forged).differences
    assert one.source == "since.changes.escalation on local, reasons"
    assert "99%" in one.package


def test_verify_says_that_the_earlier_decision_is_not_there_and_checks_this_side(
    compared: Path, package: Path, tmp_path: Path
) -> None:
    elsewhere = _changed(compared, tmp_path, f'"{package}/decision.json"', '"gone/decision.json"')
    found = api.verify_package(elsewhere)
    assert (found.differences, found.exit_code) == ((), 0)
    assert any("what changed since gone/decision.json was checked on this side only" in note for note in found.notes)
    assert api.verify_package(elsewhere, runs=package.parent).notes == api.verify_package(compared).notes  # by digest
    kept = '"now": "reject"'
    (tmp_path / "second").mkdir()
    forged = _changed(elsewhere, tmp_path / "second", kept, '"now": "keep"')
    assert any(one.source.startswith("since.changes.escalation") for one in api.verify_package(forged).differences)


def test_the_command_exits_1_and_writes_junit(
    package: Path, log_of: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junit = tmp_path / "gate.xml"
    worse = str(log_of("worse_again", 90))
    assert run_command(gate, "gate", [worse, "--baseline", str(package), "--junit", str(junit)]) == 1
    shown = capsys.readouterr().out
    assert "regressed" in shown and "−25 points" in shown
    suite = ElementTree.parse(junit).getroot()[0]
    assert int(suite.get("failures", "0")) == len(suite.findall("testcase/failure")) > 0
    assert run_command(gate, "gate", [str(log_of("same_again", 15)), "--baseline", str(package)]) == 0


def test_undecided_has_an_exit_code_of_its_own_and_says_what_loss_would_be_found(
    package: Path, log_of: Callable[..., Path]
) -> None:
    few = str(log_of("few_again", 22, notes_asked=40))
    assert run_command(gate, "gate", [few, "--baseline", str(package)]) == 5
    assert run_command(gate, "gate", [few, "--baseline", str(package), "--strict"]) == 1
    report = api.gate_logs([Path(few)], package)
    assert "<skipped" in standing_junit(report)
    losses = [one.detectable for one in report.of("undecided") if one.kind == "difference"]
    assert losses[:2] == pytest.approx([0.4, 0.4], abs=0.01) and losses[2] is None  # notes of one story go together
    assert any("too small to find a loss" in one.reason for one in report.results)  # two fixtures of the class
    assert any("Four in five runs of this size would find a loss of" in one.reason for one in report.results)


def test_logs_of_other_work_are_refused(package: Path, make_log: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="have nothing in common with the baseline"):
        api.gate_logs([make_log()], package)


# ------------------------------------------------------------ an audit of the gateway


def audit_of(folder: Path, *, failures: int, count: int = 400, workload: str = "escalation") -> Path:
    audit = AuditWriter(folder / "audit", read_key(key_path(folder / "audit"), make=True))
    for number in range(count):
        failure = "" if number >= failures else "HTTP 500"
        audit.write(partial(_made, AuditedCall("local", 200, failure, 0.9 if number % 50 else 1.2), workload))
    audit.close()
    return folder / "audit"


def _made(call: AuditedCall, workload: str, n: int) -> AuditedRequest:
    return AuditedRequest(n, "2026-11-29T09:00:00Z", f"r{n}", "answered", 200, workload=workload, calls=(call,))


def test_an_audit_is_read_as_run_logs_are(package: Path, log_of: Callable[..., Path], tmp_path: Path) -> None:
    held = api.gate_logs([audit_of(tmp_path / "fine", failures=1)], package)
    assert held.standing == "held"
    assert {result.what for result in held.results} >= {"failure rate", "answers slower than the measured p95"}
    assert any("no right answers" in note for note in held.notes)
    worse = audit_of(tmp_path / "worse", failures=80)
    found = api.gate_logs([worse], package)
    assert [result.what for result in found.of("regressed")] == ["failure rate"]
    both = api.gate_logs([log_of("beside_an_audit", 15), worse], package)
    assert both.standing == "regressed"
    assert {"gate", "difference"} <= {result.kind for result in both.results}
    assert both.not_run == ()


def test_an_audit_that_was_changed_is_no_evidence(package: Path, tmp_path: Path) -> None:
    folder = audit_of(tmp_path, failures=80)
    [file] = folder.glob("*.jsonl")
    file.write_text(file.read_text().replace('"failure":"HTTP 500"', '"failure":""', 1))
    with pytest.raises(DataError, match="does not hold"):
        api.gate_logs([folder], package)
    key_path(folder).unlink()
    assert any("was not verified" in note for note in api.gate_logs([folder], package).notes)


def test_an_audit_of_other_work_has_nothing_in_common(package: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing in common"):
        api.gate_logs([audit_of(tmp_path, failures=0, workload="other")], package)
