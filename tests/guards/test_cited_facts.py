"""Each sentence stands beside the evidence that it cites: events of a case, or numbered lines of a packet."""

from __future__ import annotations

from milo_bench.guards.citing.statements import cited_statements, sources_in

CASE = {
    "case": {
        "events": [
            {"id": "E-0304", "at": "2025-07-01T09:00", "status": "on_hold", "text": "The claim is on hold."},
            {"id": "E-0280", "at": "2025-06-22", "status": "", "text": "Tenancy agreement received."},
            {"id": "not an id", "text": "never cited"},
        ]
    }
}
PACKET = "[L1] Claim 4411\n[L2] Roof lost 63 tiles.\nno number\n[L10] Reserve £5,160."


def test_events_of_a_case_and_of_a_timeline_are_found_wherever_they_are() -> None:
    found = sources_in(CASE)
    assert found == {
        "E-0304": "2025-07-01, on hold, The claim is on hold.",
        "E-0280": "2025-06-22, Tenancy agreement received.",
    }
    assert sources_in({}, {"events": CASE["case"]["events"]}) == found


def test_each_sentence_has_its_own_evidence_and_a_claim_without_any_is_told() -> None:
    answer = "Dear Ada,\nThe claim is on hold [E-0304]. You sent the agreement [E-0280] [E-0999]. It was closed in May."
    greeting, hold, sent, closed = cited_statements(answer, sources_in(CASE))
    assert [source.id for source in hold.sources] == ["E-0304"]
    assert [(source.id, bool(source.text)) for source in sent.sources] == [("E-0280", True), ("E-0999", False)]
    assert (greeting.uncited, hold.uncited, closed.uncited) == (False, False, True)
    assert answer[closed.start : closed.end] == closed.text


def test_lines_of_a_packet_are_evidence_too_and_a_range_is_written_out() -> None:
    answer = "Summary\n* 63 tiles gone [L2]\n* Reserve £5,160 [L2, L10]\n* the whole file [L1-L2]"
    found = [[source.id for source in one.sources] for one in cited_statements(answer, sources_in({"packet": PACKET}))]
    assert found == [[], ["L2"], ["L2", "L10"], ["L1", "L2"]]
    assert not any(one.uncited for one in cited_statements(answer, sources_in(PACKET)))


def test_an_answer_that_cites_nothing_has_no_evidence() -> None:
    assert all(not one.sources for one in cited_statements("All is well.", sources_in(CASE)))
    assert cited_statements("", {}) == ()
