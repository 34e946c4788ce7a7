"""One line of a run log in, its record out, lifted to this version's schema; a line that is not one says its number."""

from __future__ import annotations

import errno
import io
import os
import re
from pathlib import Path
from typing import Any, BinaryIO, get_args

import msgspec

from milo_bench.core.errors import DataError, MiloError, PrerequisiteError
from milo_bench.core.files import is_regular
from milo_bench.core.hashing import sha256_file
from milo_bench.core.records import SCHEMA_VERSION, Attempt, Episode, Record, RunHeader
from milo_bench.store.log.encoding import join_episode, join_moved
from milo_bench.store.log.lift import find_line_starts, lift_row
from milo_bench.store.log.parquet import is_parquet_log, open_parquet, read_mark

HEADER_START = b'{"type":"run"'
_NEXT_ROW = re.compile(rb'\}\s*\{"type":"')  # a quotation mark within a text would be escaped
DEEPEST = 300  # levels of a row: past any schema or case, and before what readers of JSON give up on
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')

_ANY_RECORD: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


class _Tagged(msgspec.Struct):
    type: str = ""
    schema_version: int | None = None


_JUST_TYPE = msgspec.json.Decoder(_Tagged)
_KNOWN_TYPES = frozenset(kind.__struct_config__.tag for kind in get_args(Record))


def decode_line(path: Path, number: int, line: bytes, schema: int = SCHEMA_VERSION) -> Record:
    """The record of one line that was written under ``schema``. Raises DataError with its number where it is none."""
    record: Record
    if line.count(b"[") + line.count(b"{") > DEEPEST and _depth(line) > DEEPEST:
        raise bad_line(path, number, line, ValueError(f"nested deeper than {DEEPEST} levels"))
    try:
        if schema < SCHEMA_VERSION and line.startswith(find_line_starts(schema)):
            record = msgspec.convert(lift_row(msgspec.json.decode(line), schema), Record)
            return record
        record = _ANY_RECORD.decode(line)
        if isinstance(record, Attempt):
            return join_moved(record, line)
        return join_episode(record, line) if isinstance(record, Episode) else record
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise bad_line(path, number, line, error) from None


def _depth(line: bytes) -> int:
    """How deep the brackets of a line are nested, those in its texts left out."""
    deepest = depth = 0
    for bracket in _BRACKETS.finditer(line):
        if bracket[0] in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket[0] in b"]}":
            depth -= 1
    return deepest


def open_log(path: Path) -> BinaryIO:
    """The log opened for reading, whether it is a file of lines or a folder of Parquet.

    Raises PrerequisiteError or DataError with a hint.
    """
    if is_parquet_log(path):
        return open_parquet(path)
    try:
        if not is_regular(path) and not path.is_dir():
            raise not_regular(path)
        return io.BufferedReader(_Reader(path), 1 << 18)
    except OSError as error:
        raise cannot_open(path, error) from None


class _Reader(io.FileIO):
    """A file whose disk may fail in the middle: the error then names it."""

    def readinto(self, buffer: Any) -> int | None:
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.name)) from None


def not_regular(path: Path) -> DataError:
    """The error for a pipe or a device: a log is read more than once."""
    message = f"{path} is a pipe or a device, and a log is read more than once."
    return DataError(message, hint="write it to a file first, and name that file.")


def cannot_open(path: Path, error: OSError) -> MiloError:
    """The one error for a log that the system does not let us open."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno == errno.ENOENT:
        return PrerequisiteError(
            (f"There is no run log at {path}."), hint="check the path, or write a log with 'milo-bench run'."
        )
    if error.errno == errno.EISDIR:
        if is_parquet_log(path):
            message = f"{path} is a log in Parquet, which is read and never written to."
            return DataError(message, hint=f"milo-bench log convert {path} --out NEW.jsonl")
        return DataError(f"{path} is a folder, not a run log.", hint="give the .jsonl file inside it.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        hint = "check the owner of the file and its folder, or choose another path."
        return PrerequisiteError(f"No permission to open {path}: {reason}.", hint=hint)
    return PrerequisiteError(f"Cannot open {path}: {reason}.", hint="check the disk and the path.")


def decode_header(path: Path, line: bytes) -> RunHeader:
    """The first line of a log. Raises DataError for a file that is not a run log, or of a newer schema."""
    head = _head(line)
    if head is None or head.type != "run":
        raise not_a_log(path)
    schema = head.schema_version
    if schema is None or not 1 <= schema <= SCHEMA_VERSION:
        raise other_schema(path, schema)
    header = decode_line(path, 1, line, schema)
    if not isinstance(header, RunHeader):
        raise not_a_log(path)
    return header


def is_log_place(path: Path) -> bool:
    """Whether a log may be read at ``path``: a file, or a folder of Parquet."""
    return path.is_file() or is_parquet_log(path)


def sha256_of_log(path: Path) -> str:
    """Hash of a log's bytes, the same as a file and in Parquet. Raises OSError, DataError and PrerequisiteError."""
    return read_mark(path).sha256 if is_parquet_log(path) else sha256_file(path)


def read_header(path: Path) -> RunHeader:
    """The first line of the log at ``path``, the rest unread. Raises DataError and PrerequisiteError."""
    with open_log(path) as file:
        return decode_header(path, file.readline())


def bad_line(path: Path, number: int, line: bytes, error: Exception) -> DataError:
    """What is wrong with line ``number``; never quotes the line, which may hold a person's data."""
    head = _head(line)
    hint = "the file was changed or damaged. Restore it, or cut it before that line and resume."
    if not _is_utf8(line):
        return DataError(f"{path} line {number}: not valid UTF-8.", hint=hint)
    if head is None and isinstance(error, RecursionError):
        return DataError(f"{path} line {number}: nested too deeply.", hint=hint)
    if head is None:
        return DataError(f"{path} line {number}: not valid JSON.", hint=hint)
    if head.type not in _KNOWN_TYPES:
        message = f"{path} line {number}: unknown record type {head.type[:40]!r}."
        return DataError(message, hint="use the version of Milo Bench that wrote it. It may be newer.")
    return DataError(f"{path} line {number}: not a valid '{head.type}' record ({error}).", hint=hint)


def _head(line: bytes) -> _Tagged | None:
    try:
        return _JUST_TYPE.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def require_torn(path: Path, number: int, line: bytes) -> None:
    """``line`` has no newline: raises DataError unless a kill or a power cut can have left it so.

    A row has no control character and no second row in it; after a power cut a file may end in zeros. Anything else
    is a file whose line ends were changed, and to cut its last line would cut rows.
    """
    rest = line.rstrip(b"\x00")
    if any(byte < 0x20 for byte in rest) or _NEXT_ROW.search(rest):
        raise changed_line_ends(path, number)


def changed_line_ends(path: Path, number: int) -> DataError:
    """The error for a log that an editor or a transfer wrote anew with CR or CRLF."""
    message = f"{path} line {number}: its line ends were changed."
    return DataError(message, hint="restore the file, or write it with LF line ends (\\n) again.")


def not_a_log(path: Path) -> DataError:
    """The error for a file that does not begin as a run log does."""
    message = f"{path} is not a run log: its first line is not a 'run' record."
    return DataError(message, hint="give a .jsonl file written by 'milo-bench run --out'.")


def other_schema(path: Path, version: int | None) -> DataError:
    """The error for a log, or the rest of one, that a newer version wrote."""
    message = f"{path} has schema version {version}, but this version of Milo Bench reads up to {SCHEMA_VERSION}."
    return DataError(message, hint="use the version of Milo Bench named in its first line.")
