"""A check that cannot read what it needs leaves the answer unjudged: never passed, and never failed by it."""

from __future__ import annotations

from typing import Any

import pytest

from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Graded, Timings, Workload
from milo_bench.grade.engine import grade_attempt, unread_fixtures

PACKET = "[L1] The tenant paid $400.\n[L2] The lease ended in May."


def workload(*checks: CheckSpec) -> Workload:
    return Workload("work", "p", "", "", checks)


def grade(output: str, given: dict[str, Any], expect: dict[str, Any], *checks: CheckSpec) -> Graded:
    attempt = Attempt(AttemptKey("f", "target"), "", Timings(0, 0, 1), output)
    return grade_attempt(workload(*checks), Fixture("f", "work", given, expect), attempt)


LINES, LABEL = CheckSpec("evidence_lines", {}), CheckSpec("label", {})


def test_an_answer_that_cites_lines_which_no_check_could_read_is_unjudged_and_not_passed() -> None:
    graded = grade("The tenant paid $900 [L99999].", {"document": PACKET}, {}, LINES, CheckSpec("answer_present", {}))
    assert graded.passed is None
    assert graded.unjudged
    assert graded.verdicts[0].outcome == "unjudged"
    assert "packet" in graded.verdicts[0].reason


def test_the_same_answer_fails_once_the_check_names_the_input() -> None:
    named = CheckSpec("evidence_lines", {"packet": "document"})
    assert grade("The tenant paid $900 [L99999].", {"document": PACKET}, {}, named).passed is False
    assert grade("The tenant paid $400 [L1].", {"document": PACKET}, {}, named).passed is True


def test_an_unjudged_check_does_not_save_an_answer_that_another_check_fails() -> None:
    graded = grade("no", {"document": PACKET}, {"label": "yes"}, LINES, LABEL)
    assert graded.passed is False
    assert not graded.unjudged


@pytest.mark.parametrize(
    ("check", "expect", "outcome"),
    [
        ("label", {}, "unjudged"),
        ("label", {"label": None}, "skip"),
        ("label", {"label": 5}, "unjudged"),
        ("contains", {}, "unjudged"),
        ("contains", {"contains": []}, "skip"),
        ("equals", {}, "unjudged"),
        ("exact_fields", {}, "unjudged"),
        ("exact_fields", {"fields": {}}, "skip"),
        ("null_when_missing", {}, "unjudged"),
        ("null_when_missing", {"fields": {"a": 1}}, "skip"),
        ("key_facts", {}, "unjudged"),
        ("missing_documents", {}, "unjudged"),
        ("escalation_signal", {}, "unjudged"),
        ("conflict_bypassed", {}, "unjudged"),
        ("conflict_bypassed", {"route": None}, "skip"),
        ("citation_support", {}, "unjudged"),
        ("template_current", {}, "unjudged"),
        ("unresolved_request", {}, "unjudged"),
        ("unresolved_request", {"open_documents": []}, "skip"),
        ("source_spans", {}, "unjudged"),
    ],
)
def test_missing_is_unjudged_and_empty_does_not_apply(check: str, expect: dict[str, Any], outcome: str) -> None:
    (verdict,) = grade('{"a": 1}', {"text": "a"}, expect, CheckSpec(check, {})).verdicts
    assert verdict.outcome == outcome


def test_source_spans_of_all_null_values_do_not_apply_where_the_document_is_there() -> None:
    (verdict,) = grade('{"a": null}', {"document": "a"}, {}, CheckSpec("source_spans", {})).verdicts
    assert verdict.outcome == "skip"


def test_the_fixtures_that_a_check_cannot_read_are_named_with_the_keys_that_there_are() -> None:
    fixtures = [Fixture("one", "work", {"document": PACKET}, {}), Fixture("two", "work", {"packet": PACKET}, {})]
    (unread,) = unread_fixtures(workload(LINES), fixtures)
    assert unread.fixtures == ("one",)
    assert unread.of == 2
    assert "document" in unread.hint
