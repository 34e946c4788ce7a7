"""Perfect answers in German, French and Spanish pass every check that reads them; each known fault fails its check."""

from __future__ import annotations

from functools import cache
from typing import get_args

import pytest

from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings, Verdict
from milo_bench.grade.engine import grade_attempt
from milo_bench.suites import load_suite
from milo_bench.suites.load import Suite, language_names
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
from tests.suites.claims.test_answers import PACKET_CHECKS
from tests.suites.claims.wordings import WORDINGS

LANGUAGES = [name.partition("@")[2] for name in language_names() if name.startswith("claims_v1@")]


@cache
def suite_in(language: str, variant: bool = False) -> Suite:
    variants = {"packet_summary": "original", "handoff": "extraction_first"} if variant else {}
    return load_suite(f"claims_v1@{language}", variants=variants)


def fixtures(language: str, workload: str, count: int) -> list[Fixture]:
    found = [one for one in suite_in(language).fixtures if one.workload == workload]
    return sorted(found, key=lambda one: one.expect.get("words", 0))[:count]


def judge(language: str, fixture: Fixture, output: str, *, variant: bool = False) -> tuple[Verdict, ...]:
    workload = suite_in(language, variant).workloads[fixture.workload]
    attempt = Attempt(AttemptKey(fixture.id, "written by hand"), "", Timings(0, 0, 1), output=output)
    return grade_attempt(workload, fixture, attempt).verdicts


def failures(language: str, fixture: Fixture, output: str, *, variant: bool = False) -> set[tuple[str, str]]:
    verdicts = judge(language, fixture, output, variant=variant)
    return {(one.check, one.category) for one in verdicts if one.outcome == "fail"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_perfect_answer_passes_and_no_check_leaves_it_unjudged(language: str) -> None:
    said = WORDINGS[language]
    answers = [(one, ideal_summary(one, said), False) for one in fixtures(language, "packet_summary", 60)]
    answers += [(one, ideal_handoff(one, said), False) for one in fixtures(language, "handoff", 60)]
    answers += [(one, ideal_rows(one, said), True) for one in fixtures(language, "handoff", 30)]
    answers += [(one, ideal_label(one, said), False) for one in fixtures(language, "escalation", 100)]
    for fixture, output, variant in answers:
        verdicts = judge(language, fixture, output, variant=variant)
        poor = [(one.check, one.reason) for one in verdicts if one.outcome in ("fail", "flag", "unjudged")]
        assert not poor, (fixture.id, poor)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fault", get_args(PacketFault))
def test_a_faulty_summary_fails_the_check_meant_for_it(fault: PacketFault, language: str) -> None:
    check, category = PACKET_CHECKS[fault]
    said = WORDINGS[language]
    packets = fixtures(language, "packet_summary", 40)
    outputs = [(one, output) for one in packets if (output := faulty_summary(one, fault, said)) is not None][:12]
    assert len(outputs) >= 8
    for fixture, output in outputs:
        found = failures(language, fixture, output)
        assert any(one == check and category in ("", why) for one, why in found), (fixture.id, found)


@pytest.mark.parametrize("language", LANGUAGES)
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
def test_a_faulty_handoff_fails_the_check_meant_for_it(
    fault: HandoffFault, expected: tuple[str, str], language: str
) -> None:
    for fixture in fixtures(language, "handoff", 12):
        output = faulty_handoff(fixture, fault, WORDINGS[language])
        assert output is not None and expected in failures(language, fixture, output), fixture.id


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("reviewed", ("document_reviewed", "referenced_as_reviewed")),
        ("wrong_line", ("evidence_lines", "unsupported_by_lines")),
        ("too_few", ("schema", "schema_violation")),
    ],
)
def test_faulty_rows_fail_the_check_meant_for_them(fault: RowsFault, expected: tuple[str, str], language: str) -> None:
    for fixture in fixtures(language, "handoff", 12):
        output = faulty_rows(fixture, fault, WORDINGS[language])
        assert output is not None and expected in failures(language, fixture, output, variant=True), fixture.id


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("fault", "check"), [("downgraded", "label"), ("unknown_label", "label")])
def test_a_faulty_label_fails_the_check_meant_for_it(fault: NoteFault, check: str, language: str) -> None:
    notes = fixtures(language, "escalation", 300)
    outputs = [(one, output) for one in notes if (output := faulty_label(one, fault, WORDINGS[language])) is not None]
    assert len(outputs) >= 20
    for fixture, output in outputs[:40]:
        assert check in {one for one, _ in failures(language, fixture, output)}, fixture.id
