"""Columns give the figures that counting attempt by attempt gives, for all rows and for any of them."""

from __future__ import annotations

import math
import time

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Failure,
    Fixture,
    Graded,
    Price,
    TargetRecord,
    Timings,
    Usage,
    Verdict,
    VerdictOutcome,
)
from milo_bench.stats.cases.columns import Cases, CasesBuilder, FixtureTable, fixture_table
from milo_bench.stats.cases.measures import LEAST_IN_SLICE, measure_all, measure_cases
from milo_bench.stats.cases.rows import Missed

TARGET = TargetRecord("small", "openai", "m", price=Price(1.0, 2.0))
LABELS = ("routine", "watch", "escalate")
FIXTURES = [
    Fixture(f"f{i}", "w", {}, tags=("long",) if i % 3 == 0 else ("short", "sensitive"), hash=f"h{i}") for i in range(9)
]


def table() -> FixtureTable:
    return fixture_table(FIXTURES, words=[1000 * i for i in range(9)], keyword=[False] * 9)


def attempts(draw: st.DataObject, rows: int) -> list[tuple[Attempt, Graded, int]]:
    found = []
    for row in range(rows):
        number = draw.draw(st.integers(0, 8))
        key = AttemptKey(f"f{number}", "small", row, retry=draw.draw(st.sampled_from([0, 0, 2])))
        state = draw.draw(st.sampled_from(["answer", "answer", "answer", "failure", "bypass"]))
        seconds = draw.draw(st.floats(0.1, 90))
        attempt = Attempt(
            key=key,
            request_hash="r",
            timings=Timings(0.0, 0.0, seconds, first_content_s=seconds / 3),
            output="x" if state == "answer" else "",
            finish_reason=draw.draw(st.sampled_from(["stop", "length"])) if state == "answer" else "",
            usage=Usage(draw.draw(st.integers(1, 500)), draw.draw(st.integers(1, 90)))
            if state == "answer"
            else Usage(),
            failure=Failure(draw.draw(st.sampled_from(["reset", "auth"])), "gone") if state == "failure" else None,
            bypass="human_review: two statuses" if state == "bypass" else "",
        )
        verdicts = _verdicts(draw) if state == "answer" else ()
        passed = None if state == "failure" else all(v.outcome in ("pass", "skip") for v in verdicts)
        found.append((attempt, Graded(key, "w", verdicts, passed), number))
    return found


def _verdicts(draw: st.DataObject) -> tuple[Verdict, ...]:
    outcome: st.SearchStrategy[VerdictOutcome] = st.sampled_from(["pass", "fail"])
    or_skip: st.SearchStrategy[VerdictOutcome] = st.sampled_from(["pass", "fail", "skip"])
    flag: st.SearchStrategy[VerdictOutcome] = st.sampled_from(["flag", "skip"])
    want, got = draw.draw(st.sampled_from(LABELS)), draw.draw(st.sampled_from([*LABELS, ""]))
    parts = draw.draw(st.integers(0, 4))
    return (
        Verdict("json_reading", "1", draw.draw(outcome)),
        Verdict("exact_fields", "1", draw.draw(outcome), subject="case_id"),
        Verdict("exact_fields", "1", draw.draw(or_skip), subject="received_date"),
        Verdict("citation_coverage", "1", draw.draw(outcome), parts=parts, parts_held=draw.draw(st.integers(0, parts))),
        Verdict("unsupported_facts", "1", draw.draw(flag)),
        Verdict("banned_commitments", "1", draw.draw(or_skip)),
        Verdict("label", "1", "pass" if want == got else "fail", expected=want, got=got),
    )


def columns(rows: list[tuple[Attempt, Graded, int]]) -> Cases:
    builder = CasesBuilder("w", "small", "", "free", TARGET.price)
    for attempt, graded, number in rows:
        builder.add(attempt, graded, number)
    return builder.build()


