"""Thinking has a time and tokens of its own, beside those of the answer; a model that does not think has neither."""

from __future__ import annotations

import numpy as np

from milo_bench.core.records import Attempt, AttemptKey, Failure, Fixture, Graded, Timings, Usage
from milo_bench.stats.cases.cache import CacheRule
from milo_bench.stats.cases.columns import Cases, CasesBuilder, fixture_table
from milo_bench.stats.cases.joining import join_cases
from milo_bench.stats.cases.measures import measure_cases

THOUGHT_S, PLAIN_S = 3.0, 0.5
TABLE = fixture_table([Fixture(f"f{n}", "w", {}) for n in range(8)])


def cases(*attempts: tuple[int, float | None, int | None, bool]) -> Cases:
    """Columns of attempts: place of the fixture, first text or None, tokens of thinking, and whether it failed."""
    builder = CasesBuilder("w", "t", "", "free", None, CacheRule())
    for number, first_text_s, tokens, failed in attempts:
        times = Timings(1.0, 1.0, 6.0, first_content_s=1.0 + PLAIN_S, first_text_s=first_text_s)
        failure = Failure("reset", "gone") if failed else None
        made = Attempt(
            AttemptKey(f"f{number}", "t", 0),
            "r",
            times,
            "x",
            usage=Usage(9, 9, reasoning_tokens=tokens),
            failure=failure,
        )
        builder.add(made, Graded(made.key, "w", (), None if failed else True), number)
    return builder.build()


THINKING = ((0, 1.0 + THOUGHT_S, 40, False), (1, 1.0 + THOUGHT_S, 60, False), (2, None, None, False))


def test_the_first_visible_token_comes_after_the_thinking() -> None:
    thought = cases(*THINKING)
    assert measure_cases(thought, TABLE, "ttft_p50_s").value == PLAIN_S
    visible = measure_cases(thought, TABLE, "first_text_p50_s")
    assert (visible.value, visible.n) == (THOUGHT_S, 3), "an answer without thinking began with its first token"
    assert measure_cases(thought, TABLE, "reasoning_tokens_mean").value == 50


def test_a_failure_is_infinitely_slow_to_say_something() -> None:
    thought = cases(*THINKING, (3, None, None, True), (4, None, None, True), (5, None, None, True))
    assert measure_cases(thought, TABLE, "first_text_p95_s").value is None
    assert np.isinf(thought.thinking["first_text_s"][3:]).all()


def test_a_model_that_does_not_think_has_no_such_figure() -> None:
    plain = cases((0, None, None, False), (1, None, None, False))
    assert not plain.thinking
    for name in ("first_text_p50_s", "first_text_p95_s", "reasoning_tokens_mean"):
        assert measure_cases(plain, TABLE, name).n == 0


def test_pieces_of_a_log_are_joined_with_those_that_did_not_think() -> None:
    joined = join_cases([cases(*THINKING), cases((3, None, None, False), (4, None, None, True))])
    assert joined.thinking["first_text_s"].tolist() == [THOUGHT_S, THOUGHT_S, PLAIN_S, PLAIN_S, np.inf]
    assert np.isnan(joined.thinking["reasoning_tokens"][2:]).all()
    kept = joined.take(np.array([True, False, False, True, False]))
    assert kept.thinking["first_text_s"].tolist() == [THOUGHT_S, PLAIN_S]
