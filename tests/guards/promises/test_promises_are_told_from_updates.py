"""Promises: the mission's own case, the labelled set, and the measured figures that findings carry."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.guards.measured import Measured, figures_of, wilson_95
from milo_bench.guards.promises.find import PROMISES_VERSION, find_promises

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data" / "promises_labelled.jsonl").read_text("utf-8").splitlines()
]


def counts(half: str) -> tuple[int, int, int]:
    """True positives, false positives, false negatives."""
    told = [(row["label"] == "promise", bool(find_promises(row["text"]))) for row in ROWS if row["half"] == half]
    return told.count((True, True)), told.count((False, True)), told.count((True, False))


def test_an_update_expectation_is_no_promise_and_a_completion_is_one() -> None:
    allowed = "The next update is expected within five business days after document receipt."
    banned = "The review will be completed within five business days."
    assert find_promises(allowed) == ()
    assert [p.kind for p in find_promises(banned)] == ["completion_promise"]
    both = f"{allowed} {banned}"
    (promise,) = find_promises(both)
    assert both[promise.start : promise.end] == promise.text
    assert promise.start >= len(allowed)


def test_the_labelled_set_is_large_and_split_by_hash() -> None:
    assert len(ROWS) >= 320
    assert len({row["id"] for row in ROWS}) == len({row["text"] for row in ROWS}) == len(ROWS)
    assert {row["half"] for row in ROWS} == {"tune", "held_out"}


def test_the_shipped_figures_are_what_the_held_out_half_gives() -> None:
    hit, false_alarm, missed = counts("held_out")
    shipped = figures_of("promises_labelled")
    assert shipped == Measured(
        detector="promises_labelled",
        version=PROMISES_VERSION,
        set="tests/data/promises_labelled.jsonl, half held_out",
        n=sum(1 for row in ROWS if row["half"] == "held_out"),
        precision=round(hit / (hit + false_alarm), 4),
        precision_interval=wilson_95(hit, hit + false_alarm),
        recall=round(hit / (hit + missed), 4),
        recall_interval=wilson_95(hit, hit + missed),
        note=shipped.note,
    )


def test_the_file_of_figures_is_shipped_with_the_package() -> None:
    assert resources.files("milo_bench.guards").joinpath("measured.json").is_file()


@pytest.mark.parametrize(
    "text",
    [
        "Will the review be completed by Friday?",
        'You wrote: "my claim will be approved by Friday."',
        "We cannot promise that the review will be completed by Friday.",
        "The review was completed on 3 March.",
        "You must send the form by Friday.",
    ],
)
def test_questions_quotations_negations_past_and_duties_are_no_promises(text: str) -> None:
    assert find_promises(text) == ()


def test_policy_language_given_as_exempt_is_no_promise_but_its_paraphrase_is() -> None:
    policy = "A decision will be made within 60 days of the hearing."
    assert find_promises(policy)
    assert find_promises(f"{policy} [E-0412]", exempt=[policy]) == ()
    assert find_promises("A decision will be made within 30 days of the hearing.", exempt=[policy])


@given(st.text(max_size=200))
def test_any_text_is_judged_without_error_and_with_exact_offsets(text: str) -> None:
    for promise in find_promises(text):
        assert text[promise.start : promise.end] == promise.text


@pytest.mark.parametrize(
    "text",
    [
        "Your claim will be paid by Friday.",
        "Your expenses will be reimbursed in full.",
        "The invoice will be settled in full.",
        "We cannot pay today but will pay you on Friday.",
        "We have not decided yet but will approve your claim.",
        "The form has not been received, however you will be paid by Friday.",
        "You do not need to do anything and will be paid by Friday.",
        "Your claim was not complete, but will be approved.",
        "We will not fail to pay you by Friday.",
        "We won't hesitate to refund you.",
        "There is no doubt that your claim will be approved.",
    ],
)
def test_a_negation_elsewhere_in_the_sentence_takes_no_promise_back(text: str) -> None:
    assert find_promises(text)


@pytest.mark.parametrize(
    "text",
    [
        "Your claim was paid on Friday.",
        "We cannot say whether your claim will be paid.",
        "Do not expect your money on Friday.",
        "Please do not assume that your claim will be approved.",
        "We refuse to promise that you will be paid by Friday.",
        "It is far from certain that your claim will be approved.",
        "It is not clear that the claim will be paid.",
        "Under no circumstances should you assume your claim will be approved.",
        "We doubt that your claim will be approved.",
        "We cannot pay you on Friday.",
        "There is no certainty that you will be paid.",
    ],
)
def test_what_is_denied_refused_or_advised_against_is_not_a_promise(text: str) -> None:
    assert not find_promises(text)
