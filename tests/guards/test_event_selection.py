"""Case records in, selections out: what policy_v2 keeps, merges, corrects and refuses to settle."""

from __future__ import annotations

import random
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.core.cases.record import CaseEvent, CaseRecord, DocumentRequest, EventKind, EventSource
from milo_bench.core.errors import DataError, UsageError
from milo_bench.guards.event_selection import TIMELINE_SCHEMA, Selection, as_document, select_events

SENTENCES = (
    "Application received by post.",
    "Rang the claimant, no answer.",
    "Claim suspended pending identity check.",
    "Bank statement for March requested.",
    "Payment released, reference 4471.",
    "Payment released, reference 4472.",
)
STATUSES = ("", "", "received", "under_review", "suspended", "approved")


def event(number: int, at: str, text: str = "", **fields: Any) -> CaseEvent:
    base: dict[str, Any] = {"source": "system", "kind": "note", "text": text or f"Entry about matter {number}."}
    return CaseEvent(id=f"E-{number:04d}", at=at, **{**base, **fields})


def status(number: int, at: str, value: str, **fields: Any) -> CaseEvent:
    return event(number, at, **{"kind": "status", "status": value, "text": f"Status set: {value}.", **fields})


def case(*events: CaseEvent, requests: tuple[DocumentRequest, ...] = (), as_of: str = "2025-06-30") -> CaseRecord:
    return CaseRecord("10001", "Ada Wren", "2025-01-02", as_of, "benefit", events, requests)


def ids(selection: Selection) -> list[str]:
    return [e.id for e in selection.events]


def why(selection: Selection, event_id: str) -> str:
    return next(d.reason for d in selection.dropped if d.id == event_id)


@st.composite
def cases(draw: st.DrawFn) -> CaseRecord:
    count = draw(st.integers(0, 30))
    events = []
    for number in range(count):
        earlier = st.sampled_from([""] * 4 + [f"E-{n:04d}" for n in range(count)])
        day = draw(st.integers(1, 9))
        time = draw(st.sampled_from(["", "T09:15", "T16:40"]))
        events.append(
            CaseEvent(
                id=f"E-{number:04d}",
                at=f"2025-03-{day:02d}{time}",
                source=draw(st.sampled_from(get_args(EventSource))),
                kind=draw(st.sampled_from(get_args(EventKind))),
                text=draw(st.sampled_from(SENTENCES)),
                status=draw(st.sampled_from(STATUSES)),
                corrects=draw(earlier),
            )
        )
    requests = draw(
        st.lists(
            st.builds(
                DocumentRequest,
                document=st.just("bank statement"),
                state=st.sampled_from(["open", "received", "withdrawn"]),
                requested_at=st.just("2025-03-01"),
                event=st.sampled_from(["", *(e.id for e in events)]),
            ),
            max_size=4,
        )
    )
    return case(*events, requests=tuple(requests), as_of=draw(st.sampled_from(["2025-03-06", "2025-03-31"])))


@given(cases(), st.integers(1, 30))
@settings(max_examples=300, deadline=None)
def test_every_entry_is_kept_or_dropped_with_a_reason_and_never_both(record: CaseRecord, bound: int) -> None:
    chosen = select_events(record, max_events=bound)
    kept, dropped = set(ids(chosen)), {d.id for d in chosen.dropped}
    assert kept | dropped == {e.id for e in record.events}
    assert not kept & dropped
    assert all(d.reason for d in chosen.dropped)
    assert len(chosen.events) + len(chosen.dropped) == len(record.events)


@given(cases(), st.integers(1, 30))
@settings(max_examples=300, deadline=None)
def test_a_summary_is_never_made_from_more_than_the_bound_or_without_its_status(record: CaseRecord, bound: int) -> None:
    chosen = select_events(record, max_events=bound)
    if chosen.route == "summarise":
        assert len(chosen.events) <= bound
        assert chosen.current_status
        assert not chosen.reasons
    else:
        assert chosen.reasons
    assert set(chosen.current_status_events) <= set(ids(chosen))
    merged_away = {lost: kept for kept, losts in chosen.merged.items() for lost in losts}
    for request in record.requests:
        known = {e.id for e in record.events if e.at[:10] <= record.as_of[:10]}
        if request.state == "open" and request.event in known:
            assert merged_away.get(request.event, request.event) in ids(chosen)


