"""The figures of the finder of secrets, measured again on its planted texts; and texts that once cost it seconds."""

from __future__ import annotations

import pytest

from benchmarks.secret_texts import half_of, measure_secrets, planted_texts
from milo_bench.guards.measured import figures_of, wilson_95
from milo_bench.guards.secrets import find_secrets


def test_the_shipped_figures_are_those_of_the_held_out_half() -> None:
    got, row = measure_secrets("held_out"), figures_of("secrets")
    assert got.texts == row.n
    assert (round(got.recall, 4), round(got.precision, 4)) == (row.recall, row.precision), (got.missed, got.wrong)
    assert wilson_95(got.found, got.planted) == row.recall_interval
    assert wilson_95(got.right, got.flagged) == row.precision_interval


def test_both_halves_have_texts_with_and_without_secrets_and_share_no_template() -> None:
    halves = {half: list(planted_texts(half)) for half in ("tuning", "held_out")}
    for texts in halves.values():
        assert sum(bool(one.secret) for one in texts) >= 100 and sum(not one.secret for one in texts) >= 100
    assert all(half_of(one.template) == half for half, texts in halves.items() for one in texts)


def test_other_values_in_the_same_texts_are_found_as_well() -> None:
    for seed in (1, 2, 3):
        got = measure_secrets("held_out", seed=seed)
        assert got.recall >= 0.9, got.missed
        assert got.precision >= 0.95, got.wrong


@pytest.mark.parametrize(
    "text",
    [
        "password " * 60_000,
        "a" * 500_000,
        "key" * 150_000,
        "pin " * 100_000,
        "://" * 100_000,
        "curl " + "-u " * 50_000,
        "verification code " * 20_000,
        "eyJ" * 100_000,
        '"token"' * 60_000,
        "sk-" * 100_000,
    ],
    ids=lambda text: text[:12],
)
def test_a_text_that_repeats_a_name_costs_no_more_than_its_length(text: str) -> None:
    assert len(find_secrets(text)) <= 1
