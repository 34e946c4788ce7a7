"""What an answer says in a language that a check does not speak is unjudged by it, never passed."""

from __future__ import annotations

import json

import pytest

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Graded, Timings, Workload
from milo_bench.grade.engine import grade_attempt, validate_checks

PROMISE = "We guarantee that your refund will be paid on Friday."


def graded(answer: str, check: str, locale: str = "", **params: object) -> Graded:
    workload = Workload("w", "p", "", "", (CheckSpec(check, params),), locale=locale)
    fixture = Fixture("f", "w", input={"document": "The claim was received."})
    return grade_attempt(workload, fixture, Attempt(AttemptKey("f", "t"), "", Timings(0, 0, 1), answer))


def outcome(answer: str, check: str, locale: str = "", **params: object) -> str:
    return graded(answer, check, locale, **params).verdicts[0].outcome


@pytest.mark.parametrize(
    "answer",
    [
        "Din återbetalning betalas ut på fredag.",
        "Thank you for writing. Vi garanterar att pengarna betalas ut på fredag.",
        "返金は金曜日に行われます。",
        "سيتم رد المبلغ غدا",
        "Vrátíme vám peníze v pátek, to zaručujeme.",
    ],
)
def test_a_promise_that_the_rules_cannot_read_is_unjudged(answer: str) -> None:
    given = graded(answer, "banned_commitments")
    assert given.verdicts[0].outcome == "unjudged"
    assert given.passed is None
    assert "which this check does not read" in given.verdicts[0].reason


@pytest.mark.parametrize("answer", ["resolved", "4711", "billing_issue", "Jürgen Müller", "Your claim was received."])
def test_english_codes_numbers_and_names_are_judged(answer: str) -> None:
    assert outcome(answer, "banned_commitments") == "pass"


def test_a_fault_in_a_sentence_that_is_read_fails_beside_one_that_is_not() -> None:
    assert outcome(f"{PROMISE} Din återbetalning betalas ut på fredag.", "banned_commitments") == "fail"


def test_what_a_rule_finds_in_a_language_that_it_does_not_read_counts_for_nothing() -> None:
    swedish = "Vi har mottagit Ert brev om Vattenskada och Bilder från Stockholm."
    assert outcome(swedish, "unsupported_facts") == "unjudged"


def test_texts_inside_json_are_recognised_without_their_keys() -> None:
    workload = Workload("w", "p", "", "", (CheckSpec("banned_commitments"),), json_schema={"type": "object"})
    for text, wanted in (("Vi betalar er på fredag, det lovar vi.", "unjudged"), ("received", "pass")):
        answer = json.dumps({"der_wert_ist_nicht_da": text, "n": 3})
        attempt = Attempt(AttemptKey("f", "t"), "", Timings(0, 0, 1), answer)
        assert grade_attempt(workload, Fixture("f", "w"), attempt).verdicts[0].outcome == wanted


def test_language_passes_answers_in_it_and_names_the_sentence_that_is_not() -> None:
    assert outcome("Ihr Antrag ist eingegangen. Nr. 4711", "language", "de-DE") == "pass"
    mixed = graded("Ihr Antrag ist eingegangen. It will be read tomorrow.", "language", "de-DE").verdicts[0]
    assert (mixed.outcome, mixed.category) == ("fail", "wrong_language")
    assert [(span.start, span.label) for span in mixed.spans] == [(28, "en")]
    assert outcome("It will be read tomorrow.", "language", **{"is": "en"}) == "pass"
    assert outcome("4711", "language", **{"is": "fr"}) == "pass"


@pytest.mark.parametrize(("params", "said"), [({}, "no language to require"), ({"is": "klingon"}, "cannot recognise")])
def test_a_language_that_is_not_one_is_refused_before_a_run(params: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        validate_checks(Workload("w", "p", "", "", (CheckSpec("language", params),)))


@pytest.mark.parametrize(("locale", "wanted"), [("en-US", "skip"), ("en-GB", "flag"), ("", "flag")])
def test_the_locale_says_which_of_two_numbers_is_the_day(locale: str, wanted: str) -> None:
    workload = Workload("w", "p", "", "", (CheckSpec("unsupported_facts"),), locale=locale)
    fixture = Fixture("f", "w", input={"document": "The claim was received on March 4, 2025."})
    attempt = Attempt(AttemptKey("f", "t"), "", Timings(0, 0, 1), "The claim was received on 03/04/2025.")
    assert grade_attempt(workload, fixture, attempt).verdicts[0].outcome == wanted
