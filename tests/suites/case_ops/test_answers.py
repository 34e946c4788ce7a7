"""Perfect answers pass every check of their workload; each known fault is caught by the check that is there for it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from milo_bench.core.cases.record import CaseRecord
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Timings, Verdict
from milo_bench.grade.base import CHECKS, GradeCase
from milo_bench.guards.event_selection import as_document, select_events
from milo_bench.suites import load_suite
from tests.suites.case_ops.case_ops_answers import (
    DraftFault,
    TimelineFault,
    faulty_draft,
    faulty_timeline,
    ideal_draft,
    ideal_timeline,
)

SUITE = load_suite("case_ops_v1")
TIMELINES = [f for f in SUITE.fixtures if f.workload == "timeline" and f.expect["route"] == "summarise"]
DRAFTS = [f for f in SUITE.fixtures if f.workload == "drafting"]
TO_DRAFT = [f for f in DRAFTS if f.expect["action"] == "draft"]


def judge(fixture: Fixture, output: str) -> list[Verdict]:
    workload = SUITE.workloads[fixture.workload]
    prepared: dict[str, Any] = {}
    if workload.prepare:
        prepared = as_document(select_events(msgspec.convert(fixture.input["case"], CaseRecord)))
    key = AttemptKey(fixture=fixture.id, target="written by hand")
    attempt = Attempt(key=key, request_hash="", timings=Timings(0, 0, 1), output=output, prepared=prepared)
    case = GradeCase(workload, fixture, attempt)
    return [verdict for spec in workload.checks for verdict in CHECKS.get(spec.name).judge(case, spec.params)]


def failed(fixture: Fixture, output: str) -> set[str]:
    return {verdict.check for verdict in judge(fixture, output) if verdict.outcome == "fail"}


def test_every_perfect_answer_passes_every_check() -> None:
    for fixture in [*TIMELINES, *DRAFTS]:
        output = ideal_timeline(fixture) if fixture.workload == "timeline" else ideal_draft(fixture)
        poor = [v for v in judge(fixture, output) if v.outcome in ("fail", "flag")]
        assert not poor, (fixture.id, poor)


@pytest.mark.parametrize(
    ("fault", "check"), [("stale_status", "current_status"), ("uncited_conclusion", "citation_coverage")]
)
def test_a_faulty_summary_fails_the_check_that_is_there_for_it(fault: TimelineFault, check: str) -> None:
    for fixture in TIMELINES:
        if fault != "stale_status" or fixture.expect["stale_statuses"]:
            assert check in failed(fixture, faulty_timeline(fixture, fault)), fixture.id


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("promise", "banned_commitments"),
        ("softened_policy", "policy_text"),
        ("request_complete", "unresolved_request"),
        ("expired_template", "template_current"),
        ("uncited_fact", "citation_coverage"),
    ],
)
def test_a_faulty_draft_fails_the_check_that_is_there_for_it(fault: DraftFault, check: str) -> None:
    suited = [f for f in TO_DRAFT if fault != "request_complete" or f.expect["open_documents"]]
    assert len(suited) >= 10
    for fixture in suited:
        assert check in failed(fixture, faulty_draft(fixture, fault)), fixture.id


def test_a_draft_where_a_person_must_answer_fails_escalation_and_so_does_the_reverse() -> None:
    for fixture in DRAFTS:
        wrong = "ESCALATE: not sure" if fixture.expect["action"] == "draft" else "Template: T-12\nDear customer,\nHello"
        assert "escalation" in failed(fixture, wrong), fixture.id


CONTRADICTORY = [f for f in SUITE.fixtures if f.workload == "timeline" and f.expect["route"] == "human_review"]


@pytest.mark.parametrize(
    "output",
    [
        "**HUMAN_REVIEW**",
        "HUMAN_REVIEW: The newest statuses contradict each other.",
        "**HUMAN_REVIEW** - two statuses are current",
        '{"route": "HUMAN_REVIEW", "reason": "two statuses are current"}',
        "```\nHUMAN_REVIEW\n```",
        '"HUMAN_REVIEW"',
    ],
)
def test_sending_a_case_on_is_right_where_its_statuses_conflict_and_wrong_elsewhere(output: str) -> None:
    assert CONTRADICTORY
    assert {fixture.id: failed(fixture, output) for fixture in CONTRADICTORY if failed(fixture, output)} == {}
    assert all("conflict_bypassed" in failed(fixture, output) for fixture in TIMELINES)


@pytest.mark.parametrize("output", ["HUMAN_REVIEW is not needed.", "No HUMAN_REVIEW: the case is approved."])
def test_a_denied_review_mark_is_no_bypass(output: str) -> None:
    assert all("conflict_bypassed" in failed(fixture, output) for fixture in CONTRADICTORY)


@pytest.mark.parametrize("output", ["**ESCALATE:** The risk is high.", "ESCALATE - the risk is high"])
def test_an_escalation_is_right_in_any_dress(output: str) -> None:
    for fixture in DRAFTS:
        if fixture.expect["action"] == "escalate":
            assert not failed(fixture, output), fixture.id
