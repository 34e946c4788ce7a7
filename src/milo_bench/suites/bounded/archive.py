"""The bytes of a zip in, its parts out; what unpacks to too much is refused while it unpacks."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from typing import Final

from milo_bench.suites.bounded.broken import DocumentBroken, PartBroken, locked

UNPACKED_LIMIT_BYTES: Final = 256 * 1024 * 1024  # all parts of one archive together
MOST_PARTS: Final = 20_000


class Archive:
    """A zip, read in memory. Sizes that it declares are not believed: reading stops at the limit."""

    def __init__(self, raw: bytes) -> None:
        """Raises DocumentBroken for bytes that are no zip, and for one with too many parts."""
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(raw))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RecursionError) as error:
            raise DocumentBroken(f"not a readable archive: {error}") from None
        self._infos = {info.filename: info for info in self._zip.infolist() if info.filename and not info.is_dir()}
        if len(self._zip.infolist()) > MOST_PARTS:
            raise DocumentBroken(f"an archive of more than {MOST_PARTS:,} files")
        self._left = UNPACKED_LIMIT_BYTES

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._infos)

    def __contains__(self, name: object) -> bool:
        return name in self._infos

    def is_link(self, name: str) -> bool:
        return stat.S_ISLNK(self._infos[name].external_attr >> 16)

    def read(self, name: str) -> bytes:
        """One part. Raises PartBroken for a part that is missing, locked or damaged, DocumentBroken past the limit."""
        info = self._infos.get(name)
        if info is None:
            raise PartBroken(f"its part '{name}' is missing")
        if info.flag_bits & 1:
            raise PartBroken(str(locked()), hint=locked().hint)
        try:
            with self._zip.open(info) as part:
                data = part.read(self._left + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError) as error:
            raise PartBroken(f"its part '{name}' is damaged: {error}") from None
        self._left -= len(data)
        if self._left < 0:
            raise DocumentBroken(f"unpacks to more than {UNPACKED_LIMIT_BYTES >> 20} MiB")
        return data


def is_zip(start: bytes) -> bool:
    """Whether a file's first bytes are those of a zip."""
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def parts_of(raw: bytes) -> frozenset[str]:
    """The names of the parts of a zip, from its directory; none where it is no zip."""
    if not is_zip(raw):
        return frozenset()
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return frozenset(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RecursionError):
        return frozenset()