@given(cases(), st.integers(1, 30), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_in_which_the_system_stored_the_entries_changes_nothing(
    record: CaseRecord, bound: int, chance: random.Random
) -> None:
    shuffled = list(record.events)
    chance.shuffle(shuffled)
    one = select_events(record, max_events=bound)
    other = select_events(msgspec.structs.replace(record, events=tuple(shuffled)), max_events=bound)
    assert one.events == other.events
    assert one.current_status == other.current_status
    assert one.route == other.route
    assert {d.id: d.reason for d in one.dropped} == {d.id: d.reason for d in other.dropped}


@given(cases(), st.integers(1, 30))
@settings(max_examples=150, deadline=None)
def test_events_come_out_by_date_and_none_is_later_than_the_reading(record: CaseRecord, bound: int) -> None:
    chosen = select_events(record, max_events=bound)
    moments = [(e.at[:10], e.at[11:], e.id) for e in chosen.events]
    assert moments == sorted(moments)
    assert all(e.at[:10] <= record.as_of for e in chosen.events)


@given(cases())
@settings(max_examples=150, deadline=None)
def test_the_current_status_never_rests_on_a_corrected_entry_or_on_a_claimant(record: CaseRecord) -> None:
    chosen = select_events(record)
    by_id = {e.id: e for e in record.events}
    stale = {s.event for s in chosen.stale}
    for event_id in chosen.current_status_events:
        assert event_id not in stale
        assert by_id[event_id].source in {"system", "decision_letter", "caseworker"}


def test_the_latest_status_of_the_office_is_current() -> None:
    chosen = select_events(case(status(1, "2025-03-01", "received"), status(2, "2025-04-01", "under_review")))
    assert (chosen.current_status, chosen.current_status_events) == ("under_review", ("E-0002",))
    assert [(s.event, s.reason) for s in chosen.stale] == [("E-0001", "superseded")]


def test_a_correction_makes_the_status_it_names_stale_and_leaves_the_entry_out() -> None:
    chosen = select_events(
        case(
            status(1, "2025-03-01", "approved"),
            status(2, "2025-03-09", "under_review", kind="correction", corrects="E-0001"),
        )
    )
    assert chosen.current_status == "under_review"
    assert why(chosen, "E-0001") == "status corrected by E-0002"


def test_a_correction_without_a_status_of_its_own_restores_the_one_before() -> None:
    chosen = select_events(
        case(
            status(1, "2025-03-01", "under_review"),
            status(2, "2025-03-08", "closed"),
            event(3, "2025-03-09", "E-0002 was keyed to the wrong case.", kind="correction", corrects="E-0002"),
        ),
        max_events=2,
    )
    assert (chosen.current_status, chosen.route) == ("under_review", "summarise")
    assert ids(chosen) == ["E-0001", "E-0003"]


def test_a_claimant_cannot_correct_the_record() -> None:
    mail = event(2, "2025-03-02", source="claimant", kind="email", corrects="E-0001", status="approved")
    chosen = select_events(case(status(1, "2025-03-01", "refused"), mail))
    assert chosen.current_status == "refused"


def test_a_correction_reaches_the_duplicate_of_what_it_corrects() -> None:
    letter = status(1, "2025-03-01", "approved", source="decision_letter", text="Your claim has been approved.")
    echo = status(2, "2025-03-01", "approved", text="Your claim has been approved")
    repair = status(3, "2025-03-05", "refused", kind="correction", corrects="E-0002")
    chosen = select_events(case(letter, echo, repair))
    assert chosen.current_status == "refused"
    assert ids(chosen) == ["E-0003"]


def test_of_two_near_identical_entries_of_a_day_the_stronger_source_stays() -> None:
    note = event(1, "2025-03-01T10:00", "Bank statement for March received.", source="caseworker")
    entry = event(2, "2025-03-01T10:05", "Bank statement for March received", source="system", kind="document")
    chosen = select_events(case(note, entry, status(3, "2025-03-02", "under_review")))
    assert why(chosen, "E-0001") == "duplicate of E-0002"
    assert chosen.merged == {"E-0002": ("E-0001",)}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            event(1, "2025-03-01", "Payment released, reference 4471."),
            event(2, "2025-03-01", "Payment released, reference 4472."),
        ),
        (
            event(1, "2025-03-01", "Rang the claimant, no answer."),
            event(2, "2025-03-02", "Rang the claimant, no answer."),
        ),
    ],
    ids=["other digits", "another day"],
)
def test_entries_that_differ_in_digits_or_day_are_no_duplicates(first: CaseEvent, second: CaseEvent) -> None:
    assert not select_events(case(first, second)).merged


def test_two_sources_that_disagree_on_one_day_send_the_case_to_a_person() -> None:
    letter = status(2, "2025-03-09", "approved", source="decision_letter")
    chosen = select_events(case(status(1, "2025-03-09T11:00", "suspended"), letter))
    assert (chosen.route, chosen.current_status) == ("human_review", "")
    assert chosen.reasons[0].startswith("contradictory current statuses on 2025-03-09: E-0002 (decision letter)")


def test_one_source_that_moves_on_within_a_day_is_no_contradiction() -> None:
    chosen = select_events(case(status(1, "2025-03-09T09:00", "received"), status(2, "2025-03-09T15:00", "suspended")))
    assert (chosen.route, chosen.current_status) == ("summarise", "suspended")


