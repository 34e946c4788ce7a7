"""A run log's path in, its lines out with the place of each, whether it is a file of lines or a folder of Parquet."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from milo_bench.core.errors import DataError
from milo_bench.store.log.parquet import MARK, is_parquet_log, parquet_lines, read_mark, read_parquet_line

_TAIL: Final = 4096


class LogSource(Protocol):
    """One log. The ``place`` of a line, with its length, is what ``at`` finds it by."""

    def size(self) -> int:
        """Bytes of the log as lines. Raises OSError or DataError where it cannot be read."""
        ...

    def modified_ns(self) -> int: ...

    def first(self) -> bytes:
        """The first line, with its end where it has one."""
        ...

    def after(self, read: int, lines: int) -> Iterator[tuple[int, bytes]]:
        """Place and bytes of each whole line after the first ``read`` bytes, which are ``lines`` lines."""
        ...

    def at(self, place: int, size: int) -> bytes: ...

    def digest(self, read: int) -> str:
        """What changes where the first ``read`` bytes are others than before."""
        ...


def log_source(path: Path) -> LogSource:
    """The log at ``path``, in whichever form it is."""
    return _Parquet(path) if is_parquet_log(path) else _Lines(path)


class _Lines:
    """A file of lines, which may still be written to. A place is a byte."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def size(self) -> int:
        return self._path.stat().st_size

    def modified_ns(self) -> int:
        return self._path.stat().st_mtime_ns

    def first(self) -> bytes:
        with self._path.open("rb") as file:
            return file.readline()

    def after(self, read: int, lines: int) -> Iterator[tuple[int, bytes]]:
        with self._path.open("rb") as file:
            file.seek(read)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                yield read, line
                read += len(line)

    def at(self, place: int, size: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(place)
            return file.read(size)

    def digest(self, read: int) -> str:
        """SHA-256 of the first and the last bytes before ``read``: a log that was rewritten has another one."""
        digest = hashlib.sha256()
        with self._path.open("rb") as file:
            digest.update(file.read(min(read, _TAIL)))
            file.seek(max(0, read - _TAIL))
            digest.update(file.read(min(read, _TAIL)))
        return digest.hexdigest()


class _Parquet:
    """A folder of Parquet, which is written once. A place is the number of a line, from 1."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def size(self) -> int:
        return read_mark(self._folder).bytes

    def modified_ns(self) -> int:
        return (self._folder / MARK).stat().st_mtime_ns

    def first(self) -> bytes:
        read_mark(self._folder)
        return read_parquet_line(self._folder, 1)

    def after(self, read: int, lines: int) -> Iterator[tuple[int, bytes]]:
        mark = read_mark(self._folder)
        digest = hashlib.sha256()
        number = 0
        for batch in parquet_lines(self._folder, mark):
            digest.update(batch)
            for line in io.BytesIO(batch):
                number += 1
                if number > lines:
                    yield number, line
        if digest.hexdigest() != mark.sha256:
            message = f"{self._folder} has other lines than the log that it was made from."
            raise DataError(message, hint="files were changed or removed. Restore the folder, or the log itself.")

    def at(self, place: int, size: int) -> bytes:
        return read_parquet_line(self._folder, place)

    def digest(self, read: int) -> str:
        return read_mark(self._folder).sha256
