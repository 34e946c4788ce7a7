"""Choosing examples of what went wrong, and cutting their texts around what is marked."""

from __future__ import annotations

import random

import pytest

from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Failure,
    Fixture,
    Graded,
    Span,
    Timings,
    Verdict,
)
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.examples.choose import MOST_INPUT, MOST_OUTPUT, ChosenExample, choose_examples, make_example
from milo_bench.decide.examples.text import CUT_MARK, cut, lay_out
from milo_bench.decide.records import Candidate
from milo_bench.stats.cases.columns import CasesBuilder, fixture_table
from milo_bench.suites.load import load_suite

CANDIDATE = Candidate("extraction", "local_8b")


def graded(attempt: Attempt, *verdicts: Verdict) -> Graded:
    return Graded(attempt.key, "extraction", verdicts, all(one.outcome == "pass" for one in verdicts))


def attempt(fixture: str, *, output: str = "{}", repeat: int = 0, failure: Failure | None = None) -> Attempt:
    key = AttemptKey(fixture, "local_8b", repeat)
    return Attempt(key, "0" * 64, Timings(0, 0, 1), output=output, failure=failure)


def evidence(count: int, *, order: list[int] | None = None) -> Evidence:
    """``count`` fixtures asked twice, every answer with a wrong field, every third malformed too."""
    fixtures = [Fixture(f"x-{n:04d}", "extraction", {}, tags=(f"kind-{n % 4}",)) for n in range(count)]
    table = fixture_table(fixtures, words=[10] * count, keyword=[False] * count)
    builder = CasesBuilder("extraction", "local_8b", "", "free")
    for number in order or range(count):
        for repeat in (0, 1):
            one = attempt(fixtures[number].id, repeat=repeat)
            verdicts = [Verdict("exact_fields", "1", "fail", category="wrong_field")]
            if number % 3 == 0:
                verdicts.append(Verdict("json_reading", "1", "fail", category="malformed_json"))
            builder.add(one, graded(one, *verdicts), number)
    return Evidence((), {}, table, {CANDIDATE: builder.build()}, {})


def test_examples_are_a_few_of_each_cause_and_no_fixture_twice() -> None:
    chosen = choose_examples(evidence(200), per_category=3)
    assert [(one.check, one.category) for one in chosen] == [("exact_fields", "wrong_field")] * 3 + [
        ("json_reading", "malformed_json")
    ] * 3
    assert len({one.fixture_id for one in chosen[:3]}) == 3
    assert len({one.id for one in chosen}) == 6


def test_the_choice_follows_from_the_seed_and_not_from_the_order_of_rows() -> None:
    shuffled = list(range(200))
    random.Random(3).shuffle(shuffled)
    first = choose_examples(evidence(200), seed=1)
    assert first == choose_examples(evidence(200, order=shuffled), seed=1)
    assert first != choose_examples(evidence(200), seed=2)


def test_examples_differ_in_kind_where_they_can() -> None:
    chosen = choose_examples(evidence(200), per_category=4)[:4]
    assert len({int(one.fixture_id[2:]) % 4 for one in chosen}) == 4


def test_nothing_wrong_gives_no_examples() -> None:
    assert choose_examples(Evidence((), {}, fixture_table([], words=[], keyword=[]), {}, {})) == ()


def chosen_one(check: str = "exact_fields", category: str = "wrong_field") -> ChosenExample:
    return ChosenExample(CANDIDATE, check, category, "x-0001", 0)


def test_spans_mark_the_same_characters_after_a_long_document_was_cut() -> None:
    document = "".join(f"Line {n} of the packet says nothing. " for n in range(2_000))
    at = document.index("Line 1500 ")
    output = "x" * 9_000 + "2025-01-02" + "y" * 9_000
    one = attempt("x-0001", output=output)
    verdict = Verdict(
        "exact_fields",
        "1",
        "fail",
        category="wrong_field",
        reason="received_date is another date",
        subject="received_date",
        spans=(
            Span("input.document", at, at + 9, "received_date: expected"),
            Span("output", 9_000, 9_010, "received_date"),
        ),
    )
    fixture = Fixture("x-0001", "extraction", {"document": document, "kind": "letter"})
    example = make_example(chosen_one(), one, graded(one, verdict), fixture)
    texts = {"input": example.input, "output": example.output}
    assert [texts[span.where][span.start : span.end] for span in example.spans] == ["Line 1500", "2025-01-02"]
    assert CUT_MARK in example.input
    assert len(example.input.replace(CUT_MARK, "")) <= MOST_INPUT
    assert len(example.output.replace(CUT_MARK, "")) <= MOST_OUTPUT
    assert example.input.startswith("Line 0 ")
    assert example.reason == "received_date is another date"


