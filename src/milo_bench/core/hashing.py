"""Text, bytes or plain data in, a SHA-256 in hexadecimal out; the same content always gives the same hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

_CANONICAL = msgspec.json.Encoder(order="deterministic")


def sha256_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sha256_text(text: str) -> str:
    return sha256_bytes(text.encode("utf-8", "surrogatepass"))


def sha256_data(data: object) -> str:
    """Hash of plain data or Structs as canonical JSON: keys sorted, no spaces."""
    return sha256_bytes(_CANONICAL.encode(data))


def sha256_file(path: Path) -> str:
    """Hash of a file's bytes, read a megabyte at a time. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
