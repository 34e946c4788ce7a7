"""What an answer says in a language that a check does not speak is unjudged by it, never passed."""

from __future__ import annotations

import json

import pytest

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Graded, Timings, Workload
from milo_bench.grade.base import CHECKS, ReadsLanguage
from milo_bench.grade.engine import grade_attempt, validate_checks
from milo_bench.guards.languages.marks import unmarked

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


ODD = {
    "two languages": "Thank you for writing. Wir garantieren die Zahlung bis Freitag.",
    "two languages in one sentence": "We will read it, und wir garantieren Ihnen die Zahlung bis zum Freitag",
    "no language": "4711, A-23/9; Müller GmbH; 12.03.2025",
    "a language that no rule reads": "Vi garanterar att pengarna betalas ut på fredag.",
    "look-alikes": "Wе guаrantее that уou will be paid on Friday.",
    "accents written apart": "Nous garantissons que la pie\u0300ce sera re\u0301pare\u0301e vendredi.",
    "full-width letters": "Ｗｅ ｇｕａｒａｎｔｅｅ ｔｈａｔ ｙｏｕ will be paid on Friday.",
    "Arabic-Indic digits": "We guarantee that you will be paid ٣٠٠ euros on Friday.",
    "zero-width joiners": "We gua\u200drantee that you will be pa\u200bid on Friday.",
    "right-to-left overrides": "\u202eWe guarantee\u202c that you will be paid on Friday.",
    "half a surrogate pair": "We guarantee \ud800 that you will be paid on Friday.",
    "nothing": " ",
}
PROMISED = ["two languages", "two languages in one sentence", "look-alikes", "accents written apart"]
HIDDEN = ["full-width letters", "Arabic-Indic digits", "zero-width joiners", "right-to-left overrides"]


@pytest.mark.parametrize("kind", ODD)
def test_no_text_breaks_a_check_and_each_mark_is_in_the_answer(kind: str) -> None:
    for check in CHECKS.names():
        if not isinstance(CHECKS.get(check), ReadsLanguage):
            continue
        for verdict in graded(ODD[kind], check).verdicts:
            assert all(
                0 <= span.start <= span.end <= len(ODD[kind]) for span in verdict.spans if span.where == "output"
            )


@pytest.mark.parametrize("kind", [*PROMISED, *HIDDEN])
def test_a_promise_is_found_however_it_is_written(kind: str) -> None:
    verdict = graded(ODD[kind], "banned_commitments").verdicts[0]
    assert verdict.outcome == "fail"
    assert "garant" in unmarked(verdict.got).text or "guarantee" in unmarked(verdict.got).text


def test_what_no_rule_reads_is_unjudged_and_what_has_no_language_is_judged() -> None:
    assert outcome(ODD["a language that no rule reads"], "banned_commitments") == "unjudged"
    assert outcome(ODD["no language"], "banned_commitments") == "pass"
