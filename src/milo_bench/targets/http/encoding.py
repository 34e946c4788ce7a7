"""A compressed body's pieces in, plain pieces out; some servers and proxies compress without being asked."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Final

from milo_bench.targets.http.reply import MAX_BODY_BYTES

_READ: Final = frozenset({"gzip", "x-gzip", "deflate"})


class BrokenEncodingError(Exception):
    """A body that is not what its Content-Encoding says, or one that grows past what an answer may have."""


def named_encoding(headers: Mapping[str, str]) -> str:
    """The Content-Encoding in lower case; "" where there is none."""
    if "content-encoding" not in headers:
        return ""
    name = headers["content-encoding"].strip().lower()
    return "" if name == "identity" else name


def unread_encoding(headers: Mapping[str, str]) -> str | None:
    """The encoding of a body that cannot be read, shortened; None where the body is plain or was decoded."""
    name = named_encoding(headers)
    return name[:40] if name and name not in _READ else None


class Inflater:
    """Decodes gzip and both forms of deflate, piece by piece, so that stamps stay with their bytes."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=47)  # gzip or zlib, told by its first bytes
        self._begun = False
        self._given = 0

    def feed(self, data: bytes) -> bytes:
        """Plain bytes, perhaps none. Raises BrokenEncodingError."""
        try:
            plain = self._inflate(data)
        except zlib.error:
            raise BrokenEncodingError("the compressed body is broken") from None
        self._given += len(plain)
        if self._stream.unconsumed_tail or self._given > MAX_BODY_BYTES:
            raise BrokenEncodingError(f"stopped after {self._given} bytes without an end")
        return plain

    def _inflate(self, data: bytes) -> bytes:
        most = MAX_BODY_BYTES + 1 - self._given
        try:
            return self._stream.decompress(data, most)
        except zlib.error:
            if self._begun:
                raise
            self._stream = zlib.decompressobj(wbits=-15)  # deflate without a header, as old servers send it
            return self._stream.decompress(data, most)
        finally:
            self._begun = self._begun or bool(data)


def inflater_for(headers: Mapping[str, str]) -> Inflater | None:
    """Something that decodes the body, None where it is plain or cannot be read."""
    return Inflater() if named_encoding(headers) in _READ else None
