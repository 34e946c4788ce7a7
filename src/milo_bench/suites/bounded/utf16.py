"""Bytes in, their text out where they are UTF-16 whose mark is missing."""

from __future__ import annotations

from typing import Final

_MOSTLY: Final = 0.9  # of the pairs of bytes: text of a European language


def utf16_without_mark(raw: bytes) -> str | None:
    """The text: one byte of nearly every pair is 0, and always the same one. None for anything else."""
    pairs = len(raw) // 2
    for name, zeros in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[0::2])):
        if pairs and len(raw) % 2 == 0 and zeros.count(0) > _MOSTLY * pairs and raw.count(0) < 1.1 * zeros.count(0):
            try:
                return raw.decode(name)
            except UnicodeDecodeError:
                return None
    return None
