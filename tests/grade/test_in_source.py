"""in_source: what an answer copies is in the input word for word, or it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Verdict, Workload
from milo_bench.grade.engine import grade_attempt

MESSAGE = "My order MX-48213 (2 boxes, 0166 1318 6091) is late. My name is Zoë."


def judge(answer: str, **params: Any) -> list[Verdict]:
    workload = Workload("work", "p", "", "", (CheckSpec("in_source", {"document": "message", **params}),))
    attempt = Attempt(AttemptKey("f", "target"), "", Timings(0, 0, 1), answer)
    return list(grade_attempt(workload, Fixture("f", "work", {"message": MESSAGE}), attempt).verdicts)


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("MX-48213", "pass"),
        (" MX-48213 ", "pass"),
        ("0166 1318 6091", "pass"),
        (2, "pass"),
        ("Zoë", "pass"),
        ("MX-4821", "fail"),
        ("X-48213", "fail"),
        ("66 1318 6091", "fail"),
        ("mx-48213", "fail"),
        ("MX-48214", "fail"),
        ("", "fail"),
        ("Zo", "fail"),
        (".*", "fail"),
    ],
)
def test_a_value_counts_only_as_whole_words_of_the_input(value: object, outcome: str) -> None:
    (verdict,) = judge(json.dumps({"order": value}))
    assert (verdict.outcome, verdict.subject) == (outcome, "order")
    assert outcome == "pass" or verdict.category == "not_in_source"


def test_only_the_named_fields_are_judged_and_null_is_not() -> None:
    answer = json.dumps({"order": "MX-48213", "topic": "late or lost", "phone": None})
    assert [(one.subject, one.outcome) for one in judge(answer)] == [("order", "pass"), ("topic", "fail")]
    assert [one.outcome for one in judge(answer, fields=["order"])] == ["pass"]
    assert [one.outcome for one in judge(answer, fields=["phone"])] == ["skip"]


def test_an_answer_that_is_not_an_object_fails_and_without_the_text_nothing_is_judged() -> None:
    assert [one.category for one in judge("[1]")] == ["malformed_json"]
    assert [one.outcome for one in judge('{"order": "MX-48213"}', document="body")] == ["unjudged"]
