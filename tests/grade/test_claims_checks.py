"""What the checks of claims_v1 say of answers as models write them, in both directions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Verdict, Workload
from milo_bench.grade.engine import grade_attempt, validate_checks
from milo_bench.grade.sections import read_sections
from milo_bench.guards.citing.lines import find_line_citations

PACKET = """\
[L1] Claim packet CL-123456. Eastmoor Mutual. Contact: Rosa Talbot. Handler: Colm Verity.
[L2] === E-mail, 3 March 2025: E-mail from policyholder ===
[L3] The ceiling came down on 1 March 2025. I attach the plumber's report.
[L4] === File note, 5 March 2025: File note ===
[L5] Repair estimate £4,100 from Halden Restoration. The lease and the drying certificate were asked for.
[L6] I will go to the ombudsman, says Rosa Talbot.
[L7] === PDF excerpt, 6 March 2025: Drying certificate ===
[L8] All 12 points are dry. The photographs are no longer needed."""
EXPECT: dict[str, Any] = {
    "missing_documents": [
        {"name": "plumber's report", "aliases": ["plumber report"], "state": "enclosed", "lines": [3]},
        {"name": "copy of the lease", "aliases": ["lease"], "state": "requested", "lines": [5]},
    ],
    "present_documents": [{"name": "drying certificate", "aliases": [], "lines": [5]}],
    "waived_documents": [{"name": "photographs", "aliases": ["photos"], "lines": [8]}],
    "referenced_documents": [
        {"name": "plumber's report", "aliases": ["plumber report"], "state": "enclosed", "lines": [3]}
    ],
    "escalation": {"level": "escalate", "lines": [6]},
    "key_facts": [
        {"name": "date_of_loss", "value": "1 March 2025", "line": 3},
        {"name": "estimate", "value": "£4,100", "line": 5},
        {"name": "cause", "value": "ceiling came down", "line": 3},
    ],
}
FIXTURE = Fixture("p-1", "w", {"packet": PACKET}, EXPECT)
NAMES = ["Summary", "Missing Documents", "Escalation Signal", "Evidence Lines"]
NEW_CHECKS: dict[str, dict[str, Any]] = {
    "sections": {"names": NAMES, "items": {"Summary": 2}},
    "missing_documents": {},
    "escalation_signal": {},
    "evidence_lines": {"sections": NAMES[:3], "quotes": NAMES[3]},
    "key_facts": {"at_least": 0.6},
    "coverage_inference": {},
    "document_reviewed": {},
}


def judge(check: str, output: str, params: dict[str, Any] | None = None) -> list[Verdict]:
    spec = CheckSpec(check, NEW_CHECKS[check] if params is None else params)
    workload = Workload("w", "p", "", "", (spec,))
    attempt = Attempt(key=AttemptKey("p-1", "t"), request_hash="", timings=Timings(0, 0, 1), output=output)
    return list(grade_attempt(workload, FIXTURE, attempt).verdicts)


def outcomes(check: str, output: str, params: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    return [(verdict.outcome, verdict.category) for verdict in judge(check, output, params)]


GOOD = """\
## Summary
- The ceiling came down on 1 March 2025 [L3].
- Halden Restoration estimates £4,100 [L5].

**Missing Documents:**
1. Plumber's report – not found in packet [L3]
2. Copy of lease: not found in packet [L5]

Escalation Signal: escalate, Rosa Talbot will go to the ombudsman [L6]

