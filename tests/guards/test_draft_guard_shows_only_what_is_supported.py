"""The draft guard: routes, removal, and the draft-guard command from standard input to exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.core.cases.record import CaseEvent, CaseRecord, DocumentRequest, ReplyTemplate
from milo_bench.guards.citations import cited_sentences
from milo_bench.guards.draft_guard import GuardedDraft, GuardOptions, guard_draft
from milo_bench.guards.policy_text import judge_required_text
from milo_bench.guards.requests import read_requests
from milo_bench.guards.sent_on import escalation_reason
from milo_bench.guards.templates import template_use

POLICY = "You must reply within 30 days of the date of this letter."
TEMPLATES = (
    ReplyTemplate("T-01", "Documents", "2025-01-01", "", (POLICY,)),
    ReplyTemplate("T-02", "Old", "2023-01-01", "2024-12-31"),
)
CASE = CaseRecord(
    case_id="84291",
    claimant_name="Ada Hale",
    opened_at="2025-03-01",
    as_of="2025-03-20",
    issue_type="claim",
    events=(
        CaseEvent("E-0001", "2025-03-03", "claimant", "document", "Claim form received."),
        CaseEvent("E-0002", "2025-03-10", "system", "note", "Next update expected within five business days."),
    ),
    requests=(DocumentRequest("medical report", "open", "2025-03-05", "E-0002"),),
)
DRAFT = f"""Template: T-01

Dear Ms Hale,

We received your claim form on 3 March 2025. [E-0001] We still need your medical report [E-0002].
The next update is expected within five business days after document receipt [E-0002].

{POLICY}