def test_only_the_verdicts_of_the_cause_speak() -> None:
    one = attempt("x-0001")
    verdicts = (
        Verdict("exact_fields", "1", "fail", category="wrong_field", reason="this", spans=(Span("output", 0, 1),)),
        Verdict("exact_fields", "1", "fail", category="missing_field", reason="that", spans=(Span("output", 1, 2),)),
        Verdict("exact_fields", "1", "pass", category="wrong_field", reason="neither"),
    )
    example = make_example(chosen_one(), one, graded(one, *verdicts), Fixture("x-0001", "extraction", {}))
    assert (example.reason, example.spans) == ("this", (Span("output", 0, 1),))


@pytest.mark.parametrize("seed", range(60))
def test_cutting_any_text_with_any_spans_keeps_their_characters(seed: int) -> None:
    rng = random.Random(seed)
    text = "".join(rng.choice("abcdefghij \n") for _ in range(rng.choice((0, 5, 300, 4_000))))
    spans = [Span("output", rng.randint(-50, 4_200), rng.randint(-50, 4_300), str(n)) for n in range(rng.randint(0, 9))]
    shown, kept = cut(text, spans, most=700)
    assert len(shown.replace(CUT_MARK, "")) <= 700
    for span in kept:
        asked = next(one for one in spans if one.label == span.label)
        whole = text[max(0, asked.start) : max(0, asked.end)]
        marked = shown[span.start : span.end]
        assert marked
        assert marked in whole
        if len(whole) < 60:
            assert marked == whole or len(kept) > 1


def test_a_hashed_log_gives_an_example_without_any_text() -> None:
    one = attempt("x-0001", output="secret")
    verdict = Verdict("exact_fields", "1", "fail", "wrong_field", "quotes secret", spans=(Span("output", 0, 3),))
    fixture = Fixture("x-0001", "extraction", {"document": "secret"})
    example = make_example(chosen_one(), one, graded(one, verdict), fixture, "hashes")
    assert (example.input, example.output, example.reason, example.expected, example.got) == ("",) * 5
    assert example.spans == ()
    assert example.text == "hashes"
    assert example.key.startswith("x-0001/")


def test_a_redacted_log_gives_its_texts_without_spans_that_no_longer_fit() -> None:
    one = attempt("x-0001", output="[PERSON_1] called")
    verdict = Verdict(
        "exact_fields", "1", "fail", "wrong_field", "quotes Ann", spans=(Span("output", 0, 3),), got="Ann"
    )
    fixture = Fixture("x-0001", "extraction", {"document": "[PERSON_1]"})
    example = make_example(chosen_one(), one, graded(one, verdict), fixture, "redacted")
    assert (example.output, example.reason, example.got, example.spans) == ("[PERSON_1] called", "", "", ())


def test_a_failure_shows_its_kind_and_a_bypass_its_reason() -> None:
    broken = attempt("x-0001", output="", failure=Failure("total_timeout", "no answer in time"))
    fixture = Fixture("x-0001", "extraction", {})
    made = make_example(chosen_one(), broken, Graded(broken.key, "extraction", (), None), fixture)
    assert made.output == "total_timeout: no answer in time"


def test_every_fixture_of_a_shipped_suite_is_laid_out_with_its_parts_in_place() -> None:
    for fixture in load_suite("case_ops_v1").fixtures:
        laid_out = lay_out(fixture.input)
        for part, (start, end) in laid_out.parts.items():
            name = part.removeprefix("input.")
            if isinstance(fixture.input.get(name), str):
                assert laid_out.text[start:end] == fixture.input[name]
        case = fixture.input.get("case")
        if isinstance(case, dict):
            event = case["events"][0]
            start, end = laid_out.parts[f"input.case.events[{event['id']}]"]
            assert laid_out.text[start:end] == event["text"]


def test_an_example_says_how_surely_its_text_was_read_from_a_picture() -> None:
    low = [[0, 5, 0.62], [6, 9, 0.81]]
    ocr = {"by": "rapidocr 3", "lines": 2, "mean_confidence": 0.9, "lowest_confidence": 0.62, "low_lines": low}
    fixture = Fixture("x-0001", "extraction", {"document": "l,25O and"}, {}, provenance={"ocr": ocr})
    one = attempt("x-0001")
    shown = make_example(chosen_one(), one, graded(one), fixture)
    assert shown.read_by == (
        "OCR (rapidocr 3), 2 lines, confidence 0.9 on average, 0.62 at the lowest. "
        "In doubt: 'l,25O' (0.62), 'and' (0.81)"
    )
    redacted = make_example(chosen_one(), one, graded(one), fixture, "redacted")
    assert redacted.read_by == "OCR (rapidocr 3), 2 lines, confidence 0.9 on average, 0.62 at the lowest"
    text = Fixture("x-0001", "extraction", {"document": "1,250"}, {})
    assert not make_example(chosen_one(), one, graded(one), text).read_by
