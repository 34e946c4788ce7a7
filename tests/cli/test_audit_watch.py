"""``milo-bench audit watch`` as a person meets it: counts, exit codes, mistakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench.store.audit.records import AuditedCall, AuditedRequest
from milo_bench.store.audit.writer import AuditWriter
from tests.cli.commands import milo

ALARMS = """
schema_version: 1
alarms:
- {id: notes.no_answer, workload: notes, target: local, measure: no_answer, at_most: 0.05, baseline: 1 of 70 measured}
- {id: notes.queued, workload: notes, measure: queued, at_most: 0.9}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "alarms.yaml").write_text(ALARMS, encoding="utf-8")
    return tmp_path


def record(folder: Path, failures: int) -> None:
    audit = AuditWriter(folder / "audit", b"k" * 32)
    for number in range(20):
        call = AuditedCall("local", 200 if number >= failures else 0, "" if number >= failures else "refused", 1.0)
        audit.write(_made(call))
    audit.close()


def _made(call: AuditedCall) -> Callable[[int], AuditedRequest]:
    return lambda n: AuditedRequest(n, "2026-11-29T09:00:00Z", f"r{n}", "answered", 200, workload="notes",
                                    calls=(call,))  # fmt: skip


def test_an_audit_as_measured_rings_nothing(folder: Path) -> None:
    record(folder, failures=1)
    said = milo("audit", "watch", "audit", folder=folder)
    assert said.code == 0
    assert "notes.no_answer" in said.out
    assert "usual" in said.out
    assert milo("audit", "watch", "audit", "--json", folder=folder).json()["ok"] is True


def test_an_alarm_is_exit_code_one_with_what_to_do(folder: Path) -> None:
    record(folder, failures=9)
    said = milo("audit", "watch", "audit", folder=folder)
    assert said.code == 1
    assert said.error == "1 alarm for notes."
    assert "flags.yaml" in said.hint
    found = milo("audit", "watch", "audit", "--json", folder=folder)
    assert (found.code, found.json()["ok"]) == (1, False)
    assert [one["seen"] for one in found.json()["alarms"]] == [9, 0]


def test_a_missing_audit_and_missing_alarms_are_named(folder: Path) -> None:
    assert milo("audit", "watch", "nowhere", folder=folder).code == 3
    record(folder, failures=0)
    said = milo("audit", "watch", "audit", "--alarms", "none.yaml", folder=folder)
    assert said.code in (2, 3)
    assert "none.yaml" in said.error
