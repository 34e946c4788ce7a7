"""A run log in, the same lines as a folder of Parquet files out (hive layout, zstd); and the log's very bytes back.

``NAME.parquet/type=attempt/target=NAME/b000001_0.parquet``: a column ``line`` with the text of each line, its number
``n``, and for attempts what queries filter by. The mark ``_log.json`` has the hash of the log's bytes, which a reader
checks: seals, hashes and signatures are those of the log.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from milo_bench.core.errors import DataError, PrerequisiteError
from milo_bench.core.files import PRIVATE, write_file
from milo_bench.core.records import Frozen
from milo_bench.store.duck import as_plain_path, connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MARK: Final = "_log.json"
_MEMORY: Final = "512MB"
_LINE_MEMORY: Final = "96MB"
_BATCH_BYTES: Final = 32 << 20
_WHAT: Final = "A log in Parquet"
_COPY: Final = (
    "COPY (SELECT * FROM rows ORDER BY n) TO $out (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (type, target), "
    "FILENAME_PATTERN '{name}_{{i}}', OVERWRITE_OR_IGNORE true)"
)


class ParquetMark(Frozen, frozen=True, omit_defaults=False):
    """What a folder holds: the hash, length and number of lines of the log that it was made from."""

    sha256: str
    bytes: int
    lines: int
    batches: int
    format: int = 1


def is_parquet_log(path: Path) -> bool:
    """Whether ``path`` is a folder that ``write_parquet`` made."""
    return (path / MARK).is_file()


def read_mark(folder: Path) -> ParquetMark:
    """What ``folder`` holds. Raises DataError for a mark that is not one of this version's."""
    try:
        mark = msgspec.json.decode((folder / MARK).read_bytes(), type=ParquetMark)
    except (OSError, msgspec.MsgspecError):
        mark = None
    if mark is None or mark.format != 1:
        raise DataError(
            f"{folder / MARK} cannot be read.", hint="make the folder again: milo-bench log convert LOG.jsonl."
        )
    return mark


def write_parquet(log: BinaryIO, source: Path, folder: Path) -> ParquetMark:
    """Write all lines of ``log``, opened from ``source``, into the new ``folder``.

    The mark is written last: a folder without one is not a log. Raises DataError for a last line that is torn or text
    that is not UTF-8, PrerequisiteError without DuckDB or for a folder that cannot be made.
    """
    database = connect(_MEMORY, what=_WHAT)
    if os.path.lexists(folder):
        raise DataError(f"{folder} already exists.", hint="choose another --out.")
    digest = hashlib.sha256()
    size = lines = batches = 0
    try:
        folder.mkdir(parents=True, mode=0o700)
        for batch in _batches(log, source):
            batches += 1
            for line in batch:
                digest.update(line)
                size += len(line)
            _write_batch(database, batch, lines, folder, f"b{batches:06d}")
            lines += len(batch)
        for part in folder.rglob("*"):  # DuckDB makes them readable by all, and somebody may copy the files elsewhere
            part.chmod(0o700 if part.is_dir() else PRIVATE)
        mark = ParquetMark(digest.hexdigest(), size, lines, batches)
        write_file(folder / MARK, msgspec.json.encode(mark).decode())
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            message = f"Cannot write {folder}: {error.strerror}."
            raise PrerequisiteError(message, hint="choose another --out, or free some space.") from None
        raise
    finally:
        database.close()
    return mark


def _batches(log: BinaryIO, source: Path) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for number, line in enumerate(log, start=1):
        if not line.endswith(b"\n"):
            message = f"{source} ends in an incomplete line, where its run was killed."
            raise DataError(message, hint="resume the run first: milo-bench run … --resume.")
        try:
            line.decode()
        except UnicodeDecodeError:
            raise DataError(
                f"{source} line {number}: not valid UTF-8.", hint="restore the file, or run again."
            ) from None
        batch.append(line)
        size += len(line)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Key(msgspec.Struct):
    fixture: str = ""
    target: str = ""
    repeat: int = 0
    decoding: str = ""
    retry: int = 0


class _Failure(msgspec.Struct):
    kind: str = ""


class _Times(msgspec.Struct):
    started_s: float = 0.0
    ended_s: float = 0.0


class _Row(msgspec.Struct):
    """What queries filter by, of any line."""

    type: str = ""
    key: _Key | None = None
    target: str | None = None
    failure: _Failure | None = None
    timings: _Times | None = None


_ROW: Final = msgspec.json.Decoder(_Row)


