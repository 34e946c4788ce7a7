"""Chunks that came in one read: a buffer between, and no time of a first token."""

from __future__ import annotations

import pytest

from milo_bench.core.records.buffering import is_buffered


@pytest.mark.parametrize(
    ("gaps", "buffered"),
    [
        ([0.0] * 20, True),
        ([0.0] * 9 + [0.5] + [0.0] * 9, True),  # two blocks of a proxy's buffer
        ([0.02] * 20, False),
        ([0.0001] * 20, False),  # a fast server, and still a read for each
        ([0.02, 0.0] * 10, False),  # now and then two in one read
        ([0.0] * 6, False),  # too few to tell
        ([], False),
    ],
)
def test_three_quarters_in_the_same_read_are_a_buffer(gaps: list[float], buffered: bool) -> None:
    assert is_buffered(gaps, 0.5) is buffered
    assert not is_buffered(gaps, 0.001), "what comes at once was held back by nobody"
