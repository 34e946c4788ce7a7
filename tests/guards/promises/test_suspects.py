"""What the learned score suspects is left for a person, and says how much more of new wordings that catches."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache

import pytest

from benchmarks.languages.rules import DATA
from benchmarks.languages.suspects import LANGUAGES, TEAM, WRITERS, measure, sentences, suspected
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Attempt, AttemptKey, CheckSpec, Fixture, Timings, Verdict, Workload
from milo_bench.grade.base import CHECKS
from milo_bench.grade.engine import grade_attempt
from milo_bench.guards.measured import figures_of
from milo_bench.guards.promises import suspects
from milo_bench.guards.promises.find import read_promises
from milo_bench.guards.promises.promise import POSSIBLE, Promise
from milo_bench.guards.promises.suspects import BUCKETS, DETECTOR, SUSPECTS_VERSION, buckets_of, is_suspect

ROWS = [json.loads(line) for line in (DATA.parent / "promises_offices_eighth.jsonl").read_text("utf-8").splitlines()]
HIDDEN = "Ab April zahlen Sie vierzig Euro weniger im Monat."
PLAIN = "Ihr Schreiben ist eingegangen."


def verdict(answer: str, **settings: object) -> Verdict:
    work = Workload("reply", "ask", "", "", (CheckSpec("banned_commitments", settings),), locale="de-DE")
    attempt = Attempt(AttemptKey("t-1", "local"), "", Timings(0, 0, 0), output=answer)
    (one,) = grade_attempt(work, Fixture("t-1", "reply", {"text": "Guten Tag"}), attempt).verdicts
    return one


@cache
def read(with_score: bool) -> list[tuple[Promise, ...]]:
    return [read_promises(row["text"], expected=row["language"], suspects=with_score) for row in ROWS]


def caught(*, promise: bool, with_score: bool) -> int:
    return sum(bool(found) for row, found in zip(ROWS, read(with_score), strict=True) if row["promise"] is promise)


def test_of_a_writer_whom_neither_rules_nor_score_have_read_it_leaves_more_promises_for_a_person() -> None:
    assert [row["promise"] for row in ROWS].count(True) == [row["promise"] for row in ROWS].count(False) == 96
    assert (caught(promise=True, with_score=False), caught(promise=False, with_score=False)) == (83, 4)
    assert (caught(promise=True, with_score=True), caught(promise=False, with_score=True)) == (89, 14)


def test_it_never_changes_what_the_rules_find() -> None:
    for rules, more in zip(read(False), read(True), strict=True):
        assert set(rules) <= set(more)
        assert {one.kind for one in set(more) - set(rules)} <= {POSSIBLE}


def test_an_answer_that_it_suspects_is_unjudged_with_the_sentence_marked_and_only_where_it_was_asked_for() -> None:
    answer = f"{PLAIN} {HIDDEN}"
    assert verdict(answer).outcome == verdict(answer, suspects=False).outcome == "pass"
    left = verdict(answer, suspects=True)
    assert (left.outcome, left.category) == ("unjudged", POSSIBLE)
    assert [answer[span.start : span.end] for span in left.spans] == [HIDDEN]
    assert "worded like promises that people labelled" in left.reason
    assert verdict(answer, suspects=True, allow=[POSSIBLE]).outcome == "pass"
    assert verdict(PLAIN, suspects=True).outcome == "pass"
    assert verdict(f"{answer} Wir überweisen Ihnen den Betrag bis Freitag.", suspects=True).outcome == "fail"


def test_its_place_is_that_of_the_text_as_written() -> None:
    text = HIDDEN.replace("April", "Ap\u200bril")
    (one,) = read_promises(f"{PLAIN} {text}", suspects=True)
    assert f"{PLAIN} {text}"[one.start : one.end] == text


@pytest.mark.parametrize("text", ["", "4711", "- ", "[E-0073]", "Jürgen Müller", "!?", "\u0661\u0662", "日本語"])
def test_what_says_nothing_is_not_suspected(text: str) -> None:
    assert not any(is_suspect(text, language) for language in ("", *LANGUAGES))


def test_a_setting_that_is_no_truth_value_is_refused() -> None:
    work = Workload("reply", "ask", "", "", ())
    with pytest.raises(ConfigError, match="banned_commitments"):
        CHECKS.get("banned_commitments").validate({"suspects": "often"}, work)


def test_the_weights_are_one_byte_each_of_the_version_that_was_measured() -> None:
    raw = suspects.read_weights()
    assert len(base64.b64decode("".join(raw.weights))) == BUCKETS
    assert {raw.version} == {figures_of(DETECTOR, language).version for language in LANGUAGES} == {SUSPECTS_VERSION}


def test_a_sentence_has_the_same_buckets_whatever_its_digits_and_its_case() -> None:
    assert buckets_of("AM 3. MAI zahlen wir 1250", "de") == buckets_of("am 17. mai zahlen wir 9", "de")
    assert buckets_of("on 3 May", "en") != buckets_of("on 3 May", "de")


@pytest.mark.parametrize("language", LANGUAGES)
def test_with_each_writer_left_out_nine_promises_of_ten_are_caught(language: str) -> None:
    row = figures_of(DETECTOR, language)
    assert row.counts is not None
    assert row.counts.caught / row.counts.wrong == pytest.approx(row.recall, abs=1e-4)
    assert row.recall >= 0.9
    assert row.counts.false / row.counts.right < 0.25


def test_the_figures_are_of_the_texts_as_they_are() -> None:
    """The digest is that of today's files, and without the score the rules of then are what is counted."""
    names = [name for writer, own in WRITERS.items() if writer != TEAM for name in own]
    digest = hashlib.sha256(b"".join((DATA.parent / name).read_bytes() for name in names)).hexdigest()
    assert {figures_of(DETECTOR, language).digest for language in LANGUAGES} == {digest}
    labelled = sentences()
    nothing = suspected(labelled, [0.0] * len(labelled))
    by_rules = measure(labelled, nothing)
    assert not nothing.any()
    assert all(row.recall < 0.9 for row in by_rules)
    for row in by_rules:
        assert row.n == figures_of(DETECTOR, row.language).n
