"""Graded rows of load windows: the same documents, alone and under load."""

from __future__ import annotations

import random
from collections.abc import Sequence

from milo_bench.core.load_records import QualityUnderLoad
from milo_bench.core.records import LoadOutcome, LoadRequestRow, LoadRows, LoadWindow
from milo_bench.stats.load.quality import first_outcomes, with_quality

Outcomes = Sequence[LoadOutcome]


def window(mode: str, level: float, count: int) -> LoadWindow:
    rows = LoadRows(count, 0, 10**9, 0, 10**9, "", "", None, 0, 1, "", False, {})
    return LoadWindow("m", mode, level, 0.0, 1.0, rows=rows)  # type: ignore[arg-type]


def lines(outcomes: Outcomes) -> list[LoadRequestRow]:
    return [LoadRequestRow(f"f{n}", n, n, n + 1, outcome=outcome) for n, outcome in enumerate(outcomes)]


def compared(alone: Outcomes, *loaded: Outcomes) -> list[QualityUnderLoad]:
    windows = [window("single", 1, len(alone)), *(window("closed", 2 + n, len(one)) for n, one in enumerate(loaded))]
    found = with_quality(windows, [lines(alone), *(lines(one) for one in loaded)])
    assert found[0].figures.quality is None
    return [one.figures.quality for one in found[1:] if one.figures.quality is not None]


def test_pairs_are_counted_and_a_loss_beyond_chance_is_told() -> None:
    (quality,) = compared(["passed"] * 20, ["failed"] * 10 + ["passed"] * 10)
    assert (quality.documents, quality.passed_alone, quality.passed) == (20, 20, 10)
    assert (quality.lost, quality.gained, quality.difference) == (10, 0, -0.5)
    assert quality.beyond_chance
    assert quality.interval is not None and quality.interval[1] is not None and quality.interval[1] < 0


def test_a_document_without_a_verdict_on_either_side_is_no_pair() -> None:
    (quality,) = compared(["passed", "unjudged", "passed"], ["passed", "failed", "unjudged"])
    assert quality.documents == 1


def test_the_first_answer_to_a_document_counts() -> None:
    rows = [*lines(["failed"]), *lines(["passed"])]
    assert first_outcomes(rows) == {"f0": False}


def test_a_window_without_answers_alone_is_compared_with_nothing() -> None:
    found = with_quality([window("closed", 2, 1)], [lines(["passed"])])
    assert found[0].figures.quality is None


def test_equal_quality_is_called_different_at_one_of_four_levels_in_at_most_a_twentieth() -> None:
    """Answers that differ by chance alone, at four levels: the error is that of the whole run (Holm)."""
    draw = random.Random(11)

    def answers() -> list[LoadOutcome]:
        return ["passed" if draw.random() < 0.7 else "failed" for _ in range(40)]

    runs = 600
    wrong = sum(
        any(one.beyond_chance for one in compared(answers(), *(answers() for _ in range(4)))) for _ in range(runs)
    )
    assert wrong / runs <= 0.05
