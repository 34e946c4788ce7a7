"""The language checks: one answer at a time, held against the rails that the guards already give."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings, Verdict, Workload
from milo_bench.grade import checks as checks
from milo_bench.grade.base import CHECKS, GradeCase

POLICY = "You must reply within 30 days of the date of this letter."
CASE = {
    "case_id": "84291",
    "claimant_name": "Ada Hale",
    "opened_at": "2025-03-01",
    "as_of": "2025-03-20",
    "issue_type": "claim",
    "events": [
        {"id": "E-0001", "at": "2025-03-03", "source": "claimant", "kind": "document", "text": "Form received."},
        {"id": "E-0002", "at": "2025-03-10", "source": "system", "kind": "note", "text": "Report asked for."},
    ],
    "requests": [{"document": "medical report", "state": "open", "requested_at": "2025-03-05"}],
}
TEMPLATES = [
    {"id": "T-01", "title": "a", "valid_from": "2025-01-01", "required_text": [POLICY]},
    {"id": "T-02", "title": "b", "valid_from": "2023-01-01", "valid_until": "2024-12-31"},
    {"id": "T-03", "title": "c", "valid_from": "2023-01-01"},
]
EXPECT = {"action": "draft", "template_id": "T-01", "required_text": [POLICY], "open_documents": ["medical report"]}


def judge(name: str, output: str, *, expect: dict[str, Any] | None = None, **params: Any) -> list[Verdict]:
    workload = Workload("drafting", "p", "", "", ())
    fixture = Fixture("f", "drafting", {"case": CASE, "templates": TEMPLATES}, EXPECT if expect is None else expect)
    attempt = Attempt(AttemptKey("f", "t"), "h", Timings(0, 0, 1), output)
    CHECKS.get(name).validate(params, workload)
    return list(CHECKS.get(name).judge(GradeCase(workload, fixture, attempt), params))


@pytest.mark.parametrize(
    ("name", "output", "category"),
    [
        ("citation_coverage", f"Dear Ada,\nIt came [E-0001]. It is open. [E-0002]\n{POLICY}", ""),
        ("citation_coverage", "It came [E-0001]. It is open.", "uncited_claim"),
        ("citation_coverage", "It came [E-0009].", "unknown_citation"),
        ("citation_coverage", "Dear Ada,", "no_claims"),
        ("banned_commitments", "The next update is expected within five business days [E-0002].", ""),
        ("banned_commitments", "The review will be completed within five business days.", "banned_commitment"),
        ("policy_text", POLICY, ""),
        ("policy_text", POLICY.replace("must", "may"), "softened_policy_text"),
        ("policy_text", "Dear Ada,", "missing_policy_text"),
        ("unresolved_request", "We still need your medical report.", ""),
        ("unresolved_request", "Thank you for sending your medical report.", "open_request_as_complete"),
        ("template_current", "Template: T-01\n\nDear Ada,", ""),
        ("template_current", "Template: T-02\n\nDear Ada,", "template_expired"),
        ("template_current", "Template: T-03\n\nDear Ada,", "wrong_template"),
        ("template_current", "Template: T-99\n\nDear Ada,", "template_unknown"),
        ("template_current", "Dear Ada,", "template_none_named"),
        ("escalation", "Dear Ada,", ""),
        ("escalation", "ESCALATE: high risk", "needless_escalation"),
    ],
)
def test_each_check_names_the_fault(name: str, output: str, category: str) -> None:
    (verdict,) = judge(name, output)
    assert (verdict.outcome, verdict.category) == ("fail" if category else "pass", category)
    for span in verdict.spans:
        assert 0 <= span.start < span.end <= len(output)


def test_coverage_counts_its_parts() -> None:
    (verdict,) = judge("citation_coverage", "It came [E-0001]. It is open. It left [E-0002].")
    assert (verdict.parts_held, verdict.parts) == (2, 3)


def test_an_escalation_where_one_is_expected_passes_and_the_draft_checks_step_aside() -> None:
    wanted = {"action": "escalate"}
    assert judge("escalation", "ESCALATE: high risk", expect=wanted)[0].outcome == "pass"
    assert judge("escalation", "Dear Ada,", expect=wanted)[0].category == "missed_escalation"
    assert judge("escalation", "Dear Ada,\nESCALATE: x", expect=wanted)[0].category == "malformed_escalation"
    assert judge("escalation", "ESCALATE:", expect=wanted)[0].category == "malformed_escalation"
    for name in ("citation_coverage", "policy_text", "unresolved_request", "template_current"):
        assert judge(name, "ESCALATE: high risk", expect=wanted)[0].outcome == "skip"


def test_an_unknown_parameter_is_refused_before_anything_is_judged() -> None:
    for name in ("citation_coverage", "banned_commitments", "policy_text", "unresolved_request", "template_current"):
        with pytest.raises(Exception, match="no parameter 'nonsense'"):
            judge(name, "x", nonsense=1)


def test_the_case_of_the_tests_is_a_case_record() -> None:
    from milo_bench.core.cases.record import CaseRecord

    assert msgspec.convert(CASE, CaseRecord).case_id == "84291"
