"""A window of ten minutes keeps a row for each request, so a row keeps little, and nothing twice."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from milo_bench.core.chat import Exchange
from milo_bench.core.records import Timings, Usage
from milo_bench.run.load.rows import LoadRow, row_of

CHUNKS = 64


def exchange(number: int, tokens: tuple[int, ...]) -> Exchange:
    began_s = number * 0.1
    times = Timings(
        began_s, began_s + 0.001, began_s + 2.0, first_content_s=began_s + 0.5,
        chunk_gaps_s=tuple(0.02 + part * 1e-6 * number for part in range(CHUNKS - 1)), chunk_tokens=tokens,
    )  # fmt: skip
    return Exchange(times, text=f"answer {number} " * 40, usage=Usage(100 + number, CHUNKS))


def rows_of(count: int) -> list[LoadRow]:
    return [row_of("f", exchange(number, tuple([1] * CHUNKS)), late_s=0.001 * number) for number in range(count)]


def test_a_row_of_64_chunks_keeps_a_double_for_each_gap_and_under_half_a_kibibyte_beside_them() -> None:
    rows_of(10)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        rows = rows_of(500)
        gc.collect()
        kept = (tracemalloc.get_traced_memory()[0] - before) / len(rows)
    finally:
        tracemalloc.stop()
    assert kept < 8 * CHUNKS + 512


@pytest.mark.parametrize("tokens", [(1,) * CHUNKS, (3, 1, 2), (70_000, 1), ()])
def test_rows_with_equal_tokens_share_them_and_each_has_its_own_values(tokens: tuple[int, ...]) -> None:
    one, other = (row_of("f", exchange(number, tokens), late_s=0.0) for number in (1, 2))
    assert one.chunk_tokens is other.chunk_tokens
    assert tuple(one.chunk_tokens) == tokens
    assert tuple(row_of("f", exchange(3, (9, *tokens)), late_s=0.0).chunk_tokens) == (9, *tokens)
    assert one.gaps_s is not other.gaps_s
