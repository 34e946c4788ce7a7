"""The checks that need no code: patterns, numbers with tolerance and unit, checksums and word lists."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Verdict, Workload
from milo_bench.grade.engine import grade_attempt, validate_checks


def workload(check: str, resources: dict[str, Any] | None = None, **params: Any) -> Workload:
    return Workload("work", "p", "", "", (CheckSpec(check, params),), resources=resources or {})


def judge(check: str, output: str, expect: dict[str, Any] | None = None, **params: Any) -> Verdict:
    resources = params.pop("resources", None)
    attempt = Attempt(AttemptKey("f", "target"), "", Timings(0, 0, 1), output)
    graded = grade_attempt(workload(check, resources, **params), Fixture("f", "work", {}, expect or {}), attempt)
    (verdict,) = graded.verdicts
    return verdict


def said(verdict: Verdict) -> str:
    return verdict.category or verdict.outcome


def marked(verdict: Verdict, output: str) -> list[str]:
    return [output[span.start : span.end] for span in verdict.spans]


# ---------------------------------------------------------------- regex


@pytest.mark.parametrize(
    ("output", "params", "expected"),
    [
        ("Case CASE-123456 is open", {"pattern": r"CASE-\d{6}"}, "pass"),
        ("Case CASE-123456 is open", {"pattern": r"CASE-\d{6}", "match": "whole"}, "no_match"),
        ("CASE-123456", {"pattern": r"CASE-\d{6}", "match": "whole"}, "pass"),
        ("no case", {"pattern": r"CASE-\d{6}"}, "no_match"),
        ("We guarantee it", {"pattern": "(?i)GUARANTEE", "match": "none"}, "forbidden_match"),
        ("We hope so", {"pattern": "(?i)GUARANTEE", "match": "none"}, "pass"),
        ("", {"pattern": "x", "match": "none"}, "empty_answer"),
        ('{"id": "A1"}', {"pattern": "^A", "field": "id"}, "pass"),
        ('{"id": 17}', {"pattern": "^17$", "field": "id"}, "pass"),
        ('{"id": null}', {"pattern": "^A", "field": "id"}, "missing_value"),
        ("{}", {"pattern": "^A", "field": "id"}, "missing_field"),
        ("A1", {"pattern": "^A", "field": "id"}, "malformed_json"),
        ("anything", {}, "unjudged"),
    ],
)
def test_regex_judges_the_answer_or_a_field(output: str, params: dict[str, Any], expected: str) -> None:
    assert said(judge("regex", output, **params)) == expected


def test_regex_marks_what_must_not_be_there_beside_letters_of_several_bytes() -> None:
    output = "Wir haben Ähnliches: größte Garantie, versprochen."
    verdict = judge("regex", output, pattern="Garantie", match="none")
    assert marked(verdict, output) == ["Garantie"]


def test_a_fixtures_own_pattern_goes_first() -> None:
    assert said(judge("regex", "42", {"regex": "^42$"}, pattern="^43$")) == "pass"


def test_a_pattern_that_ruins_other_engines_costs_no_time_here() -> None:
    began = time.process_time()
    for pattern in (r"^(a+)+$", r"^(a|a)*$", r"^(a|aa)+$", r"(.*a){20}x"):
        assert said(judge("regex", "a" * 20_000 + "!", pattern=pattern)) == "no_match"
    # A backtracking engine needs longer than the universe has; the bound is on this process's own time.
    assert time.process_time() - began < 20


@pytest.mark.parametrize("pattern", ["(a", r"(a)\1", "(?=a)", r"\p{L}{900}", "x" * 3_000])
def test_a_pattern_that_cannot_be_run_in_linear_time_is_refused_before_any_run(pattern: str) -> None:
    with pytest.raises(ConfigError, match="cannot use its pattern"):
        validate_checks(workload("regex", pattern=pattern))


@given(st.text(max_size=60))
@settings(max_examples=50, deadline=None)
def test_no_answer_breaks_a_pattern(output: str) -> None:
    assert judge("regex", output, pattern=r"\w+").outcome in ("pass", "fail")
    assert judge("regex", output + "\ud800", pattern="x", match="none").outcome in ("pass", "fail")


# ---------------------------------------------------------------- numeric


@pytest.mark.parametrize(
    ("output", "expect", "params", "expected"),
    [
        ("The total is 1,250.00 EUR.", {"number": 1250}, {}, "pass"),
        ("1.250,00", {"number": 1250}, {"decimal": ","}, "pass"),
        ("The total is 1,251 EUR.", {"number": 1250}, {}, "wrong_number"),
        ("The total is 1,251 EUR.", {"number": 1250}, {"tolerance": 1}, "pass"),
        ("1,251", {"number": 1250, "tolerance": 2}, {}, "pass"),
        ("103", {"number": 100}, {"relative": 0.05}, "pass"),
        ("106", {"number": 100}, {"relative": 0.05}, "wrong_number"),
        ("-5", {"number": -5}, {}, "pass"),
        ("\u22125 degrees", {"number": -5}, {}, "pass"),
        ("0.1 and 0.2", {"number": 0.1}, {}, "several_numbers"),
        ("0.1, so 0.10", {"number": 0.1}, {}, "pass"),
        ("First 3, then 4", {"number": 4}, {"pick": "last"}, "pass"),
        ("First 3, then 4", {"number": 3}, {"pick": "first"}, "pass"),
        ("none", {"number": 3}, {}, "no_number"),
        ("anything", {}, {}, "unjudged"),
        ("anything", {"number": None}, {}, "skip"),
        ('{"weight": 2.5}', {"fields": {"weight": 2.5}}, {"field": "weight"}, "pass"),
        ('{"weight": "2.5 kg"}', {"fields": {"weight": 2.5}}, {"field": "weight", "unit": "kg"}, "pass"),
        ('{"weight": 2.5}', {"fields": {"weight": 2.5}}, {"field": "weight", "unit": "kg"}, "pass"),
        ('{"weight": "2.5 lb"}', {"fields": {"weight": 2.5}}, {"field": "weight", "unit": "kg"}, "no_number"),
        ('{"weight": null}', {"fields": {"weight": 2.5}}, {"field": "weight"}, "missing_value"),
    ],
)
def test_numeric_compares_the_one_number_that_is_meant(
    output: str, expect: dict[str, Any], params: dict[str, Any], expected: str
) -> None:
    assert said(judge("numeric", output, expect, **params)) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("The 3 parcels weigh 2500 g together.", "pass"),
        ("They weigh 2.5 kg.", "pass"),
        ("They weigh 2.5kg.", "pass"),
        ("They weigh 0.0025 t.", "pass"),
        ("They weigh 2.5.", "no_number"),
        ("They weigh 2.5 grams.", "no_number"),
        ("2.5 kg, or 2400 g", "several_numbers"),
        ("2.5 kg, which is 2500 g", "pass"),
    ],
)
def test_units_say_which_number_is_meant_and_are_converted(output: str, expected: str) -> None:
    units = {"kg": 1, "g": 0.001, "t": 1000}
    assert said(judge("numeric", output, {"number": 2.5}, units=units)) == expected


def test_a_unit_may_come_before_its_number_and_the_place_is_marked() -> None:
    output = "Over 12 months you pay € 99.50 in all."
    verdict = judge("numeric", output, {"number": 100}, unit="€")
    assert (said(verdict), marked(verdict, output)) == ("wrong_number", ["€ 99.50"])
    assert verdict.reason == "the answer says € 99.50, expected 100 €"


@pytest.mark.parametrize(
    "params",
    [{"unit": "kg", "units": {"kg": 1}}, {"tolerance": -1}, {"units": {"kg": 1, "g": 0}}, {"units": {"g": 0.001}}],
)
def test_numeric_refuses_parameters_that_cannot_be_meant(params: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="numeric"):
        validate_checks(workload("numeric", **params))


@given(st.text(max_size=60))
@settings(max_examples=50, deadline=None)
def test_no_answer_breaks_a_comparison_of_numbers(output: str) -> None:
    units = {"€": 1.0, "kg": 2.0}
    assert judge("numeric", output, {"number": 1}, units=units).outcome in ("pass", "fail")


# ---------------------------------------------------------------- checksums


@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [
        ("iban", "GB82 WEST 1234 5698 7654 32", "pass"),
        ("iban", "GB82WEST12345698765432", "pass"),
        ("iban", "GB82 WEST 1234 5698 7654 33", "wrong_checksum"),
        ("iban", "The IBAN is GB82 WEST 1234 5698 7654 32", "wrong_checksum"),
        ("iban", "", "empty_answer"),
        ("luhn", "78949", "pass"),
        ("luhn", "78948", "wrong_checksum"),
        ("isbn", "978-9024538270", "pass"),
        ("gb.nhs", "943 476 5870", "pass"),
        ("gb.nhs", "943 476 5871", "wrong_checksum"),
        ("de.idnr", "36 574 261 809", "pass"),
    ],
)
def test_a_number_needs_its_check_digits(kind: str, number: str, expected: str) -> None:
    found = judge("checksum_number", number, kind=kind)
    assert said(found) == (expected if number else "wrong_checksum")


def test_a_valid_number_that_is_another_is_told_from_a_wrong_one() -> None:
    expect = {"fields": {"account": "GB82 WEST 1234 5698 7654 32"}}
    same = json.dumps({"account": "GB82WEST12345698765432"})
    other = json.dumps({"account": "DE89 3704 0044 0532 0130 00"})
    assert said(judge("checksum_number", same, expect, kind="iban", field="account")) == "pass"
    verdict = judge("checksum_number", other, expect, kind="iban", field="account")
    assert said(verdict) == "other_number"
    assert marked(verdict, other) == ['"DE89 3704 0044 0532 0130 00"']


@pytest.mark.parametrize("kind", ["ibam", "os", "../iban", "util", "iban.validate"])
def test_a_kind_that_does_not_exist_is_refused(kind: str) -> None:
    with pytest.raises(ConfigError, match="does not know the kind") as caught:
        validate_checks(workload("checksum_number", kind=kind))
    assert kind != "ibam" or "iban" in caught.value.hint


# ---------------------------------------------------------------- word lists


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Please ask a LAWYER.", "mentioned"),
        ("This is no legal\n  advice.", "mentioned"),
        ("A lawyerly tone, illegal advices.", "pass"),
        ("Ask Acme Corp. about it.", "mentioned"),
        ("Ask Acme Corporation about it.", "pass"),
    ],
)
def test_words_and_phrases_count_as_a_whole(output: str, expected: str) -> None:
    resources = {"rivals": "# who must not be named\nAcme Corp.   # with the point\n\n"}
    params = {"words": ["lawyer", "legal advice"], "lists": ["rivals"], "resources": resources}
    assert said(judge("not_mentions", output, **params)) == expected


def test_every_mention_is_marked_and_named_once() -> None:
    output = "Refunds? A refund, or two refunds."
    verdict = judge("not_mentions", output, {"not_mentions": ["refund", "refunds"]})
    assert marked(verdict, output) == ["Refunds", "refund", "refunds"]
    assert verdict.reason == "the answer mentions 'Refunds', 'refund', 'refunds'"


def test_a_list_may_be_a_resource_in_any_form_and_must_exist() -> None:
    assert said(judge("not_mentions", "beta", lists=["greek"], resources={"greek": ["alpha", "beta"]})) == "mentioned"
    for resources, params in (
        ({}, {"lists": ["greek"]}),
        ({"greek": []}, {"lists": ["greek"]}),
        ({}, {"words": [" "]}),
    ):
        with pytest.raises(ConfigError, match="not_mentions"):
            validate_checks(workload("not_mentions", resources, **params))
