"""The path of a foreign file in; its digest, its lines or its JSON, unpacked and decoded, out."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import msgspec

from milo_bench.core.errors import DataError, PrerequisiteError, UsageError
from milo_bench.core.files import is_regular
from milo_bench.suites.bounded.charset import decode_by_letters

DOCUMENT_LIMIT_BYTES: Final = 256 << 20  # a JSON document is held whole; lines are read one by one
LINE_LIMIT_BYTES: Final = 64 << 20
_GZIP = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class RecordFile:
    """One file of another tool. ``number`` is its place among the files given, ``sha256`` of its bytes as they are."""

    path: Path
    number: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.name

    def where(self, line: int) -> str:
        return f"{self.path} line {line}"

    def open(self) -> BinaryIO:
        """The file's bytes, unpacked where it is gzip. Raises PrerequisiteError."""
        try:
            file = self.path.open("rb")
            packed = file.read(2) == _GZIP
            file.seek(0)
        except OSError as error:
            raise _unreadable(self.path, error) from None
        return cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Lines that are not blank, with their numbers from 1; without the mark that some tools put first."""
        try:
            with self.open() as file:
                for number, line in enumerate(_lines_of(file, self.path), start=1):
                    plain = line.removeprefix(_UTF8_MARK) if number == 1 else line
                    if plain.strip():
                        yield number, plain
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise _damaged(self.path, error) from None

    def read(self) -> bytes:
        """All bytes. Raises DataError where they are too many to be one document."""
        try:
            with self.open() as file:
                data = file.read(DOCUMENT_LIMIT_BYTES + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise _damaged(self.path, error) from None
        if len(data) > DOCUMENT_LIMIT_BYTES:
            message = f"{self.path} is larger than {DOCUMENT_LIMIT_BYTES >> 20} MiB."
            raise DataError(message, hint="export it as JSON Lines, one record a line, or in several files.")
        return data

    def text(self) -> tuple[str, str]:
        """The text, and how it is encoded: UTF-8, UTF-16 with its mark, else what its letters tell."""
        data = self.read()
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            try:
                return data.decode("utf-16"), "UTF-16"
            except UnicodeDecodeError:
                pass
        try:
            return data.removeprefix(_UTF8_MARK).decode(), "UTF-8"
        except UnicodeDecodeError:
            if b"\x00" in data:
                message = f"{self.path} is not text."
                raise DataError(message, hint="give the file that the tool exported, not an archive of it.") from None
            return decode_by_letters(data)

    def sibling(self, name: str) -> Any:
        """The JSON of a file beside this one that the tool wrote with it; None where there is none that can be read."""
        path = self.path.parent / name
        try:
            if path.is_file() and path.stat().st_size <= DOCUMENT_LIMIT_BYTES:
                return msgspec.json.decode(path.read_bytes())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return None

    def json(self) -> Any:
        """The one JSON document in the file. Raises DataError where it is not JSON."""
        data = self.read().removeprefix(_UTF8_MARK)
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            said = str(error).replace("JSON is malformed: ", "")[:120]
            message = f"{self.path} is not JSON: {said}."
            raise DataError(message, hint="check --format, and that the file was written to its end.") from None


def open_files(paths: list[Path]) -> list[RecordFile]:
    """The files at ``paths`` with their digests. Raises UsageError where one is missing or given twice."""
    found: list[RecordFile] = []
    for number, path in enumerate(paths):
        if path.is_dir():
            message = f"{path} is a folder."
            raise UsageError(message, hint=f"name the files inside it, for example {path}/*.")
        digest = hashlib.sha256()
        try:
            if not is_regular(path):
                message = f"{path} is a pipe or a device, and such a file is read more than once."
                raise UsageError(message, hint="write it to a file first, and name that file.")
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise _unreadable(path, error) from None
        one = RecordFile(path, number, digest.hexdigest())
        first = next((other for other in found if other.sha256 == one.sha256), None)
        if first is not None:
            message = f"{path} has the same content as {first.path}."
            raise UsageError(message, hint="leave one out. Every answer in it would count twice.")
        found.append(one)
    return found


def _lines_of(file: BinaryIO, path: Path) -> Iterator[bytes]:
    while line := file.readline(LINE_LIMIT_BYTES + 1):
        if len(line) > LINE_LIMIT_BYTES:
            message = f"{path} has a line longer than {LINE_LIMIT_BYTES >> 20} MiB."
            raise DataError(message, hint="it may not be JSON Lines. Check --format.")
        yield line


def _unreadable(path: Path, error: OSError) -> PrerequisiteError | UsageError:
    if isinstance(error, FileNotFoundError):
        return UsageError(f"{path} is missing.", hint="check the path.")
    reason = os.strerror(error.errno) if error.errno else str(error)
    return PrerequisiteError(f"Cannot read {path}: {reason}.", hint="check its permissions.")


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} cannot be unpacked: {str(error)[:80]}.", hint="copy the file again.")
