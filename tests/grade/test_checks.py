"""What each check says of an answer, through the engine, as a person would meet it."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milo_bench.core.errors import ConfigError, DataError, UsageError
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    CheckSpec,
    Failure,
    Fixture,
    Graded,
    Timings,
    Verdict,
    Workload,
)
from milo_bench.grade.base import CHECKS
from milo_bench.grade.engine import CheckBroken, grade_attempt, validate_checks

DOCUMENT = (
    "Page 1 of 2\nCase reference 84291. I, Anna Petrov, write about an over-\npayment.\n"
    "You received my form on 14 March 2025. It takes effect on 1 March 2025.\n"
)
SCHEMA = {
    "type": "object",
    "required": ["case_id", "received_date", "urgency", "source_spans"],
    "properties": {
        "case_id": {"type": "string"},
        "received_date": {"type": ["string", "null"]},
        "urgency": {"enum": ["low", "high", None]},
    },
}
EXTRACTION = Fixture(
    "x-1",
    "extraction",
    {"document": DOCUMENT},
    {
        "fields": {"case_id": "84291", "received_date": "2025-03-14", "urgency": None},
        "decoys": {"effective_date": "2025-03-01"},
        "spans": {"received_date": [102, 115]},
    },
)
CASE = {
    "case_id": "84291",
    "claimant_name": "Anna Petrov",
    "opened_at": "2025-01-05",
    "as_of": "2025-04-01",
    "issue_type": "overpayment",
    "events": [
        {
            "id": "E-0001",
            "at": "2025-03-03",
            "source": "system",
            "kind": "status",
            "text": "Status set to open.",
            "status": "open",
        },
        {
            "id": "E-0002",
            "at": "2025-03-14",
            "source": "decision_letter",
            "kind": "status",
            "text": "Approved 1,200.00 USD.",
            "status": "approved",
        },
    ],
}
TIMELINE = Fixture(
    "t-1",
    "timeline",
    {"case": CASE},
    {
        "current_status": "approved",
        "stale_statuses": ["open"],
        "route": "summarise",
        "current_status_events": ["E-0002"],
    },
)


def workload(check: str, **params: Any) -> Workload:
    specs = (CheckSpec(check, params),)
    return Workload("work", "p", "", "", specs, json_schema=SCHEMA)


def attempt(output: str, **more: Any) -> Attempt:
    return Attempt(AttemptKey("x-1", "target"), "", Timings(0, 0, 1), output, **more)


def judge(check: str, fixture: Fixture, output: str, **params: Any) -> tuple[Verdict, ...]:
    return grade_attempt(workload(check, **params), fixture, attempt(output)).verdicts


def answer(**changes: Any) -> str:
    right = {
        "case_id": "84291",
        "received_date": "14 March 2025",
        "urgency": None,
        "source_spans": {"case_id": "Case reference 84291", "received_date": "received my form on 14 March 2025"},
    }
    return json.dumps(right | changes)


def outcomes(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    return {verdict.subject: verdict.category or verdict.outcome for verdict in verdicts}


# ---------------------------------------------------------------- fields


def test_a_date_is_right_in_any_form_that_normalises_to_the_gold_day() -> None:
    for written in ("2025-03-14", "14/03/2025", "14 Mar 2025", "March 14, 2025"):
        assert outcomes(judge("exact_fields", EXTRACTION, answer(received_date=written)))["received_date"] == "pass"


def test_a_date_taken_for_another_names_what_it_was_mixed_up_with_and_marks_both_places() -> None:
    output = answer(received_date="2025-03-01")
    verdict = next(one for one in judge("exact_fields", EXTRACTION, output) if one.subject == "received_date")
    assert verdict.category == "confused_with:effective_date"
    assert verdict.reason == "received_date is 2025-03-01, which is the effective_date, expected 2025-03-14"
    assert (verdict.expected, verdict.got) == ("2025-03-14", "2025-03-01")
    assert output[verdict.spans[0].start : verdict.spans[0].end] == '"2025-03-01"'
    assert (verdict.spans[1].where, verdict.spans[1].start) == ("input.document", 102)


@pytest.mark.parametrize(
    ("changes", "category"),
    [
        ({"received_date": None}, "missing_value"),
        ({"received_date": "soon"}, "unreadable_date"),
        ({"received_date": "2024-01-01"}, "wrong_field"),
        ({"received_date": ["2025-03-14"]}, "unreadable_date"),
    ],
)
def test_each_way_to_miss_a_field_has_its_category(changes: dict[str, Any], category: str) -> None:
    assert outcomes(judge("exact_fields", EXTRACTION, answer(**changes)))["received_date"] == category


def test_case_and_punctuation_count_unless_the_parameters_say_otherwise() -> None:
    fixture = Fixture("n", "w", {}, {"fields": {"name": "O'Neil, Tom"}})
    assert outcomes(judge("exact_fields", fixture, '{"name": "O\'Neil,   Tom"}')) == {"name": "pass"}
    assert outcomes(judge("exact_fields", fixture, '{"name": "o neil tom"}')) == {"name": "wrong_field"}
    assert outcomes(judge("exact_fields", fixture, '{"name": "o neil tom"}', casefold=True, punctuation=True)) == {
        "name": "pass"
    }


def test_a_value_where_the_gold_is_null_is_invented() -> None:
    (verdict,) = judge("null_when_missing", EXTRACTION, answer(urgency="high"))
    assert (verdict.outcome, verdict.category, verdict.subject) == ("fail", "invented_value", "urgency")
    (verdict,) = judge("null_when_missing", EXTRACTION, answer())
    assert verdict.outcome == "pass"


def test_a_repaired_answer_never_passes_a_check_on_its_values() -> None:
    for check in ("json_reading", "schema", "exact_fields", "null_when_missing", "source_spans"):
        verdicts = judge(check, EXTRACTION, answer()[:-1] + ",}")
        assert {verdict.outcome for verdict in verdicts} == {"fail"}
        assert {verdict.category for verdict in verdicts} == {"malformed_json"}


def test_fenced_json_passes_or_fails_as_the_parameter_says() -> None:
    fenced = f"```json\n{answer()}\n```"
    assert judge("json_reading", EXTRACTION, fenced)[0].outcome == "pass"
    assert judge("json_reading", EXTRACTION, fenced, fenced=False)[0].category == "fenced_json"


def test_schema_names_every_error_with_its_path() -> None:
    (verdict,) = judge("schema", EXTRACTION, '{"case_id": 84291, "received_date": 3, "urgency": "soon"}')
    assert verdict.category == "schema_violation"
    for part in ("$.case_id", "$.received_date", "$.urgency", "source_spans"):
        assert part in verdict.reason


# ---------------------------------------------------------------- spans


@pytest.mark.parametrize(
    ("spans", "category"),
    [
        ({"received_date": "received my form on 14 March 2025"}, "pass"),
        ({"received_date": "recieved my form on 14 March 2025"}, "pass"),
        ({}, "missing_span"),
        ({"received_date": 7}, "bad_span"),
        ({"received_date": "received my form on 15 March 2025"}, "span_not_in_source"),
        ({"received_date": "takes effect on 1 March 2025"}, "span_does_not_support"),
    ],
)
def test_a_value_needs_a_span_that_is_in_the_source_and_says_it(spans: dict[str, Any], category: str) -> None:
    found = outcomes(judge("source_spans", EXTRACTION, answer(source_spans=spans)))
    assert found["received_date"] == category


def test_an_enum_needs_a_span_but_not_its_own_words_in_it() -> None:
    spans = {"case_id": "84291", "received_date": "14 March 2025", "urgency": "I, Anna Petrov"}
    assert outcomes(judge("source_spans", EXTRACTION, answer(urgency="high", source_spans=spans)))["urgency"] == "pass"


# ---------------------------------------------------------------- summaries


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("The claim is approved [E-0002].", ""),
        ("It was open on 3 March 2025 [E-0001]. It was approved on 14 March 2025 [E-0002].", ""),
        ("The claim is currently open [E-0001].", "stale_status"),
        ("The claim was approved [E-0002], but is now open [E-0001].", "stale_status"),
        ("The claim is approved.", "status_uncited"),
        ("The claim is approved [E-0001].", "status_uncited"),
        ("A letter was sent [E-0002].", "status_missing"),
        ("The claim is not approved [E-0002].", "status_missing"),
    ],
)
def test_the_current_status_must_be_stated_cited_and_not_a_stale_one(text: str, category: str) -> None:
    (verdict,) = judge("current_status", TIMELINE, text)
    assert verdict.category == category, verdict.reason


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Anna Petrov was granted $1,200 on 14 March 2025 [E-0002].", "pass"),
        ("She was granted $1,300 on 14 March 2025 [E-0002].", "unsupported_by_citation"),
        ("She was granted $1,200 on 15 March 2025 [E-0002].", "unsupported_by_citation"),
        ("It was granted to Maria Lopez [E-0002].", "unsupported_by_citation"),
        ("It was granted [E-0099].", "unknown_event"),
    ],
)
def test_a_cited_event_must_exist_and_state_the_facts_of_its_sentence(text: str, category: str) -> None:
    assert outcomes(judge("citation_support", TIMELINE, text)) == {"sentence 1": category}


def test_an_event_that_the_model_was_not_given_cannot_be_cited() -> None:
    shown = attempt("It was open [E-0001].", prepared={"events": [{"id": "E-0002"}]})
    (verdict,) = grade_attempt(workload("citation_support"), TIMELINE, shown).verdicts
    assert verdict.category == "unselected_event"


def test_a_contradictory_case_passes_only_when_it_was_sent_to_a_person() -> None:
    conflict = Fixture("c", "timeline", {"case": CASE}, {"route": "human_review"})
    bypassed = attempt("", bypass="human_review: contradictory current statuses")
    assert grade_attempt(workload("conflict_bypassed"), conflict, bypassed).passed
    written = grade_attempt(workload("conflict_bypassed"), conflict, attempt("The claim is open [E-0001]."))
    assert (written.passed, written.verdicts[0].category) == (False, "conflict_not_bypassed")
    needless = grade_attempt(workload("conflict_bypassed"), TIMELINE, bypassed)
    assert (needless.passed, needless.verdicts[0].category) == (False, "needless_bypass")


def test_an_unsupported_fact_is_flagged_and_neither_passes_nor_fails() -> None:
    graded = grade_attempt(workload("unsupported_facts"), TIMELINE, attempt("Maria Lopez was granted $9,000."))
    assert [verdict.outcome for verdict in graded.verdicts] == ["flag"]
    assert graded.passed is False
    assert {span.label for span in graded.verdicts[0].spans} == {"name", "money"}
    assert judge("unsupported_facts", TIMELINE, "Anna Petrov was granted $1,200.")[0].outcome == "skip"


# ---------------------------------------------------------------- plain text


@pytest.mark.parametrize(
    ("check", "params", "expect", "output", "outcome"),
    [
        ("equals", {"value": "yes"}, {}, " yes\n", "pass"),
        ("equals", {}, {"equals": ["yes", "Y"]}, "no", "fail"),
        ("contains", {"value": "Refund", "casefold": True}, {}, "a refund", "pass"),
        ("contains_all", {"values": ["a", "z"]}, {}, "abc", "fail"),
        ("not_contains", {"value": "guarantee"}, {}, "we guarantee it", "fail"),
        ("not_contains", {"value": "guarantee"}, {}, "we hope", "pass"),
        ("is_json", {}, {}, '{"a": 1}', "pass"),
        ("is_json", {}, {}, '```\n{"a": 1}\n```', "fail"),
        ("length", {"max_words": 3}, {}, "one two three [E-0001].", "pass"),
        ("length", {"max_words": 3}, {"max_words": 2}, "one two three", "fail"),
        ("format", {"starts_with": ["Template:"], "may_be": ["ESCALATE:"]}, {}, "ESCALATE: no template", "pass"),
        ("format", {"starts_with": ["Template:"]}, {}, "Dear Anna", "fail"),
        ("format", {"no_markdown": True}, {}, "a **bold** claim", "fail"),
        ("answer_present", {}, {}, "x", "pass"),
        ("label", {}, {"label": "refund"}, '"Refund".', "pass"),
        ("label", {"field": "intent"}, {"label": "refund"}, '{"intent": "greeting"}', "fail"),
    ],
)
def test_plain_checks_judge_as_named(
    check: str, params: dict[str, Any], expect: dict[str, Any], output: str, outcome: str
) -> None:
    (verdict,) = judge(check, Fixture("f", "w", {}, expect), output, **params)
    assert verdict.outcome == outcome, verdict.reason


def test_a_label_outside_the_list_is_told_apart_from_a_wrong_one() -> None:
    fixture = Fixture("f", "w", {}, {"label": "refund"})
    assert judge("label", fixture, "greeting", labels=["refund", "greeting"])[0].category == "wrong_label"
    assert judge("label", fixture, "weather", labels=["refund", "greeting"])[0].category == "unknown_label"


# ---------------------------------------------------------------- the engine


def test_a_failure_has_no_verdicts_and_no_score() -> None:
    broken = attempt("half an ans", failure=Failure("reset", "the connection ended"))
    graded = grade_attempt(workload("answer_present"), EXTRACTION, broken)
    assert (graded.passed, graded.verdicts) == (None, ())


def test_an_unknown_check_gets_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        validate_checks(workload("exact_field"))
    assert "exact_fields" in caught.value.hint


def test_an_unknown_parameter_gets_a_suggestion_that_names_the_workload() -> None:
    with pytest.raises(ConfigError) as caught:
        validate_checks(workload("exact_fields", case_fold=True))
    assert "'work'" in caught.value.message
    assert "casefold" in caught.value.hint


def test_a_check_that_raises_is_a_broken_grader_and_no_low_score(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        name = "broken"
        version = "7"

        def validate(self, params: object, workload: object) -> None: ...

        def judge(self, case: object, params: object) -> list[Verdict]:
            raise ZeroDivisionError("oh")

    monkeypatch.setitem(CHECKS._things, "broken", Broken())
    with pytest.raises(CheckBroken, match=r"'broken' version 7 crashed on fixture 'x-1'.*ZeroDivisionError: oh"):
        judge("broken", EXTRACTION, "text")


def test_an_answer_that_was_stored_as_a_hash_cannot_be_graded() -> None:
    with pytest.raises(DataError):
        grade_attempt(workload("answer_present"), EXTRACTION, attempt("", output_hash="ab" * 32))


ALL_PARAMS: dict[str, dict[str, Any]] = {
    "not_contains": {"value": "x"},
    "contains": {"value": "a"},
    "length": {"max_words": 5},
    "equals": {"value": "{}"},
}
EVERYTHING = Fixture(
    "x-1", "w", EXTRACTION.input | TIMELINE.input, EXTRACTION.expect | TIMELINE.expect | {"label": "a"}
)
OWN = (
    "answer_present", "citation_support", "conflict_bypassed", "contains", "contains_all", "current_status", "equals",
    "exact_fields", "format", "is_json", "json_reading", "label", "length", "not_contains", "null_when_missing",
    "schema", "source_spans", "unsupported_facts",
)  # fmt: skip


def grade_with_every_check(output: str) -> Graded:
    specs = tuple(CheckSpec(name, ALL_PARAMS.get(name, {})) for name in OWN)
    return grade_attempt(Workload("w", "p", "", "", specs, json_schema=SCHEMA), EVERYTHING, attempt(output))


@pytest.mark.parametrize("output", ["", " \n\t", "\u2003"])
def test_an_empty_answer_passes_no_check(output: str) -> None:
    graded = grade_with_every_check(output)
    assert graded.passed is False
    assert "pass" not in {verdict.outcome for verdict in graded.verdicts}


words = st.sampled_from(
    ["The claim", "is", "approved", "open", "[E-0002]", "[E-0001", "14 March 2025", "31/02/2025", "$1,200", "five", "%",
     "Anna", "\n", ". ", "{", "}", '"received_date":', "null", ",", "from", "to", "\ud800", "12:99", "-", "²"]
)  # fmt: skip
keys = st.sampled_from(["case_id", "received_date", "source_spans", "urgency", "é"])
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(max_size=200)
    | st.lists(words, max_size=25).map(" ".join)
    | json_values.map(lambda value: json.dumps(value))
    | st.dictionaries(st.sampled_from(["case_id", "received_date", "source_spans"]), json_values).map(json.dumps)
)
def test_no_answer_crashes_a_check(output: str) -> None:
    graded = grade_with_every_check(output)
    for verdict in graded.verdicts:
        assert verdict.outcome != "fail" or (verdict.category and verdict.reason)
        assert all(0 <= span.start <= span.end for span in verdict.spans)


@pytest.mark.parametrize("label", ["N.A.", "*", "'t Hart", '"new"'])
def test_a_label_with_marks_of_its_own_is_met_by_itself(label: str) -> None:
    fixture = Fixture("f", "w", {"text": "x"}, {"label": label})
    assert outcomes(judge("label", fixture, label)) == {"": "pass"}


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        ("O'Brien", "O’Brien"),
        ("AB-12", "AB\u201112"),
        ("Versicherung", "Versiche\u00adrung"),
        ("Office", "O\ufb03ce"),
        ('"new"', "“new”"),
        ("Müller", unicodedata.normalize("NFD", "Müller")),
        ("x", "x\u200b"),
    ],
)
def test_a_value_that_is_only_set_in_other_type_is_the_same(gold: str, said: str) -> None:
    fixture = Fixture("f", "w", {"document": "x"}, {"fields": {"case_id": gold}})
    assert outcomes(judge("exact_fields", fixture, json.dumps({"case_id": said}))) == {"case_id": "pass"}


def test_true_is_not_the_number_1() -> None:
    fixture = Fixture("f", "w", {"document": "x"}, {"fields": {"case_id": 1}})
    assert outcomes(judge("exact_fields", fixture, '{"case_id": true}')) == {"case_id": "wrong_field"}


@pytest.mark.parametrize(
    ("source", "value", "quote", "supported"),
    [
        ("EUR 1k paid", 1000, "EUR 1k", True),
        ("€2.5m paid", 2500000, "€2.5m", True),
        ("€2.5m paid", 2, "€2.5m", False),
        ("12.50CHF paid", 12, "12.50CHF", False),
        ("Balance 1.250,00- EUR", -1250, "1.250,00-", True),
        ("Total -5", 5, "Total -5", False),
        ("Müller paid", unicodedata.normalize("NFD", "Müller"), unicodedata.normalize("NFD", "Müller paid"), True),
        (unicodedata.normalize("NFD", "Müller paid"), "Müller", "Müller paid", True),
        ("Versiche\u00adrung 7", "Versicherung", "Versicherung 7", True),
        ("the “new” car", '"new"', 'the "new" car', True),
    ],
)
def test_a_quote_supports_what_it_says_however_it_is_set(
    source: str, value: object, quote: str, supported: bool
) -> None:
    fixture = Fixture("f", "w", {"document": source}, {})
    said = json.dumps({"case_id": value, "source_spans": {"case_id": quote}})
    wanted = "pass" if supported else "span_does_not_support"
    assert outcomes(judge("source_spans", fixture, said)) == {"case_id": wanted}
