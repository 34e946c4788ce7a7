"""Model files in, their SHA-256 out: remembered by path, size, time and inode, computed within limits."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.files import write_file
from milo_bench.core.text import visible

_CACHE_LIMIT = 64 << 20
_BLOCK = 4 << 20


class _Known(msgspec.Struct, frozen=True):
    size_bytes: int
    changed_ns: int
    sha256: str
    inode: int = 0


class DigestBook:
    """Digests known from earlier and those computed now; ``save`` writes them back.

    ``budget_s`` bounds the time spent on hashing in all, ``largest_bytes`` the files that are
    hashed at all; None lifts either limit.
    """

    def __init__(
        self,
        cache: Path | None,
        *,
        budget_s: float | None,
        largest_bytes: int | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._clock = clock
        self._largest_bytes = largest_bytes
        self._deadline = None if budget_s is None else clock() + budget_s
        self._known = _load(cache)
        self._changed = False
        self.problem = ""

    def digest(self, path: Path) -> tuple[str, str]:
        """The digest, or "" and why it is not known. Never raises for a file that cannot be read."""
        try:
            status = path.stat()
        except OSError as error:
            return "", f"unreadable: {error.strerror}"
        key = visible(str(path), keep="")
        known = self._known.get(key)
        seen = (status.st_size, status.st_mtime_ns, status.st_ino)
        if known and (known.size_bytes, known.changed_ns, known.inode) == seen:
            return known.sha256, ""
        if self._largest_bytes is not None and status.st_size > self._largest_bytes:
            return "", "not hashed: above the size limit (--all-digests hashes it)"
        try:
            found = self._hash(path)
        except OSError as error:
            return "", f"unreadable: {error.strerror}"
        if not found:
            return "", "not hashed: out of time (--all-digests hashes it)"
        self._known[key] = _Known(status.st_size, status.st_mtime_ns, found, status.st_ino)
        self._changed = True
        return found, ""

    def _hash(self, path: Path) -> str:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while True:
                if self._deadline is not None and self._clock() > self._deadline:
                    return ""
                block = file.read(_BLOCK)
                if not block:
                    return digest.hexdigest()
                digest.update(block)

    def save(self) -> None:
        """Write the book beside its place and move it there whole; a cache that cannot be written is said
        in ``problem`` and costs only time."""
        if self._cache is None or not self._changed:
            return
        try:
            write_file(self._cache, msgspec.json.encode(self._known))
        except PrerequisiteError as error:
            self.problem = f"digests are not cached. {error.message}"


def _load(cache: Path | None) -> dict[str, _Known]:
    if cache is None:
        return {}
    try:
        if cache.stat().st_size > _CACHE_LIMIT:
            return {}
        return msgspec.json.decode(cache.read_bytes(), type=dict[str, _Known])
    except (OSError, msgspec.DecodeError, ValueError):
        return {}
