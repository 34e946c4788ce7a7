"""Reads of a chunked body in, what the chunks carry out, where each read is one whole chunk (RFC 9112, 7.1)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from typing import Final

END_OF_CHUNKS: Final = b"\r\n\r\n"  # a chunked body ends with it, whatever trailers it has
LINE_END: Final = b"\r\n"
_START, _END = bytes.startswith, bytes.endswith


def bodies_of_chunks(reads: Sequence[bytes]) -> list[bytes]:
    """What the chunks carry where each read is one whole chunk; else none."""
    heads = list(map(head_of_chunk, map(len, reads)))
    if all(heads) and all(map(_START, reads, heads)) and all(map(_END, reads, repeat(LINE_END))):
        return [read[len(head) : -2] for read, head in zip(reads, heads, strict=True)]
    return []


@lru_cache(maxsize=4096)
def head_of_chunk(size: int) -> bytes:
    """How a read of ``size`` bytes begins that is one chunk of a chunked body; empty where no chunk has that size."""
    for digits in range(1, 9):
        head = b"%x\r\n" % max(0, size - digits - 4)
        if len(head) == digits + 2 and size > digits + 4:
            return head
    return b""