Evidence Lines
* [L3] "The ceiling came down"
* L5: "Repair estimate £4,100"
* [L6] “I will go to the ombudsman”
"""


@pytest.mark.parametrize("check", [name for name in NEW_CHECKS if name != "document_reviewed"])
def test_a_good_answer_in_markdown_passes(check: str) -> None:
    assert {verdict.outcome for verdict in judge(check, GOOD)} == {"pass"}, judge(check, GOOD)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("- none", [("fail", "missed_document")] * 2),
        ("- plumber report\n- lease", [("pass", "")] * 2),
        ("- the plumbers' report and the lease are not in the packet", [("pass", "")] * 2),
        (
            "- plumber's report\n- lease\n- drying certificate",
            [("pass", ""), ("pass", ""), ("fail", "present_document")],
        ),
        ("- plumber's report\n- lease\n- drying certificate: received", [("pass", "")] * 2),
        ("- plumber's report\n- lease\n- photos", [("pass", ""), ("pass", ""), ("fail", "waived_document")]),
        (
            "- plumber's report\n- lease\n- proof of identity",
            [("pass", ""), ("pass", ""), ("fail", "invented_document")],
        ),
        (
            "- report of the surveyor\n- lease",
            [("fail", "missed_document"), ("pass", ""), ("fail", "invented_document")],
        ),
        ("- release form", [("fail", "missed_document"), ("fail", "missed_document"), ("fail", "invented_document")]),
    ],
)
def test_missed_and_invented_documents_are_told_apart(listed: str, expected: list[tuple[str, str]]) -> None:
    assert outcomes("missing_documents", f"Missing Documents\n{listed}\n\nEscalation Signal\n- routine") == expected


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        ("- escalate: ombudsman [L6]", [("pass", ""), ("pass", "")]),
        ("- Escalate [L3]", [("pass", ""), ("fail", "wrong_evidence")]),
        ("- routine: nothing", [("fail", "under_escalated")]),
        ("- watch or escalate", [("fail", "under_escalated")]),
        ("- I would either watch or escalate", [("fail", "unknown_label")]),
        ("- no need to worry", [("fail", "unknown_label")]),
        ("- This is one to escalate, see [L6]", [("pass", ""), ("pass", "")]),
    ],
)
def test_the_signal_is_read_as_it_is_written(signal: str, expected: list[tuple[str, str]]) -> None:
    assert outcomes("escalation_signal", f"Escalation Signal\n{signal}") == expected


@pytest.mark.parametrize(
    ("bullet", "expected"),
    [
        ("The ceiling came down on 1 March 2025 [L3]", ("pass", "")),
        ("It came down on 1 March 2025 and repair is put at £4,100 (L3, L5)", ("pass", "")),
        ("Repair is put at £4,100 [L3-L5]", ("pass", "")),
        ("Written on 3 March 2025 [L3]", ("pass", "")),  # the heading of the document dates it
        ("Repair is put at £4,100 [L3]", ("fail", "unsupported_by_lines")),
        ("Repair is put at £4,200 [L5]", ("fail", "unsupported_by_lines")),
        ("Repair is put at £4,100 by Copperleaf Builders [L5]", ("fail", "unsupported_by_lines")),
        ("Repair is put at £4,100", ("fail", "no_evidence")),
        ("Repair is put at £4,100 [L50]", ("fail", "unknown_line")),
    ],
)
def test_a_bullet_holds_where_its_lines_state_its_numbers_and_names(bullet: str, expected: tuple[str, str]) -> None:
    assert outcomes("evidence_lines", f"Summary\n- {bullet}", {"sections": ["Summary"]}) == [expected]


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        ("The ceiling came down [L3]. Repair is put at £4,100. [L5]", [("pass", ""), ("pass", "")]),
        ("The ceiling came down. Repair is put at £4,100 [L5].", [("fail", "no_evidence"), ("pass", "")]),
        ("Please call me if you have any questions.", [("fail", "no_evidence")]),
    ],
)
def test_in_prose_each_sentence_that_states_something_needs_its_line(
    prose: str, expected: list[tuple[str, str]]
) -> None:
    assert outcomes("evidence_lines", prose, {}) == expected


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("The loss is covered under section 4.", "fail"),
        ("The policy covers this damage.", "fail"),
        ("The claim appears to be valid and the insurer should pay £4,100.", "fail"),
        ("The van driver was clearly at fault.", "fail"),
        ("This damage is not covered.", "fail"),
        ("Whether the loss is covered has not been decided.", "pass"),
        ("Nobody has confirmed that the policy covers this.", "pass"),
        ("The policyholder says that the loss is covered [L3].", "pass"),
        ("No view is given on who is to blame.", "pass"),
        ("Dust covers the floor and the ceiling is down.", "pass"),
    ],
)
def test_deciding_cover_or_fault_is_told_from_leaving_it_open(text: str, outcome: str) -> None:
    assert outcomes("coverage_inference", text)[0][0] == outcome


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("The plumber's report is not in the packet [L3].", ("pass", "")),
        ("Rosa Talbot says the plumber's report is attached, but it is missing.", ("pass", "")),
        ("The plumber's report has been requested but not yet received.", ("pass", "")),
        ("I reviewed the plumber's report and the drying certificate.", ("fail", "referenced_as_reviewed")),
        ("According to the plumber’s report the joint was loose.", ("fail", "referenced_as_reviewed")),
        ("The plumbers report confirms a leak.", ("fail", "referenced_as_reviewed")),
        ("The plumber's report was received with the e-mail [L3].", ("fail", "referenced_as_reviewed")),
        ("The plumber's report was reviewed and is not disputed.", ("fail", "referenced_as_reviewed")),
        ("Next: the plumber's report.", ("flag", "unclear_whether_seen")),
        ("The ceiling came down.", ("fail", "unmentioned_document")),
    ],
)
def test_a_document_only_spoken_of_may_not_pass_as_reviewed(note: str, expected: tuple[str, str]) -> None:
    assert outcomes("document_reviewed", note) == [expected]


@pytest.mark.parametrize(
    ("fact", "confidence", "wording", "outcome"),
    [
        ("plumber's report was attached", "high", False, "fail"),
        ("plumber's report was attached", "high", True, "fail"),
        ("plumber's report said to be attached", "low", True, "pass"),
        ("plumber's report is not in the packet", "high", False, "pass"),
        ("ceiling came down", "high", False, "pass"),
    ],
)
def test_a_row_on_an_unseen_document_is_left_to_a_person(
    fact: str, confidence: str, wording: bool, outcome: str
) -> None:
    row = {"fact": fact, "source_line": "L3", "confidence": confidence, "needs_human_wording": wording}
    assert outcomes("document_reviewed", json.dumps({"facts": [row]}), {"rows": "facts"})[0][0] == outcome


def test_key_facts_are_counted_by_part() -> None:
    (verdict,) = judge("key_facts", "On 1 March 2025 the ceiling came down.")
    assert (verdict.outcome, verdict.parts_held, verdict.parts) == ("pass", 2, 3)
    (verdict,) = judge("key_facts", "Something happened in 2025.")
    assert (verdict.outcome, verdict.category, verdict.parts_held) == ("fail", "facts_left_out", 0)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("x [L3]", [(3,)]),
        ("x (L3, L4 and L9)", [(3, 4, 9)]),
        ("x [L3-L5] y [L8–10]", [(3, 4, 5), (8, 9, 10)]),
        ("x [L1-L9999]", [(1, 9999)]),
        ("L3 bare, [Lx], [3], (LLP)", []),
    ],
)
def test_line_citations_are_read_with_lists_and_ranges(text: str, numbers: list[tuple[int, ...]]) -> None:
    assert [one.numbers for one in find_line_citations(text)] == numbers


def test_a_word_in_a_sentence_is_no_heading() -> None:
    text = "Summary of all: fine\nSummary\n- a\nThe Summary is short\nEvidence Lines\n- b"
    assert [section.name for section in read_sections(text, NAMES)] == ["Summary", "Evidence Lines"]


@pytest.mark.parametrize(
    ("check", "params", "said"),
    [
        ("sections", {}, "names no sections"),
        ("sections", {"names": ["A"], "items": {"B": 1}}, "not one of its names"),
        ("key_facts", {"at_least": 2}, "share"),
        ("evidence_lines", {"section": "A"}, "no parameter"),
    ],
)
def test_parameters_that_cannot_be_used_are_refused(check: str, params: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        validate_checks(Workload("w", "p", "", "", (CheckSpec(check, params),)))


_PIECES = st.sampled_from(
    [*NAMES, "\n", "- ", "[L3]", "[L5-L99999]", "none", "escalate", "plumber's report", "é", '"', "{"]
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(_PIECES, st.text(max_size=12)), max_size=30))
def test_no_answer_breaks_a_check_and_every_span_lies_in_the_answer(pieces: list[str]) -> None:
    output = " ".join(pieces)
    for check in NEW_CHECKS:
        for verdict in judge(check, output):
            for span in verdict.spans:
                assert 0 <= span.start <= span.end <= len(output)
