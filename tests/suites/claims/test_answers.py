"""Perfect claims answers pass every check of their workload; each known fault is caught by the check meant for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import pytest

from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings, Verdict
from milo_bench.grade.engine import grade_attempt
from milo_bench.suites import load_suite
from tests.suites.claims.claims_answers import (
    HandoffFault,
    NoteFault,
    PacketFault,
    RowsFault,
    faulty_handoff,
    faulty_label,
    faulty_rows,
    faulty_summary,
    ideal_handoff,
    ideal_label,
    ideal_rows,
    ideal_summary,
)

SUITE = load_suite("claims_v1")
VARIANTS = load_suite("claims_v1", variants={"packet_summary": "original", "handoff": "extraction_first"})
PACKETS = [f for f in SUITE.fixtures if f.workload == "packet_summary"]
NOTES = [f for f in SUITE.fixtures if f.workload == "escalation"]
HANDOFFS = [f for f in SUITE.fixtures if f.workload == "handoff"]
SOME_PACKETS = sorted(PACKETS, key=lambda f: f.expect["words"])[:40]


def judge(fixture: Fixture, output: str, *, variant: bool = False) -> tuple[Verdict, ...]:
    workload = (VARIANTS if variant else SUITE).workloads[fixture.workload]
    key = AttemptKey(fixture=fixture.id, target="written by hand")
    attempt = Attempt(key=key, request_hash="", timings=Timings(0, 0, 1), output=output)
    return grade_attempt(workload, fixture, attempt).verdicts


def poor(verdicts: Iterable[Verdict]) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.outcome in ("fail", "flag")]


def failures(fixture: Fixture, output: str, *, variant: bool = False) -> set[tuple[str, str]]:
    verdicts = judge(fixture, output, variant=variant)
    return {(verdict.check, verdict.category) for verdict in verdicts if verdict.outcome == "fail"}


def test_every_perfect_summary_passes_every_check() -> None:
    for fixture in PACKETS:
        assert not poor(judge(fixture, ideal_summary(fixture))), fixture.id


def test_every_perfect_label_passes_every_check() -> None:
    for fixture in NOTES:
        assert not poor(judge(fixture, ideal_label(fixture))), fixture.id


def test_every_perfect_handoff_passes_every_check_as_prose_and_as_rows() -> None:
    for fixture in HANDOFFS:
        assert not poor(judge(fixture, ideal_handoff(fixture))), fixture.id
        assert not poor(judge(fixture, ideal_rows(fixture), variant=True)), fixture.id


def test_a_perfect_summary_without_evidence_passes_the_original_contract() -> None:
    for fixture in SOME_PACKETS:
        output = faulty_summary(fixture, "no_evidence_section")
        assert output is not None and not poor(judge(fixture, output, variant=True)), fixture.id


PACKET_CHECKS: dict[PacketFault, tuple[str, str]] = {
    "missed_document": ("missing_documents", "missed_document"),
    "invented_document": ("missing_documents", "invented_document"),
    "present_document": ("missing_documents", "present_document"),
    "waived_document": ("missing_documents", "waived_document"),
    "wrong_level": ("escalation_signal", ""),
    "wrong_evidence": ("escalation_signal", "wrong_evidence"),
    "uncited_bullet": ("evidence_lines", "no_evidence"),
    "unknown_line": ("evidence_lines", "unknown_line"),
    "wrong_line": ("evidence_lines", "unsupported_by_lines"),
    "changed_number": ("evidence_lines", "unsupported_by_lines"),
    "wrong_quote": ("evidence_lines", "wrong_quote"),
    "coverage": ("coverage_inference", "coverage_inferred"),
    "four_bullets": ("sections", "wrong_count"),
    "no_evidence_section": ("sections", "missing_section"),
    "thin_summary": ("key_facts", "facts_left_out"),
}


def test_every_fault_of_a_summary_has_a_check() -> None:
    assert set(PACKET_CHECKS) == set(get_args(PacketFault))


@pytest.mark.parametrize("fault", get_args(PacketFault))
def test_a_faulty_summary_fails_the_check_meant_for_it(fault: PacketFault) -> None:
    check, category = PACKET_CHECKS[fault]
    outputs = [(f, output) for f in SOME_PACKETS if (output := faulty_summary(f, fault)) is not None]
    assert len(outputs) >= 8
    for fixture, output in outputs:
        found = failures(fixture, output)
        assert any(one == check and category in ("", why) for one, why in found), (fixture.id, found)


@pytest.mark.parametrize(
    ("fault", "check"),
    [("downgraded", "label"), ("unknown_label", "label"), ("prose", "json_reading"), ("extra_key", "schema")],
)
def test_a_faulty_label_fails_the_check_meant_for_it(fault: NoteFault, check: str) -> None:
    outputs = [(f, output) for f in NOTES[:300] if (output := faulty_label(f, fault)) is not None]
    assert len(outputs) >= 20
    for fixture, output in outputs:
        assert check in {one for one, _ in failures(fixture, output)}, fixture.id


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("reviewed", ("document_reviewed", "referenced_as_reviewed")),
        ("unmentioned", ("document_reviewed", "unmentioned_document")),
        ("uncited", ("evidence_lines", "no_evidence")),
        ("wrong_line", ("evidence_lines", "unsupported_by_lines")),
        ("fault", ("coverage_inference", "coverage_inferred")),
    ],
)
def test_a_faulty_handoff_fails_the_check_meant_for_it(fault: HandoffFault, expected: tuple[str, str]) -> None:
    for fixture in HANDOFFS:
        output = faulty_handoff(fixture, fault)
        assert output is not None and expected in failures(fixture, output), fixture.id


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("reviewed", ("document_reviewed", "referenced_as_reviewed")),
        ("wrong_line", ("evidence_lines", "unsupported_by_lines")),
        ("line_as_number", ("schema", "schema_violation")),
        ("too_few", ("schema", "schema_violation")),
    ],
)
def test_faulty_rows_fail_the_check_meant_for_them(fault: RowsFault, expected: tuple[str, str]) -> None:
    for fixture in HANDOFFS:
        output = faulty_rows(fixture, fault)
        assert output is not None and expected in failures(fixture, output, variant=True), fixture.id