Kind regards,
Case Services
"""


def guard(text: str, **changes: object) -> GuardedDraft:
    options = msgspec.structs.replace(GuardOptions(), **changes)
    return guard_draft(text, case=CASE, templates=TEMPLATES, options=options)


def test_a_supported_draft_passes_unchanged_with_its_facts_beside_it() -> None:
    result = guard(DRAFT)
    assert (result.route, result.text, result.removed, result.violations) == ("pass", DRAFT, (), ())
    facts = [fact for part in result.paragraphs for fact in part.facts]
    assert [(fact.event_id, fact.text) for fact in facts][:1] == [("E-0001", "Claim form received.")]


def test_an_uncited_claim_is_removed_or_refused() -> None:
    draft = DRAFT.replace("[E-0001] ", "[E-0001] Your file looks excellent. ")
    edited = guard(draft)
    assert (edited.route, edited.text) == ("edited", DRAFT)
    (cut,) = edited.removed
    assert draft[cut.start : cut.end] == cut.text == "Your file looks excellent."
    refused = guard(draft, on_uncited="refuse")
    assert (refused.route, refused.text, [v.kind for v in refused.violations]) == ("refused", "", ["uncited_claim"])


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("The next update is expected", "The review will be completed", "promise"),
        ("[E-0001]", "[E-0999]", "unknown_citation"),
        ("T-01", "T-02", "template"),
        ("T-01", "T-77", "template"),
        ("Template: T-01\n", "", "template"),
        ("You must reply", "You may reply", "required_text"),
        (POLICY, "", "required_text"),
        ("We still need your medical report", "Thank you for sending your medical report", "unresolved_request"),
    ],
)
def test_each_fault_refuses_the_draft(old: str, new: str, kind: str) -> None:
    text = DRAFT.replace(old, new)
    if kind == "required_text":
        text = text.replace("You may reply", "[E-0001] You may reply")
    result = guard(text)
    assert (result.route, result.text) == ("refused", "")
    assert kind in [violation.kind for violation in result.violations]


def test_high_risk_missing_fields_and_escalations_go_to_a_person() -> None:
    for case in (
        msgspec.structs.replace(CASE, risk="high"),
        msgspec.structs.replace(CASE, claimant_name=" "),
    ):
        result = guard_draft(DRAFT, case=case, templates=TEMPLATES, options=GuardOptions())
        assert (result.route, result.text) == ("human_review", "")
    assert guard("ESCALATE: contradictory statuses").route == "human_review"


@given(st.lists(st.sampled_from(["It was sent. ", "It came [E-0001]. ", "\n", "- ", "\n\n", "(E-0001) ok. ", "Hi,\n"])))
def test_no_uncited_claim_is_ever_shown(parts: list[str]) -> None:
    result = guard("".join(parts), template_policy="any")
    assert not [one for one in cited_sentences(result.text) if one.claim and not one.event_ids]


def test_required_text_is_present_softened_or_missing() -> None:
    def state(text: str) -> str:
        return judge_required_text(text, [POLICY])[0].state

    assert state("You must  reply within 30 days\nof the date of this letter [E-0001].") == "present"
    for softened in (
        POLICY.replace("must", "may"),
        POLICY.replace("30", "60"),
        POLICY.replace(".", " unless you are away."),
        "It would help if you reply within 30 days of this letter.",
    ):
        assert state(softened) == "softened"
    assert state("We hope that you are well.") == "missing"


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for sending the medical report.",
        "Now that we have your medical report, the review can begin.",
        "With all documents on file, we go on.",
        "No further documents are needed.",
        "Your medical report has arrived.",
        "The medical report that we requested was received on 3 May.",
        "We've got your medical report.",
        "On file:\n- passport\n- medical report",
        "Received: medical report (2 pages).",
        "You dropped off the medical report in May.",
        "Both the invoice and the medical report came in.",
    ],
)
def test_an_open_request_told_as_received_is_found(text: str) -> None:
    assert read_requests(text, ["medical report"]).treated_as_received


@pytest.mark.parametrize(
    "text",
    [
        "We have not yet received your medical report.",
        "Once we receive the medical report, the review can begin.",
        "Please send your medical report.",
        "We received your email, but the medical report is still missing.",
        "To be provided:\n1. passport\n2. medical report",
        "Should the medical report arrive, we will write.",
        "The medical report you scanned is blank.",
        "We'd be grateful for your medical report.",
        "No medical report has come in.",
        "Thank you in advance for the medical report.",
    ],
)
def test_an_open_request_told_as_open_is_left_alone(text: str) -> None:
    reading = read_requests(text, ["medical report"])
    assert reading.treated_as_received == ()
    assert reading.outstanding == ("medical report",)


@pytest.mark.parametrize("text", ["The medical report runs to nine pages.", "Your medical report is a good read."])
def test_a_sentence_on_an_open_request_that_no_rule_reads_is_left_for_a_person(text: str) -> None:
    reading = read_requests(text, ["medical report"])
    assert reading.treated_as_received == ()
    assert [text[one.start : one.end] for one in reading.unread] == [text]


@pytest.mark.parametrize(
    "text", ["Has the medical report come?", "You say that the medical report is long.", "Thanks."]
)
def test_a_question_a_report_and_another_matter_are_not_left_for_a_person(text: str) -> None:
    assert read_requests(text, ["medical report"]).unread == ()


def test_template_validity_is_inclusive_at_both_ends() -> None:
    for day, state in (("2022-12-31", "not_yet_valid"), ("2023-01-01", "current"), ("2024-12-31", "current")):
        assert template_use("Template: t-02", TEMPLATES, day).state == state
    assert template_use("Template: T-02", TEMPLATES, "2025-01-01").state == "expired"
    assert escalation_reason("ESCALATE: high risk") == "high risk"
    assert escalation_reason("Dear Ada,\nESCALATE: no") is None


def command(stdin: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "milo_bench.cli.draft_guard", "verify", *arguments], input=stdin, capture_output=True
    )


def test_the_command_of_the_mission_verifies_a_document_from_standard_input(tmp_path: Path) -> None:
    rules = ["--require-citations", "--reject-promises", "--template-policy", "current_only"]
    document = {"draft": DRAFT, "case": msgspec.to_builtins(CASE), "templates": msgspec.to_builtins(TEMPLATES)}
    passed = command(json.dumps(document).encode(), *rules)
    assert (passed.returncode, passed.stdout.decode()) == (0, DRAFT)
    document["draft"] = DRAFT.replace("The next update is expected", "The review will be completed")
    rejected = command(json.dumps(document).encode(), *rules, "--json")
    assert rejected.returncode == 1
    assert json.loads(rejected.stdout)["route"] == "refused"
    (tmp_path / "cases.jsonl").write_bytes(msgspec.json.encode(CASE))
    (tmp_path / "templates.json").write_bytes(msgspec.json.encode(TEMPLATES))
    files = ["--cases", str(tmp_path / "cases.jsonl"), "--templates", str(tmp_path / "templates.json")]
    assert command(DRAFT.encode(), *rules, "--case", "84291", *files).returncode == 0


def test_without_a_case_the_command_says_that_only_the_form_was_checked() -> None:
    done = command(b"It was sent [E-0412].", "--require-citations")
    assert done.returncode == 0
    assert b"only the form of citations was checked" in done.stderr


@pytest.mark.parametrize(
    ("stdin", "arguments"),
    [
        (b"", ()),
        (b"\xff\xfe", ()),
        (b'{"draft": 3}', ()),
        (b'{"draft": "x", "as_of": "soon"}', ()),
        (b"x", ("--template-policy", "nonsense")),
        (b"x", ("--as-of", "yesterday")),
        (b"x", ("--cases", "nowhere.jsonl", "--case", "1")),
        (b"x", ("--cases", "nowhere.jsonl")),
    ],
)
def test_bad_input_is_one_json_error_with_exit_code_2(stdin: bytes, arguments: tuple[str, ...]) -> None:
    done = command(stdin, *arguments, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["hint"]
    assert b"Traceback" not in done.stderr


def test_without_a_case_or_a_day_templates_must_be_current_today() -> None:
    done = command(b"Template: T-12\n", "--template-policy", "current_only")
    assert b"templates must be valid today" in done.stderr
    assert b"Traceback" not in done.stderr
