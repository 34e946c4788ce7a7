"""The bytes of a run log in, its records out one by one; a line that is not JSON stops with its number."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from milo_bench.core.errors import DataError, MiloError, PrerequisiteError
from milo_bench.core.records import (
    SCHEMA_VERSION,
    Attempt,
    Episode,
    Fixture,
    LoadWindow,
    ProbeResult,
    Record,
    RunEnd,
    RunHeader,
    Telemetry,
)

HEADER_START = b'{"type":"run"'

_ANY_RECORD: msgspec.json.Decoder[Record] = msgspec.json.Decoder(
    RunHeader | Fixture | Attempt | LoadWindow | ProbeResult | Telemetry | Episode | RunEnd
)


class _Tagged(msgspec.Struct):
    type: str = ""
    schema_version: int | None = None


_JUST_TYPE = msgspec.json.Decoder(_Tagged)
_KNOWN_TYPES = frozenset({"run", "fixture", "attempt", "load", "probe", "telemetry", "episode", "end"})


class LogLines:
    """Iterates over ``(line number, record)`` of one log; afterwards knows where the last whole line ends.

    ``whole_bytes`` is the length up to and including the last line that ends in a newline,
    ``torn_bytes`` what stands after it: what a kill left of a last write.
    Raises DataError, with the line number, for a line that is no record.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self.whole_bytes = 0
        self.torn_bytes = 0

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        for number, line in enumerate(self._lines(), start=1):
            record = decode_line(self._path, number, line)
            if isinstance(record, RunHeader):
                self._check_header(number, record)
            elif number == 1:
                raise _foreign(self._path)
            yield number, record
        if self.whole_bytes == 0 and self.torn_bytes == 0:
            raise DataError(f"{self._path} is empty.", hint="remove it and run again.")

    def _lines(self) -> Iterator[bytes]:
        for line in self._file:
            if not line.endswith(b"\n"):
                self.torn_bytes = len(line)
                return
            yield line
            self.whole_bytes += len(line)

    def _check_header(self, number: int, header: RunHeader) -> None:
        if number != 1:
            message = f"{self._path} line {number}: a second run starts inside the log."
            raise DataError(message, hint="split the file at that line and use the two logs separately.")
        if header.schema_version != SCHEMA_VERSION:
            raise _other_schema(self._path, header.schema_version)


def iter_records(path: Path) -> Iterator[Record]:
    """The records of a run log in the order they were written; a torn last line is left out.

    Checks each line, not how lines agree with each other (``read_run_log`` does). Holds one line
    at a time. Raises DataError for a file that is no run log, PrerequisiteError where it cannot be read.
    """
    with open_log(path) as file:
        for _, record in LogLines(file, path):
            yield record


def decode_line(path: Path, number: int, line: bytes) -> Record:
    """The record of one line. Raises DataError with the line's number where it is none."""
    try:
        return _ANY_RECORD.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise bad_line(path, number, line, error) from None


def open_log(path: Path) -> BinaryIO:
    """The log opened for reading. Raises PrerequisiteError or DataError with a hint."""
    try:
        return path.open("rb")
    except OSError as error:
        raise cannot_open(path, error) from None


def cannot_open(path: Path, error: OSError) -> MiloError:
    """The one error for a log that the system does not let us open."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno == errno.ENOENT:
        return PrerequisiteError(
            f"There is no run log at {path}.", hint="check the path, or write a log with 'milo-bench run'."
        )
    if error.errno == errno.EISDIR:
        return DataError(f"{path} is a folder, not a run log.", hint="give the .jsonl file inside it.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        hint = "check the owner of the file and its folder, or choose another path."
        return PrerequisiteError(f"No permission to open {path}: {reason}.", hint=hint)
    return PrerequisiteError(f"Cannot open {path}: {reason}.", hint="check the disk and the path.")


def bad_line(path: Path, number: int, line: bytes, error: Exception) -> DataError:
    """What is wrong with line ``number``; never quotes the line, which may hold a person's data."""
    try:
        head = _JUST_TYPE.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        head = None
    if number == 1:
        if head is None or head.type != "run":
            return _foreign(path)
        if head.schema_version != SCHEMA_VERSION:
            return _other_schema(path, head.schema_version)
    hint = "the file was changed or damaged. Restore it, or cut it before that line and resume."
    if not _is_utf8(line):
        return DataError(f"{path} line {number}: not valid UTF-8.", hint=hint)
    if head is None:
        return DataError(f"{path} line {number}: not valid JSON.", hint=hint)
    if head.type not in _KNOWN_TYPES:
        message = f"{path} line {number}: unknown record type {head.type[:40]!r}."
        return DataError(message, hint="use the version of Milo Bench that wrote it. It may be newer.")
    return DataError(f"{path} line {number}: not a valid '{head.type}' record ({error}).", hint=hint)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _foreign(path: Path) -> DataError:
    message = f"{path} is not a run log: its first line is not a 'run' record."
    return DataError(message, hint="give a .jsonl file written by 'milo-bench run --out'.")


def _other_schema(path: Path, version: int | None) -> DataError:
    message = f"{path} has schema version {version}; this version of Milo Bench reads {SCHEMA_VERSION}."
    return DataError(message, hint="use the version of Milo Bench named in its first line.")
