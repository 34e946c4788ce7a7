"""Chunks that came in one read: a buffer between and no time of a first token, or a server faster than its reader."""

from __future__ import annotations

import pytest

from milo_bench.core.records.buffering import generated_s, is_buffered


@pytest.mark.parametrize(
    ("gaps", "buffered"),
    [
        ([0.0] * 20, True),
        ([0.0] * 9 + [0.5] + [0.0] * 9, True),  # two blocks of a proxy's buffer
        (([0.0] * 15 + [0.4]) * 4, True),  # four of them
        (([0.0] * 3 + [0.004]) * 8, False),  # four tokens a read: faster than we read
        (([0.0] * 15 + [0.016]) * 4, False),  # as above, on a busy machine: unknown
        ([0.02] * 20, False),
        ([0.0001] * 20, False),  # a fast server, and still a read for each
        ([0.02, 0.0] * 10, False),  # now and then two in one read
        ([0.0] * 6, False),  # too few to tell
        ([], False),
    ],
)
def test_whole_answers_and_large_blocks_are_a_buffer(gaps: list[float], buffered: bool) -> None:
    assert is_buffered(gaps, 0.5) is buffered
    assert not is_buffered(gaps, 0.001), "what comes at once is unknown"


@pytest.mark.parametrize(
    ("gaps", "generating_s", "buffered"),
    [
        ([0.0] * 20, 0.4, True),
        ([0.0] * 20, 0.03, True),  # a very fast model behind a proxy: the first token waited for 28 ms
        ([0.0] * 20, 0.01, False),  # faster than a client reads
        (([0.0] * 15 + [0.016]) * 4, 0.07, False),
        (([0.0] * 31 + [0.03]) * 4, 0.13, True),
        ([0.02] * 20, 0.4, False),
    ],
)
def test_where_the_server_says_how_long_it_generated_that_decides(
    gaps: list[float], generating_s: float, buffered: bool
) -> None:
    for waited_s in (0.001, 0.5):
        assert is_buffered(gaps, waited_s, generating_s) is buffered


def test_llama_cpp_and_ollama_say_how_long_they_generated() -> None:
    assert generated_s({"predicted_ms": 250.0, "predicted_n": 20}) == 0.25
    assert generated_s({"eval_duration_s": 0.5}) == 0.5
    assert generated_s({}) is None and generated_s({"predicted_ms": 0.0}) is None
