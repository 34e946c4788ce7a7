"""Rows of a window in, rates over its measured part and its sub-windows out; pure.

A request counts in a span by the share of its life that lies in it. Counting ends alone would be
wrong by up to one request a stream, which is a lot where a request takes a quarter of the window.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from milo_bench.run.load.rows import LoadRow
from milo_bench.stats.load.token_times import tokens_per_chunk


def work_done(rows: Sequence[LoadRow], edges_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Answered requests in each span between neighbouring edges; shape (len(edges) - 1,), fractions included."""
    if not rows:
        return np.zeros(len(edges_s) - 1)
    starts = np.array([row.started_s for row in rows])
    lengths = np.maximum(np.array([row.ended_s for row in rows]) - starts, 1e-9)
    before = np.array([np.clip((edge - starts) / lengths, 0, 1).sum() for edge in edges_s])
    return np.diff(before)


def tokens_out(rows: Sequence[LoadRow], edges_s: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Tokens by the arrival of the chunk that held them, in each span; None where no server count is known."""
    most = sum(len(row.gaps_s) + 1 for row in rows)
    at_s, tokens, at = np.empty(most), np.empty(most), 0
    for row in rows:
        held = tokens_per_chunk(row)
        if held is None or row.first_content_s is None:
            continue
        ended = at + len(held)
        tokens[at:ended], at_s[at] = held, row.first_content_s
        at_s[at + 1 : ended] = row.first_content_s + np.cumsum(row.gaps_s)
        at = ended
    if not at:
        return None
    total: NDArray[np.float64] = np.histogram(at_s[:at], bins=edges_s, weights=tokens[:at])[0]
    return total


def tokens_in(rows: Sequence[LoadRow], edges_s: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Prompt tokens of answered requests, each counted when its first content came."""
    counted = [(row.first_content_s, row.prompt_tokens) for row in rows if row.first_content_s and row.prompt_tokens]
    if not counted:
        return None
    at_s, tokens = zip(*counted, strict=True)
    sums: NDArray[np.float64] = np.histogram(at_s, bins=edges_s, weights=tokens)[0]
    return sums.astype(float)
