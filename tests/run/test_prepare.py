from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.errors import ConfigError, DataError, UsageError
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Timings
from milo_bench.grade.engine import grade_attempt
from milo_bench.run.prepare import cannot_fit, prepare
from milo_bench.run.step import PREPARE_STEPS
from milo_bench.suites.load import load_suite
from tests.run.run_parts import FIELDS, NOTES, make_fixture


def test_the_same_case_gives_the_same_hash_and_another_seed_or_decoding_another() -> None:
    fixture = make_fixture("x", "fields")
    first = prepare(fixture, FIELDS, seed=1)
    assert first.request_hash == prepare(fixture, FIELDS, seed=1).request_hash
    others = {
        prepare(fixture, FIELDS, seed=2).request_hash,
        prepare(fixture, FIELDS, decoding="constrained", seed=1).request_hash,
    }
    assert len({first.request_hash, *others}) == 3


def test_constrained_sends_the_schema_and_free_does_not() -> None:
    fixture = make_fixture("x", "fields")
    free, constrained = prepare(fixture, FIELDS).request, prepare(fixture, FIELDS, decoding="constrained").request
    assert free is not None and free.json_schema is None
    assert constrained is not None and constrained.json_schema == FIELDS.json_schema


def test_a_workload_of_plain_labels_is_constrained_to_them() -> None:
    labels = CheckSpec("label", {"labels": ["late", "refund"]})
    fixture = msgspec.structs.replace(make_fixture("x"), expect={"label": "refund"})
    plain = msgspec.structs.replace(NOTES, checks=(CheckSpec("answer_present"), labels))
    free, held = prepare(fixture, plain).request, prepare(fixture, plain, decoding="constrained").request
    assert free is not None and free.json_schema is None
    assert held is not None and held.json_schema == {"type": "string", "enum": ["late", "refund"]}
    # What a server then sends is a JSON string, and the check reads it.
    answered = Attempt(AttemptKey("x", "t"), "r", Timings(0.0, 0.0, 1.0), output='"refund"', finish_reason="stop")
    assert [one.outcome for one in grade_attempt(plain, fixture, answered).verdicts] == ["pass", "pass"]
    in_a_field = msgspec.structs.replace(
        NOTES, checks=(CheckSpec("label", {"labels": ["late", "refund"], "field": "label"}),)
    )
    open_ended = msgspec.structs.replace(NOTES, checks=(CheckSpec("label"),))
    for other in (in_a_field, open_ended):
        request = prepare(fixture, other, decoding="constrained").request
        assert request is not None and request.json_schema is None


@pytest.mark.parametrize("decoding", ["free", "constrained"])
def test_every_shipped_fixture_makes_a_request_or_says_why_not(decoding: str) -> None:
    suite = load_suite("case_ops_v1")
    bypassed = 0
    for fixture in suite.fixtures:
        ready = prepare(fixture, suite.workloads[fixture.workload], decoding=decoding)  # type: ignore[arg-type]
        assert (ready.request is None) == bool(ready.bypass)
        assert (ready.request is None) == (fixture.expect.get("route") == "human_review")
        bypassed += ready.request is None
    assert 0 < bypassed < 20


def test_an_unknown_step_and_unknown_parameters_are_named() -> None:
    fixture = make_fixture("x")
    with pytest.raises(UsageError, match="select_event") as caught:
        prepare(fixture, msgspec.structs.replace(NOTES, prepare={"select_event": {}}))
    assert "select_events" in caught.value.hint
    with pytest.raises(ConfigError, match="most"):
        prepare(fixture, msgspec.structs.replace(NOTES, prepare={"select_events": {"most": 3}}))
    with pytest.raises(ConfigError, match="not a mapping"):
        prepare(fixture, msgspec.structs.replace(NOTES, prepare={"select_events": 24}))
    with pytest.raises(DataError, match="not a case record"):
        prepare(fixture, msgspec.structs.replace(NOTES, prepare={"select_events": {}}))
    assert "select_events" in PREPARE_STEPS


@given(text=st.text(max_size=3000), window=st.integers(1, 200))
def test_a_prompt_is_held_back_only_where_sixteen_bytes_a_token_do_not_fit(text: str, window: int) -> None:
    request = ChatRequest(messages=(Message("user", text),))
    if cannot_fit(request, window):
        assert len(text.encode()) >= 16 * window or len(text.split()) >= window


def test_blank_runs_never_make_a_prompt_too_long_and_no_window_means_no_bound() -> None:
    blanks = ChatRequest(messages=(Message("user", " " * 1_000_000),))
    words = ChatRequest(messages=(Message("user", "abcdefgh " * 100_000),))
    assert not cannot_fit(blanks, 512)
    assert cannot_fit(words, 512) and not cannot_fit(words, None)


def test_more_words_than_the_window_has_tokens_cannot_fit_and_fewer_may() -> None:
    meeting = "we agreed to pay the bill at the end of May " * 2_100  # 23,100 words
    request = ChatRequest(messages=(Message("user", meeting),))
    assert cannot_fit(request, 16_384) and not cannot_fit(request, 24_000)


def test_a_step_that_takes_text_from_the_fixture_records_only_ids() -> None:
    suite = load_suite("case_ops_v1")
    fixture = next(f for f in suite.fixtures if f.workload == "timeline")
    ready = prepare(fixture, suite.workloads["timeline"])
    assert set(ready.prepared) == {"policy", "route", "current_status", "events"}
    assert fixture.input["case"]["claimant_name"] not in str(ready.prepared)
