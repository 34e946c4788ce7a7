"""Numbers of fields by the workload's locale or the input's language; what could be two numbers is unjudged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Graded, Timings, Workload
from milo_bench.grade.engine import grade_attempt

GERMAN = "Die Rechnung ist am 3. März bei uns eingegangen, und der Betrag ist noch nicht bezahlt."
ENGLISH = "The invoice came in on 3 March and the amount has not been paid."


def graded(check: str, answer: object, expect: dict[str, Any], *, text: str = "", locale: str = "") -> Graded:
    workload = Workload("w", "p", "", "", (CheckSpec(check, {}),), locale=locale)
    fixture = Fixture("f", "w", {"document": text}, expect)
    attempt = Attempt(AttemptKey("f", "m"), "", Timings(0.0, 0.0, 1.0), output=json.dumps(answer))
    return grade_attempt(workload, fixture, attempt)


@pytest.mark.parametrize(
    ("said", "text", "locale", "outcome"),
    [
        ("1,250", GERMAN, "", "unjudged"),
        ("1,250", GERMAN, "de-DE", "fail"),
        ("1,250", GERMAN, "en-GB", "pass"),
        ("1,250", ENGLISH, "", "pass"),
        ("1,250", "", "", "pass"),
        ("1.250", GERMAN, "", "pass"),
        ("1.250", ENGLISH, "", "fail"),
        ("1.250", GERMAN, "de-CH", "fail"),
        ("9,999", GERMAN, "", "fail"),
        ("1.250,00 €", ENGLISH, "", "pass"),
    ],
)
def test_one_mark_is_read_by_the_locale_then_by_the_language(said: str, text: str, locale: str, outcome: str) -> None:
    found = graded("exact_fields", {"total": said}, {"fields": {"total": 1250.0}}, text=text, locale=locale)
    assert [verdict.outcome for verdict in found.verdicts] == [outcome]


def test_a_number_in_doubt_is_given_in_both_readings() -> None:
    found = graded("exact_fields", {"total": "1,250"}, {"fields": {"total": 1250.0}}, text=GERMAN)
    assert found.passed is None
    assert "1.25 as the input is written and 1250 as English is" in found.verdicts[0].reason


def test_rows_are_compared_as_the_locale_writes_numbers() -> None:
    rows = {"rows": [{"name": "Stuhl", "price": "1.250"}]}
    gold = {"rows": [{"name": "Stuhl", "price": 1250}]}
    for locale, right in (("de-DE", True), ("en-GB", False)):
        found = graded("record_list", rows["rows"], gold, locale=locale)
        assert (found.passed is True) is right