def counted(made: list[tuple[Attempt, Graded, int]]) -> dict[tuple[str, str], tuple[int, int]]:
    """(measure, slice) to (successes, of how many), counted one attempt after the other."""
    found: dict[tuple[str, str], tuple[int, int]] = {}

    def count(name: str, held: object, slice: str = "") -> None:
        k, n = found.get((name, slice), (0, 0))
        found[(name, slice)] = (k + bool(held), n + 1)

    for attempt, graded, number in made:
        passed = graded.passed is True
        count("pass_rate", passed)
        count("failure_rate", attempt.failure)
        for tag in FIXTURES[number].tags:
            count("pass_rate", passed, f"tag={tag}")
        if attempt.failure:
            continue
        count("flagged_rate", any(verdict.outcome == "flag" for verdict in graded.verdicts))
        if attempt.bypass:
            continue
        count("pass_rate_of_answers", passed)
        count("cut_at_max_tokens_rate", attempt.finish_reason == "length")
        for verdict in graded.verdicts:
            if verdict.check == "exact_fields" and verdict.outcome != "skip":
                count("field_accuracy", verdict.outcome == "pass")
                count("field_accuracy", verdict.outcome == "pass", f"field={verdict.subject}")
            if verdict.check == "unsupported_facts":
                count("unsupported_claim_rate", verdict.outcome == "flag")
            if verdict.check == "banned_commitments" and verdict.outcome != "skip":
                count("policy_violation_rate", verdict.outcome == "fail")
            if verdict.check == "label":
                count("accuracy", verdict.got == verdict.expected)
                count("recall", verdict.got == verdict.expected, f"class={verdict.expected}")
                count("precision", verdict.got == verdict.expected, f"class={verdict.got}")
    return found


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 30))
def test_rates_are_what_counting_attempt_by_attempt_gives(draw: st.DataObject, rows: int) -> None:
    made = attempts(draw, rows)
    cases = columns(made)
    measures = {(one.name, one.slice): one for one in measure_all(cases, table(), 7_000_000)}
    of_expected = {slice for name, slice in measures if name == "recall"}
    for place, (k, n) in counted(made).items():
        if place[0] == "precision" and place[1] not in of_expected:  # of an answer that no case expects
            measures[place] = measure_cases(cases, table(), place[0], slice=place[1])
        if place not in measures and place[1].startswith("tag="):  # too few fixtures for a slice of a scorecard
            asked = {number for _, _, number in made if place[1][4:] in FIXTURES[number].tags}
            assert len(asked) < LEAST_IN_SLICE
            measures[place] = measure_cases(cases, table(), place[0], slice=place[1])
        assert (measures[place].k, measures[place].n) == (k, n), place
        assert measures[place].value == k / n
    assert measures[("peak_memory_bytes", "")].value == 7_000_000


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 30))
def test_times_and_tokens_are_what_sorting_and_adding_gives(draw: st.DataObject, rows: int) -> None:
    made = attempts(draw, rows)
    measures = {one.name: one for one in measure_all(columns(made), table())}
    asked = [attempt for attempt, _, _ in made if not attempt.bypass]
    answered = [attempt for attempt in asked if attempt.failure is None]
    times = [math.inf if attempt.failure else attempt.timings.latency_s for attempt in asked]
    if times:
        value = measures["latency_p50_s"].value
        assert measures["latency_p50_s"].n == len(times)
        assert value is None or min(times) <= value <= max(times)
        assert (value is None) == (sorted(times)[(len(times) - 1) // 2] == math.inf)
    if answered:
        tokens = [attempt.usage.completion_tokens or 0 for attempt in answered]
        assert measures["output_tokens_mean"].value == pytest.approx(sum(tokens) / len(tokens))


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(2, 25))
def test_a_subset_of_rows_is_measured_as_if_it_were_alone(draw: st.DataObject, rows: int) -> None:
    made = attempts(draw, rows)
    keep = np.array([draw.draw(st.booleans()) for _ in made])
    alone = columns([one for one, kept in zip(made, keep, strict=True) if kept])
    every = columns(made)
    for name, slice in (("pass_rate", ""), ("field_accuracy", "tag=long"), ("latency_p95_s", "words>3000")):
        ours = measure_cases(every, table(), name, slice=slice, rows=keep)
        theirs = measure_cases(alone, table(), name, slice=slice)
        assert (ours.n, ours.value, ours.interval) == (theirs.n, theirs.value, theirs.interval)


def answered(number: int, outcome: str, *, label: tuple[str, str] | None = None) -> tuple[Attempt, Graded, int]:
    key = AttemptKey(f"f{number}", "small")
    failure = Failure("reset", "gone") if outcome == "failure" else None
    held: VerdictOutcome = "pass" if outcome == "pass" else "fail"
    verdicts = [Verdict("json_reading", "1", held)] if failure is None else []
    if label is not None and failure is None:
        verdicts.append(Verdict("label", "1", "pass", expected=label[0], got=label[1]))
    attempt = Attempt(key, "r", Timings(0.0, 0.0, 1.0), output="x", failure=failure)
    return attempt, Graded(key, "w", tuple(verdicts), None if failure else outcome == "pass"), number


def test_a_band_of_lengths_holds_both_its_ends() -> None:
    cases = columns([answered(n, "pass") for n in range(9)])  # 0, 1,000, … 8,000 words
    counts = {
        band: measure_cases(cases, table(), "pass_rate", slice=band).n
        for band in ("words<=3000", "words<3000", "words>3000", "words>=3000", "words=1000-3000", "words=3000")
    }
    assert counts == {
        "words<=3000": 4, "words<3000": 3, "words>3000": 5, "words>=3000": 6, "words=1000-3000": 3, "words=3000": 1,
    }  # fmt: skip


def test_a_label_or_tag_that_nobody_has_gives_no_number_but_says_why() -> None:
    cases = columns([answered(0, "pass", label=("routine", "routine"))])
    for name, slice, why in (
        ("recall", "class=urgent", "no fixture has the label 'urgent'"),
        ("pass_rate", "class=urgent", "no fixture has the label 'urgent'"),
        ("pass_rate", "tag=purple", "no fixture has the tag 'purple'"),
        ("field_accuracy", "field=colour", "no answer has a field 'colour'"),
    ):
        measure = measure_cases(cases, table(), name, slice=slice)
        assert (measure.value, measure.n, measure.interval, measure.note) == (None, 0, None, why)


def test_failed_attempts_can_be_counted_as_misses() -> None:
    rows = [answered(n, "pass", label=("escalate", "escalate")) for n in range(3)]
    rows += [answered(3, "failure"), answered(4, "failure")]
    cases = columns(rows)
    assert measure_cases(cases, table(), "json_valid_rate").value == 1.0
    assert measure_cases(cases, table(), "json_valid_rate", missed=Missed()).value == 0.6
    wanted = np.full(9, -1, dtype=np.int16)
    wanted[:4] = cases.labels.index("escalate")  # of the last one nobody knows the label
    recall = measure_cases(cases, table(), "recall", slice="class=escalate", missed=Missed(wanted))
    assert (recall.k, recall.n) == (3, 4)


@pytest.mark.parametrize(
    ("measure", "slice", "said"),
    [
        ("pas_rate", "", "Did you mean 'pass_rate'"),
        ("recall", "", "class=escalate"),
        ("pass_rate", "field=case_id", "use tag=, class= or words"),
        ("pass_rate", "words~7", "words<=7500"),
        ("pass_rate", "words=9-3", "smaller number first"),
        ("pass_rate", "colour=red", "write tag="),
        ("pass_rate", "words>3 & words<2", "name each once"),
    ],
)
def test_a_measure_or_slice_that_does_not_exist_is_refused_with_what_to_write(
    measure: str, slice: str, said: str
) -> None:
    cases = columns([answered(0, "pass")])
    with pytest.raises(ConfigError) as caught:
        measure_cases(cases, table(), measure, slice=slice)
    assert said in caught.value.hint


def test_one_sided_ends_are_those_of_a_wider_two_sided_interval() -> None:
    cases = columns([answered(n, "pass" if n else "fail") for n in range(9)])
    two = measure_cases(cases, table(), "pass_rate", confidence=0.9).interval
    lower = measure_cases(cases, table(), "pass_rate", confidence=0.95, side="lower").interval
    assert two is not None and lower is not None and two.low is not None and lower.low is not None
    assert math.isclose(two.low, lower.low)
    assert lower.high == 1.0


def test_a_million_rows_are_measured_within_seconds() -> None:
    rows, fixtures = 1_000_000, 10_000
    random = np.random.default_rng(0)
    small = columns([answered(0, "pass", label=("escalate", "escalate"))])
    many = {
        name: np.repeat(getattr(small, name), rows)
        for name in (
            "repeat", "retry", "outcome", "bypassed", "flagged", "unsupported", "policy_broken", "ttft_s", "cost_usd",
            "prompt_tokens", "output_tokens", "decode_tokens_per_s", "cut", "warm_latency_s",
                "warm_ttft_s", "cached_share", "failure_kind", "want", "got",
        )
    }  # fmt: skip
    cases = Cases(
        workload="w", target="small", variant="", decoding="free",
        fixture=random.integers(0, fixtures, rows).astype(np.int32), latency_s=random.exponential(2.0, rows),
        failure_kinds=(), held={"json_reading": many["outcome"]}, fields={}, parts={}, labels=small.labels,
        categories={}, **many,
    )  # fmt: skip
    big = FixtureTable(
        ids=tuple(f"f{n}" for n in range(fixtures)), hashes=("h",) * fixtures, workloads=("w",) * fixtures,
        words=np.arange(fixtures), sensitive=np.zeros(fixtures, bool), keyword=np.zeros(fixtures, bool), tags={},
    )  # fmt: skip
    started = time.process_time()
    found = measure_all(cases, big)
    assert len(found) > 10
    assert time.process_time() - started < 20  # coarse: about 3 s on one idle core


def test_a_scorecard_has_no_slice_of_a_group_and_none_of_a_few() -> None:
    fixtures = [
        Fixture(f"f{number}", "w", tags=("many", f"story:{number % 2}", *(["few"] if number < 4 else [])))
        for number in range(12)
    ]
    builder = CasesBuilder("w", "t", "", "free")
    for number, fixture in enumerate(fixtures):
        key = AttemptKey(fixture.id, "t", 0)
        attempt = Attempt(key, "", Timings(0.0, 0.0, 1.0), output="x")
        builder.add(attempt, Graded(key, "w", (), True), number)
    found = measure_all(builder.build(), fixture_table(fixtures))
    assert {one.slice for one in found if one.name == "pass_rate"} == {"", "tag=many"}


def test_a_rate_of_which_every_answer_is_unjudged_keeps_its_row_and_says_so() -> None:
    builder = CasesBuilder("w", "small", "", "free")
    attempt = Attempt(AttemptKey("f0", "small"), "r", Timings(0.0, 0.0, 1.0), output="x")
    unread = Verdict("banned_commitments", "5", "unjudged", "unread_language")
    builder.add(attempt, Graded(attempt.key, "w", (unread,), None), 0)
    rows = {one.name: one for one in measure_all(builder.build(), table())}
    assert rows["policy_violation_rate"].value is None
    assert rows["policy_violation_rate"].note == "1 of 1 unjudged"


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_answers_that_share_their_verdicts_fill_the_columns_as_if_each_had_its_own(draw: st.DataObject) -> None:
    given = attempts(draw, draw.draw(st.integers(1, 12)))
    judged = [row for row in given if row[0].failure is None]
    shared, alone = (CasesBuilder("w", "small", "", "free", TARGET.price) for _ in range(2))
    for place, (attempt, graded, number) in enumerate(given):
        if judged and attempt.failure is None:
            graded = draw.draw(st.sampled_from(judged))[1]
        shared.add(attempt, graded, number)
        copies = tuple(msgspec.structs.replace(verdict) for verdict in graded.verdicts)
        alone.add(attempt, Graded(graded.key, graded.workload, copies, graded.passed), number)
        assert len(shared.known) <= place + 1
    one, other = shared.build(), alone.build()
    for field in msgspec.structs.fields(Cases):
        np.testing.assert_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


def test_the_label_of_a_fixture_is_the_one_that_the_last_answer_to_it_shows() -> None:
    builder = CasesBuilder("w", "small", "", "free")
    for place, (number, label) in enumerate([(4, "b"), (1, "a"), (4, "a"), (2, "")]):
        verdicts = (Verdict("label", "1", "pass", expected=label, got=label),) if label else ()
        key = AttemptKey(f"f{number}", "small", place)
        builder.add(Attempt(key, "r", Timings(0.0, 0.0, 1.0), "x"), Graded(key, "w", verdicts, True), number)
    cases = builder.build()
    fixtures, labels = cases.expected
    assert dict(zip(fixtures.tolist(), (cases.labels[place] for place in labels), strict=True)) == {1: "a", 4: "a"}
    empty = CasesBuilder("w", "small", "", "free").build()
    assert [len(part) for part in empty.expected] == [0, 0]