def _row_of(line: bytes) -> _Row:
    try:
        return _ROW.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Row("other")  # whoever reads the line as a record says what is wrong with it


def _write_batch(database: DuckDBPyConnection, batch: list[bytes], before: int, folder: Path, name: str) -> None:
    import numpy as np

    found = [_row_of(line) for line in batch]
    keys = [row.key or _Key() for row in found]

    def texts(values: list[Any]) -> Any:
        return np.array([value or None for value in values], dtype=object)

    rows = {
        "n": np.arange(before + 1, before + 1 + len(batch)),
        "line": texts([line[:-1].decode() for line in batch]),
        "type": texts([row.type or "other" for row in found]),
        "target": texts([key.target or row.target for key, row in zip(keys, found, strict=True)]),
        "fixture": texts([key.fixture for key in keys]),
        "repeat": np.array([key.repeat for key in keys]),
        "decoding": texts([key.decoding for key in keys]),
        "retry": np.array([key.retry for key in keys]),
        "failure": texts([row.failure.kind if row.failure else "" for row in found]),
        "started_s": np.array([row.timings.started_s if row.timings else np.nan for row in found]),
        "ended_s": np.array([row.timings.ended_s if row.timings else np.nan for row in found]),
    }
    database.register("rows", rows)
    database.execute(_COPY.format(name=name), {"out": str(folder)})
    database.unregister("rows")


def open_parquet(folder: Path) -> BinaryIO:
    """The bytes of the log in ``folder``, to be read and sought as those of its file.

    They are written out once for each process, to a file without a name that goes with the process. Raises DataError
    for a folder whose lines are not those of its mark, PrerequisiteError without DuckDB.
    """
    mark = read_mark(folder)
    key = (folder.resolve(), mark.sha256)
    if key not in _UNPACKED:
        _UNPACKED[key] = _unpack(folder, mark)
    return io.BufferedReader(_Positioned(_UNPACKED[key], mark.bytes))


_UNPACKED: Final[dict[tuple[Path, str], BinaryIO]] = {}


def _unpack(folder: Path, mark: ParquetMark) -> BinaryIO:
    made = tempfile.TemporaryFile()  # noqa: SIM115  kept for the process
    digest = hashlib.sha256()
    for lines in parquet_lines(folder, mark):
        digest.update(lines)
        made.write(lines)
    made.flush()
    if digest.hexdigest() != mark.sha256:
        made.close()
        message = f"{folder} has other lines than the log that it was made from."
        raise DataError(message, hint="files were changed or removed. Restore the folder, or the log itself.")
    return made


def parquet_lines(folder: Path, mark: ParquetMark) -> Iterator[bytes]:
    """The bytes of the log in ``folder``, a batch of lines at a time."""
    database = connect(_MEMORY, what=_WHAT)
    try:
        for number in range(1, mark.batches + 1):
            files = sorted(map(str, folder.glob(f"**/b{number:06d}_*.parquet")))
            if not files:
                continue
            query = "SELECT line FROM read_parquet($files) ORDER BY n"
            try:
                found = database.execute(query, {"files": [as_plain_path(file) for file in files]}).fetchall()
            except Exception as error:  # of DuckDB, whose classes are not imported here
                raise _unreadable(folder, error) from None
            yield b"".join((line or "").encode() + b"\n" for (line,) in found)
    finally:
        database.close()


def read_parquet_line(folder: Path, number: int) -> bytes:
    """The line with that ``number``, from 1, without reading the others; b"" where there is none.

    Raises DataError for a file that cannot be read. The hash of the log is not checked.
    """
    files = sorted(map(str, folder.glob("**/b*.parquet")))
    if not files:
        return b""
    database = connect(_LINE_MEMORY, what=_WHAT, threads=1)
    try:
        query = "SELECT line FROM read_parquet($files) WHERE n = $number"
        found = database.execute(query, {"files": [as_plain_path(file) for file in files], "number": number}).fetchall()
    except Exception as error:  # of DuckDB, whose classes are not imported here
        raise _unreadable(folder, error) from None
    finally:
        database.close()
    return (found[0][0] or "").encode() + b"\n" if found else b""


def _unreadable(folder: Path, error: Exception) -> DataError:
    message = f"{folder} has a file that cannot be read ({type(error).__name__})."
    return DataError(message, hint="restore the folder, or the log itself.")


class _Positioned(io.RawIOBase):
    """A reader with a position of its own over a file that others read too."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if hasattr(os, "pread"):
            data = os.pread(self._file.fileno(), len(buffer), self._at)
        else:  # Windows
            self._file.seek(self._at)
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at