def test_one_source_with_two_statuses_and_no_times_is_a_contradiction() -> None:
    chosen = select_events(case(status(1, "2025-03-09", "received"), status(2, "2025-03-09", "suspended")))
    assert chosen.route == "human_review"


def test_a_correction_settles_what_would_be_a_contradiction() -> None:
    letter = status(2, "2025-03-09", "approved", source="decision_letter")
    repair = status(3, "2025-03-10", "approved", kind="correction", corrects="E-0001")
    chosen = select_events(case(status(1, "2025-03-09T11:00", "suspended"), letter, repair))
    assert (chosen.route, chosen.current_status) == ("summarise", "approved")


def test_a_later_note_that_quotes_a_lapsed_status_is_left_out() -> None:
    quote = event(3, "2025-03-20", source="caseworker", status="suspended")
    chosen = select_events(case(status(1, "2025-03-01", "suspended"), status(2, "2025-03-10", "approved"), quote))
    assert chosen.current_status == "approved"
    assert "is not valid" in why(chosen, "E-0003")


def test_a_record_in_which_only_the_claimant_states_a_status_goes_to_a_person() -> None:
    mail = event(1, "2025-03-01", source="claimant", kind="email", status="approved")
    assert select_events(case(mail)).route == "human_review"


def test_an_entry_from_after_the_day_of_reading_does_not_count() -> None:
    chosen = select_events(
        case(status(1, "2025-03-01", "received"), status(2, "2025-03-09", "closed"), as_of="2025-03-05")
    )
    assert chosen.current_status == "received"
    assert "after 2025-03-05" in why(chosen, "E-0002")


def test_an_old_open_request_outlasts_newer_entries_of_stronger_sources() -> None:
    asked = event(1, "2025-01-05", source="caseworker", kind="note")
    noise = [event(n, "2025-06-20", source="decision_letter", kind="document") for n in range(10, 40)]
    request = DocumentRequest("payslip", "open", "2025-01-05", "E-0001")
    chosen = select_events(case(asked, *noise, status(2, "2025-02-01", "under_review"), requests=(request,)))
    assert {"E-0001", "E-0002"} <= set(ids(chosen))
    assert len(chosen.events) == 24


def test_more_open_requests_than_the_bound_go_to_a_person_and_none_is_cut() -> None:
    asked = [event(n, "2025-03-01") for n in range(1, 6)]
    requests = tuple(DocumentRequest(f"form {e.id}", "open", "2025-03-01", e.id) for e in asked)
    chosen = select_events(case(*asked, status(9, "2025-03-02", "received"), requests=requests), max_events=3)
    assert (chosen.route, len(chosen.events)) == ("human_review", 6)
    assert "the limit is 3" in chosen.reasons[0]


def test_a_repeated_id_a_broken_date_an_unknown_policy_and_a_bound_of_zero_are_refused() -> None:
    with pytest.raises(DataError, match="two entries with the id E-0001"):
        select_events(case(event(1, "2025-03-01"), event(1, "2025-03-02")))
    with pytest.raises(DataError, match="14/03/2025"):
        select_events(case(event(1, "14/03/2025")))
    with pytest.raises(UsageError, match="policy_2") as unknown:
        select_events(case(), policy="policy_2")
    assert "Did you mean 'policy_v2'?" in unknown.value.hint
    with pytest.raises(UsageError, match="at least 1"):
        select_events(case(), max_events=0)


def test_the_document_names_its_schema_and_writes_every_field_of_an_entry() -> None:
    document = as_document(select_events(case(status(1, "2025-03-01", "received"))))
    assert document["schema"] == TIMELINE_SCHEMA
    assert document["events"][0] == {
        "id": "E-0001",
        "at": "2025-03-01",
        "source": "system",
        "kind": "status",
        "text": "Status set: received.",
        "status": "received",
        "corrects": "",
        "author": "",
    }
    assert msgspec.json.decode(msgspec.json.encode(document)) == document


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2025-05-09T01:00:00Z", "2025-05-08T23:30:00-05:00"),
        ("2025-05-09T12:00:00+02:00", "2025-05-09T11:00:00Z"),
        ("2025-05-09T09:30", "2025-05-09T10:15"),
        ("2025-05-09T09:30:00", "2025-05-09T09:30:01"),
        ("2025-05-09", "2025-05-10"),
    ],
)
def test_entries_are_ordered_by_the_instant_that_their_time_names(earlier: str, later: str) -> None:
    chosen = select_events(case(status(1, earlier, "approved"), status(2, later, "closed")))
    assert chosen.current_status == "closed"


def test_times_with_and_without_an_offset_in_one_case_are_refused() -> None:
    with pytest.raises(DataError, match="with an offset, but E-0002 has one without"):
        select_events(case(status(1, "2025-05-09T01:00:00Z", "approved"), status(2, "2025-05-09T01:30", "closed")))
    with pytest.raises(DataError, match="not a date"):
        select_events(case(status(1, "2025-05-09T25:00", "approved")))
