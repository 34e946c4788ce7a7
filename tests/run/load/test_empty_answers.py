"""Answers with nothing in them are counted, meet no service level and are no capacity; old logs keep their figures."""

from __future__ import annotations

import msgspec
import pytest

from milo_bench.core.records import LoadWindow
from milo_bench.run.load.rows import LoadRow, WindowRows
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.stats.load.derived import find_difference, line_of_row, measured_window
from milo_bench.stats.load.figures import window_figures
from milo_bench.stats.load.level import judge_level

LEVEL = ServiceLevel(latency_s=1.0)


def row(number: int, *, empty: bool, tokens: int | None = 0) -> LoadRow:
    at_s = number / 10
    first_s = None if empty else at_s + 0.05
    return LoadRow("f", at_s, at_s, at_s + 0.1, first_content_s=first_s, completion_tokens=tokens if empty else 10)


def window(*rows: LoadRow) -> WindowRows:
    return WindowRows("closed", 1.0, 0.0, 0.0, 10.0, 10.0, rows, "", "")


@pytest.mark.parametrize("tokens", [0, 1, None])
def test_empty_answers_are_counted_and_meet_no_service_level(tokens: int | None) -> None:
    rows = window(*(row(number, empty=number % 4 == 0, tokens=tokens) for number in range(100)))
    record, lines = measured_window("t", rows, level=LEVEL, samples=())
    figures = record.figures
    assert (figures.empty, figures.answered, figures.met, figures.met_share) == (25, 100, 75, 0.75)
    assert figures.goodput_per_s == pytest.approx(7.5)
    assert "25 of 100 answers were empty: they meet no service level" in figures.notes
    assert judge_level(record) == "missed"
    assert find_difference(record, lines) == ""


@pytest.mark.parametrize(
    "answer",
    [
        row(0, empty=False),  # a word, a thought or a call: each is content
        row(0, empty=True, tokens=40),  # thoughts that the server keeps to itself
        LoadRow("f", 0.0, 0.0, 0.1, failure="server_error"),
    ],
)
def test_answers_with_anything_in_them_and_failures_are_not_empty(answer: LoadRow) -> None:
    assert not answer.is_empty


def test_a_log_from_before_keeps_the_figures_that_it_has() -> None:
    rows = window(*(row(number, empty=True) for number in range(30)))
    record, lines = measured_window("t", rows, level=LEVEL, samples=())
    before = window_figures(rows, level=LEVEL, rules=0)
    assert (before.empty, before.met, before.notes) == (0, 30, ())
    raw = msgspec.to_builtins(msgspec.structs.replace(record, figures=before))
    del raw["figures"]["empty"], raw["rows"]["rules"]
    assert find_difference(msgspec.convert(raw, LoadWindow), lines) == ""


def test_the_line_of_an_empty_answer_is_enough_to_know_it_again() -> None:
    assert line_of_row(row(0, empty=True)).first_us is None
