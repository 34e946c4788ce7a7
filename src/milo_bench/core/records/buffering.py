"""The times between the chunks of an answer in, whether somebody between held it back and sent it in one go out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LEAST_CHUNKS: Final = 8  # of fewer, a few in one read are ordinary
LEAST_WAIT_S: Final = 0.05
_SHARE: Final = 0.75

SAID: Final = "answers arrive in blocks, so something between buffers the stream"


def is_buffered(gaps_s: Sequence[float], waited_s: float | None) -> bool:
    """Whether three quarters of the chunks came in the same read as the chunk before.

    Chunks of one read have one stamp, and so a gap of exactly 0. A server that streams gives one read for each; a
    proxy that buffers gives whole answers, or blocks of its buffer's size. ``waited_s`` is from request to first
    content: what comes at once was held back by nobody.
    """
    if waited_s is None or waited_s < LEAST_WAIT_S:
        return False
    return len(gaps_s) >= LEAST_CHUNKS - 1 and sum(gap == 0 for gap in gaps_s) >= _SHARE * len(gaps_s)
