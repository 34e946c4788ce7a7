"""The times between the chunks of an answer in, whether somebody between held it back and sent it in one go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

LEAST_CHUNKS: Final = 8  # of fewer, a few in one read are ordinary
LEAST_WAIT_S: Final = 0.05
_SHARE: Final = 0.75
_HELD_S: Final = 0.02  # what a busy client reads late is less than this
_BLOCK_SHARE: Final = 0.875
_FEW_READS: Final = 2
# What servers say of the time in which they generated, and how many of it are a second.
_GENERATED: Final = (("predicted_ms", 1e3), ("eval_duration_s", 1.0))

SAID: Final = "answers arrive in blocks, so something between buffers the stream"


def generated_s(server_timings: Mapping[str, float]) -> float | None:
    """For how long the server says that it generated (llama.cpp, Ollama); None where it does not say."""
    for name, a_second in _GENERATED:
        if (value := server_timings.get(name)) is not None and value > 0:
            return value / a_second
    return None


def is_buffered(gaps_s: Sequence[float], waited_s: float | None, generating_s: float | None = None) -> bool:
    """Whether chunks that were written one after the other came together.

    Chunks of one read have one stamp, and so a gap of exactly 0. A server that streams gives one read for each, or for
    a few where it is faster than the client reads; a proxy that buffers gives whole answers, or blocks of its buffer's
    size. Where the server says how long it generated (``generating_s``), the chunks of one read must have taken longer
    than a client is late. Where it does not, one or two reads for the whole answer, or reads of many chunks with
    waits between, tell; ``waited_s`` is from request to first content, and what comes at once is then unknown.
    """
    chunks = len(gaps_s) + 1
    together = gaps_s.count(0.0)
    if chunks < LEAST_CHUNKS or together < _SHARE * len(gaps_s):
        return False
    if generating_s is not None:
        return (_most_in_one_read(gaps_s) - 1) * generating_s / chunks >= _HELD_S
    if waited_s is None or waited_s < LEAST_WAIT_S:
        return False
    if chunks - together <= _FEW_READS:
        return True
    waits = sorted(gap for gap in gaps_s if gap > 0)
    middle = (waits[(len(waits) - 1) // 2] + waits[len(waits) // 2]) / 2
    return together >= _BLOCK_SHARE * len(gaps_s) and middle >= LEAST_WAIT_S


def _most_in_one_read(gaps_s: Sequence[float]) -> int:
    most = count = 1
    for gap in gaps_s:
        count = count + 1 if gap == 0 else 1
        most = max(most, count)
    return most
