"""One request's row in, its times per token out; chunks are never taken for tokens. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from milo_bench.core.records.buffering import LEAST_CHUNKS, generated_s, is_buffered
from milo_bench.run.load.rows import LoadRow


def tokens_per_chunk(row: LoadRow) -> NDArray[np.float64] | None:
    """Tokens of each content chunk, shape (chunks,); None where the server tells neither chunk nor total.

    With a total alone (``usage``) every chunk is taken to hold the same share of it.
    """
    chunks = 0 if row.first_content_s is None else len(row.gaps_s) + 1
    if chunks == 0:
        return None
    if len(row.chunk_tokens) == chunks:
        return np.array(row.chunk_tokens, dtype=float)
    if row.completion_tokens:
        return np.full(chunks, row.completion_tokens / chunks)
    return None


def in_blocks(row: LoadRow) -> bool:
    """Whether something between held the answer back."""
    first_s = row.first_content_s
    waited_s = None if first_s is None else first_s - row.started_s
    return is_buffered(row.gaps_s, waited_s, generated_s(row.server_timings))


def mostly_in_blocks(rows: Sequence[LoadRow]) -> bool:
    """Whether more answers came in blocks than not, of those that are long enough to tell: one alone is an accident."""
    blocks = [in_blocks(row) for row in rows if len(row.gaps_s) >= LEAST_CHUNKS - 1]
    return 2 * sum(blocks) > len(blocks)


def time_per_token_s(row: LoadRow) -> float | None:
    """From first to last content, over the tokens that came after the first chunk."""
    tokens = tokens_per_chunk(row)
    if tokens is None or len(tokens) < 2 or in_blocks(row):
        return None
    after = float(tokens[1:].sum())
    return float(sum(row.gaps_s)) / after if after > 0 else None


def token_gaps(row: LoadRow) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Time per token of each chunk after the first, and how many tokens it stands for."""
    tokens = tokens_per_chunk(row)
    if tokens is None or len(tokens) < 2 or in_blocks(row):
        return None
    held = np.maximum(tokens[1:], 1e-9)
    return np.array(row.gaps_s) / held, held


def worst_stall_s(row: LoadRow) -> float | None:
    """The longest silence after first content; for a failed request the one before its end counts too."""
    if row.first_content_s is None:
        return None
    longest = max(row.gaps_s, default=0.0)
    if row.failure is not None:
        longest = max(longest, row.ended_s - row.first_content_s - sum(row.gaps_s))
    return longest
