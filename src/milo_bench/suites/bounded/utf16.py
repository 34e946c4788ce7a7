"""Bytes in, their text out where they are UTF-16 or UTF-32, with or without the mark at their beginning."""

from __future__ import annotations

from typing import Final

_MOSTLY: Final = 0.9  # of the pairs of bytes: text of a European language


_MARKS: Final = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def marked_codec(raw: bytes) -> str:
    """Python's name of the encoding that the first bytes mark, "" where they mark none; UTF-8 has another reader."""
    return next((codec for mark, codec in _MARKS.items() if raw.startswith(mark)), "")


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
