"""A file's bytes in, whether its content is encrypted with a password out."""

from __future__ import annotations

from typing import Final

from milo_bench.suites.bounded.archive import Archive, parts_of
from milo_bench.suites.bounded.broken import DocumentBroken, locked

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MANIFEST: Final = "META-INF/manifest.xml"


def refuse_locked(raw: bytes) -> None:
    """Raises DocumentBroken for an office file that needs a password: Microsoft's and OpenDocument's."""
    if is_locked(raw):
        raise locked()


def is_locked(raw: bytes) -> bool:
    """Whether an office file needs a password to be read."""
    if raw.startswith(_OLE):
        return "EncryptedPackage".encode("utf-16-le") in raw
    if _MANIFEST not in parts_of(raw):
        return False
    try:
        return b"encryption-data" in Archive(raw).read(_MANIFEST)
    except DocumentBroken:
        return False
