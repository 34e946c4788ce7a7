"""An expectation that says nothing is no expectation: no answer passes by it, and a check without one is refused."""

from __future__ import annotations

from typing import Any

import pytest

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Workload
from milo_bench.core.text import says_nothing
from milo_bench.grade.engine import grade_attempt, unread_fixtures, validate_checks

ANSWER = "The claim of Ms Brandt was paid on 3 May."
PRESENT = CheckSpec("answer_present", {})
UNSEEN = ("", " ", "\n\t", "\u200b", "\u2060\ufeff", "\u00ad", "\u2800", "\u3164")


def passed(check: str, params: dict[str, Any], expect: dict[str, Any], answer: str = ANSWER) -> bool | None:
    """Whether ``answer`` passes ``check`` beside one that every answer passes."""
    workload = Workload("w", "p", "", "", (PRESENT, CheckSpec(check, params)))
    fixture = Fixture("f", "w", {"letter": ANSWER}, expect)
    graded = grade_attempt(workload, fixture, Attempt(AttemptKey("f", "t"), "", Timings(0, 0, 1), answer))
    unread = list(unread_fixtures(workload, [fixture]))
    assert (graded.passed is None) == bool(unread)
    return graded.passed


@pytest.mark.parametrize("text", UNSEEN)
def test_a_text_that_nobody_sees_says_nothing(text: str) -> None:
    assert says_nothing(text)
    assert passed("length", {"max_words": 50}, {}, answer=text) is False


@pytest.mark.parametrize("text", ["0", ".", "é", "हाँ", "是", "👍", " x "])
def test_a_text_that_somebody_sees_says_something(text: str) -> None:
    assert not says_nothing(text)


@pytest.mark.parametrize("check", ["contains", "contains_all", "equals"])
@pytest.mark.parametrize("text", UNSEEN[1:])
def test_an_expected_text_that_nobody_sees_is_none(check: str, text: str) -> None:
    assert passed(check, {}, {check: text}) is None
    assert passed(check, {}, {check: [text, text]}) is None
    assert passed(check, {}, {check: [text, "nowhere"]}) is False


@pytest.mark.parametrize(
    ("check", "expect"),
    [
        ("regex", {}),
        ("regex", {"regexp": "paid"}),
        ("regex", {"regex": "(paid"}),
        ("regex", {"regex": ".*"}),
        ("regex", {"regex": "refused|"}),
        ("in_source", {}),
        ("not_mentions", {}),
        ("not_mentions", {"not_mentions": "Brandt"}),
        ("policy_text", {"required": ["Keep this letter."]}),
        ("current_status", {"status": "paid"}),
        ("document_reviewed", {}),
        ("document_reviewed", {"referenced_documents": "the lease"}),
        ("length", {"words": 3}),
        ("key_facts", {"key_facts": [{"name": "payee", "value": ""}]}),
        ("key_facts", {"key_facts": [{"name": "payee"}, {"name": "day", "value": "3 May"}]}),
    ],
)
def test_a_check_whose_expectation_is_missing_or_misspelt_leaves_the_answer_unjudged(
    check: str, expect: dict[str, Any]
) -> None:
    assert passed(check, {}, expect) is None


@pytest.mark.parametrize(
    ("check", "key"),
    [
        ("regex", "regex"),
        ("not_mentions", "not_mentions"),
        ("not_contains", "not_contains"),
        ("policy_text", "required_text"),
        ("current_status", "current_status"),
        ("document_reviewed", "referenced_documents"),
        ("length", "max_words"),
    ],
)
@pytest.mark.parametrize("empty", [None, "", []])
def test_an_expectation_that_is_there_and_empty_says_that_the_check_does_not_apply(
    check: str, key: str, empty: object
) -> None:
    assert passed(check, {}, {key: empty}) is True


@pytest.mark.parametrize(
    ("check", "params"),
    [
        ("contains", {"value": " "}),
        ("contains_all", {"values": ["paid", "\u200b"]}),
        ("regex", {"pattern": ".*"}),
        ("regex", {"pattern": "x*"}),
        ("regex", {"pattern": "(?s).*", "match": "whole"}),
        ("format", {}),
    ],
)
def test_a_check_that_every_answer_would_pass_is_refused(check: str, params: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        validate_checks(Workload("w", "p", "", "", (CheckSpec(check, params),)))


@pytest.mark.parametrize(
    ("check", "params"),
    [
        ("regex", {"pattern": "^$"}),
        ("regex", {"pattern": "x*", "match": "whole"}),
        ("regex", {"pattern": ".*", "match": "none"}),
        ("not_contains", {"value": "\n\n"}),
        ("format", {"max_lines": 1}),
    ],
)
def test_a_check_that_some_answers_fail_is_taken(check: str, params: dict[str, Any]) -> None:
    validate_checks(Workload("w", "p", "", "", (CheckSpec(check, params),)))
