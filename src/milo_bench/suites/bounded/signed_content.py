"""A CMS or PKCS#7 message in, the content that it signs out; the signature is not verified, and nothing is decrypted.

The forms are those of RFC 5652, in DER, or in BER with open lengths as Outlook writes it.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, NamedTuple

_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
_SEQUENCE, _OBJECT, _OCTETS, _CONTENT = 0x30, 0x06, 0x04, 0xA0
_MOST_PARTS: Final = 1_000_000  # pieces of one content
_DEEPEST: Final = 16
_ARMOUR: Final = re.compile(rb"-----BEGIN (?:PKCS7|CMS|PKCS #7 SIGNED DATA)-----(.*?)-----END ", re.DOTALL)


class _Part(NamedTuple):
    """A tag and where its content starts and ends; ``after`` is where the next one starts."""

    tag: int
    start: int
    end: int
    after: int


def is_signed_data(raw: bytes) -> bool:
    """Whether the bytes begin as a message that signs something, in binary or in base64."""
    return _SIGNED_DATA in _binary(raw[:4096])[:64]


def signed_content(raw: bytes) -> bytes | None:
    """What the message signs; None where it has no content of its own, is encrypted or is damaged."""
    data = _binary(raw)
    try:
        outer = _part(data, 0, _SEQUENCE)
        kind = _part(data, outer.start, _OBJECT)
        if data[kind.start : kind.end] != _SIGNED_DATA:
            return None
        holder = _part(data, kind.after, _CONTENT)
        signed = _part(data, holder.start, _SEQUENCE)
        version = _part(data, signed.start)
        digests = _part(data, version.after)
        inside = _part(data, digests.after, _SEQUENCE)
        content = _part(data, _part(data, inside.start, _OBJECT).after, _CONTENT)
        return b"".join(_octets(data, _part(data, content.start), 0)) or None
    except (IndexError, ValueError):
        return None


def _binary(raw: bytes) -> bytes:
    if raw[:1] == b"\x30":
        return raw
    armour = _ARMOUR.search(raw)
    written = b"".join((armour[1] if armour else raw).split())
    try:
        return base64.b64decode(written[: len(written) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _part(data: bytes, at: int, tag: int | None = None, depth: int = 0) -> _Part:
    """The part that starts at ``at``. Raises ValueError for another tag, IndexError past the end."""
    found, length = data[at], data[at + 1]
    if tag is not None and found != tag:
        raise ValueError("another tag")
    start = at + 2
    if length == 0x80:
        end = _end_mark(data, start, depth)
        return _Part(found, start, end, end + 2)
    if length & 0x80:
        size = length & 0x7F
        if size > 8:
            raise ValueError("a length of too many bytes")
        length = int.from_bytes(data[start : start + size])
        start += size
    if start + length > len(data):
        raise IndexError("past the end")
    return _Part(found, start, start + length, start + length)


def _end_mark(data: bytes, at: int, depth: int) -> int:
    """Where the end mark of an open length is."""
    if depth >= _DEEPEST:
        raise ValueError("nested too deep")
    for _ in range(_MOST_PARTS):
        if data[at] == 0 and data[at + 1] == 0:
            return at
        at = _part(data, at, depth=depth + 1).after
    raise ValueError("too many parts")


def _octets(data: bytes, part: _Part, depth: int) -> list[bytes]:
    """The pieces of an octet string, which may be one or many in one another."""
    if part.tag == _OCTETS:
        return [data[part.start : part.end]]
    if part.tag != _OCTETS | 0x20 or depth >= _DEEPEST:
        raise ValueError("not an octet string")
    pieces: list[bytes] = []
    at = part.start
    while at < part.end:
        inner = _part(data, at)
        pieces.extend(_octets(data, inner, depth + 1))
        at = inner.after
    return pieces
