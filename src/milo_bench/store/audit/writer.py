"""Audit records in, lines of a folder out: appended, chained, rotated, each on its way to the disk before it counts."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import msgspec

from milo_bench.core.clock import utc_stamp
from milo_bench.core.errors import DataError, PrerequisiteError
from milo_bench.core.file_lock import lock_file
from milo_bench.core.files import PRIVATE, write_errors
from milo_bench.store.audit.chain import FIRST_MAC, head_bytes, read_head, seal_line, split_line, write_all
from milo_bench.store.audit.records import AuditFileStart, AuditLine

MOST_FILE_BYTES: Final = 64 << 20
_ENCODER = msgspec.json.Encoder()
Line = TypeVar("Line", bound=AuditLine)
Told: TypeAlias = Callable[[OSError | None], None]
_NAME: Final = re.compile(r"audit-[0-9]{1,18}\.jsonl")


class _Numbered(msgspec.Struct):
    n: int
    at: str = ""


_NUMBERED: Final = msgspec.json.Decoder(_Numbered)


def head_path(folder: Path) -> Path:
    """Where the head of the audit in ``folder`` is, unless it is named: beside the folder."""
    return folder.with_name(folder.name + ".head")


def key_path(folder: Path) -> Path:
    return folder.with_name(folder.name + ".key")


def file_name(number: int) -> str:
    return f"audit-{number:06d}.jsonl"


def file_number(path: Path) -> int:
    """The place of one of `audit_files` among them, from 1."""
    return int(path.stem.removeprefix("audit-"))


def audit_files(folder: Path) -> list[Path]:
    """The audit's files in their order."""
    found = (path for path in folder.glob("audit-[0-9]*.jsonl") if _NAME.fullmatch(path.name))
    return sorted(found, key=lambda path: (file_number(path), path.name))


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether ``path`` names the file that is open."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False


def _is_written(head: Path) -> bool:
    """Whether a head has anything in it: a disk that was full at the first start may have left it empty."""
    return head.exists() and head.stat().st_size > 0


class AuditWriter:
    """Appends to the audit in a folder; one process at a time.

    A line is handed to the system before ``write`` or ``flush`` returns, so it outlives this process however it ends;
    ``sync`` waits for the disk. ``add`` only lines a record up: those that end together are written together. After a
    failed write nothing is half written, what was lined up is dropped, and the next one tries again.
    """

    def __init__(
        self, folder: Path, key: bytes, *, head: Path | None = None, most_file_bytes: int = MOST_FILE_BYTES
    ) -> None:
        self._folder, self._key, self._most = folder, key, most_file_bytes
        self._mac, self._n, self._file = FIRST_MAC, 0, 0
        self._descriptor = -1
        self._size = 0
        self._lines: list[bytes] = []  # lined up, not written
        self._tells: list[Told] = []  # who hears of it, in their order
        self._written = self._n, self._mac, self._size
        self.healthy = True
        self.last_at = ""  # of the last line that was there before, "" for a new audit
        with write_errors(folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, PRIVATE)
        try:
            lock_file(self._lock)
        except OSError:
            os.close(self._lock)
            message = f"Another gateway writes the audit in {folder}."
            raise PrerequisiteError(message, hint="stop it, or name another folder with --audit.") from None
        self._head_file = head = head or head_path(folder)
        self._removed = False
        try:
            self._open_last(head)
            with write_errors(head):
                self._head = os.open(head, os.O_RDWR | os.O_CREAT, PRIVATE)
                self._write_head()
            self._written = self._n, self._mac, self._size
        except BaseException:
            os.close(self._lock)
            raise

    @property
    def lines(self) -> int:
        """How many lines the audit has."""
        return self._written[0]

    def write(self, make: Callable[[int], Line]) -> Line:
        """Append the record that ``make`` gives for the next number; it. Raises OSError where the disk refuses.

        What was lined up before is written with it, or refused with it.
        """
        made = self.add(make)
        self.flush()
        return made

    def add(self, make: Callable[[int], Line], told: Told | None = None) -> Line:
        """Line up the record that ``make`` gives for the next number; it counts once it is written.

        ``told`` hears of it from ``flush``: None, or why it could not be written. Raises OSError where it cannot be
        lined up.
        """
        try:
            if self._removed:
                raise OSError(errno.ENOENT, f"{file_name(self._file)} was removed or moved")
            if self._size >= self._most:
                self.flush()
                self._next_file()
            made = make(self._n + 1)
        except OSError:
            self.healthy = False
            raise
        line, self._mac = seal_line(self._key, self._mac, _ENCODER.encode(made))
        self._lines.append(line)
        self._n += 1
        self._size += len(line)
        if told is not None:
            self._tells.append(told)
        return made

    def flush(self) -> None:
        """Write what is lined up, and tell whoever waits for it. Raises OSError where the disk refuses."""
        if not self._lines:
            return
        tells, self._tells = self._tells, []
        try:
            self._write_lines()
        except OSError as error:
            self.healthy = False
            for told in tells:
                told(error)
            raise
        self.healthy = True
        for told in tells:
            told(None)

    def sync(self) -> None:
        """Wait until the disk has every line. To be called outside the event loop. Raises OSError."""
        os.fsync(self._descriptor)
        os.fsync(self._head)

    def look(self) -> None:
        """Find out whether the files are still in their folders: what is written to another one is lost.

        It was removed, or moved away, as a program that rotates logs does. A head that is not there is written anew.
        Raises OSError where it cannot be; after a file that is not there, ``write`` does. One that comes back is
        written on.
        """
        self._removed = not _is_at(self._folder / file_name(self._file), self._descriptor)
        if self._removed:
            self.healthy = False
        if not _is_at(self._head_file, self._head):
            fresh = os.open(self._head_file, os.O_RDWR | os.O_CREAT | os.O_TRUNC, PRIVATE)
            os.close(self._head)
            self._head = fresh
            self._write_head()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.flush()
            self.sync()
        for descriptor in (self._descriptor, self._head, self._lock):
            os.close(descriptor)

    def _write_lines(self) -> None:
        """Write the lines, then the head that knows the last of them."""
        lines, self._lines = self._lines, []
        try:
            write_all(self._descriptor, lines[0] if len(lines) == 1 else b"".join(lines))
        except OSError:
            self._n, self._mac, self._size = self._written
            raise
        self._written = self._n, self._mac, self._size
        self._write_head()

    def _write_head(self) -> None:
        os.pwrite(self._head, head_bytes(self._key, self._n, self._mac), 0)

    def _open_last(self, head: Path) -> None:
        files = audit_files(self._folder)
        if not files:
            if _is_written(head):
                message = f"The audit in {self._folder} is gone, but its head {head} is there."
                raise DataError(message, hint="restore the folder, or name another one with --audit.")
            self._open(1)
            self._start_file(1)
            return
        last = files[-1]
        if len(files) > 1 and b"\n" not in last.read_bytes():
            # It was killed as it began this file: nothing of it was acknowledged, and the next line begins it again.
            with write_errors(last):
                last.unlink()
            last = files[-2]
        self._file = file_number(last)
        self._open(self._file)
        with write_errors(last):
            self._n, self._mac, self._size = self._read_end(last)
        if _is_written(head):
            n, mac = read_head(head, self._key)
            if n > self._n or (n == self._n and mac != self._mac):
                message = f"The audit in {self._folder} ends at line {self._n}, but its head knows {n} lines."
                raise DataError(message, hint=f"find out who cut it: milo-bench audit verify {self._folder}")
        with write_errors(last):  # only now: an audit that is refused stays as it is
            os.ftruncate(self._descriptor, self._size)

    def _read_end(self, last: Path) -> tuple[int, bytes, int]:
        """Number and mac of the last whole line, and where it ends. What follows it was never acknowledged."""
        data = last.read_bytes()
        size = data.rfind(b"\n") + 1
        line = data[data.rfind(b"\n", 0, max(0, size - 1)) + 1 : size]
        parts = split_line(line)
        try:
            found = _NUMBERED.decode(line) if parts is not None else _Numbered(0)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            parts = None
        if parts is None:
            message = f"{last} does not end with a line of an audit."
            raise DataError(message, hint=f"check it: milo-bench audit verify {self._folder}")
        self.last_at = found.at
        return found.n, parts[1], size

    def _open(self, number: int) -> None:
        path = self._folder / file_name(number)
        with write_errors(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE)
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._file, self._size = descriptor, number, 0

    def _next_file(self) -> None:
        os.fsync(self._descriptor)
        before = self._descriptor, self._file, self._size
        path = self._folder / file_name(self._file + 1)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE)
        self._file, self._size = self._file + 1, 0
        self._written = self._n, self._mac, self._size
        try:
            self._start_file(self._file)
        except OSError:
            os.close(self._descriptor)
            path.unlink(missing_ok=True)
            self._descriptor, self._file, self._size = before
            self._written = self._n, self._mac, self._size
            raise
        os.close(before[0])

    def _start_file(self, number: int) -> None:
        at = utc_stamp()
        start = AuditFileStart(self._n + 1, at, number)
        if number == 1 and self._n == 0:
            # The head does not exist yet: __init__ writes it once this line is there.
            line, self._mac = seal_line(self._key, self._mac, _ENCODER.encode(start))
            with write_errors(self._folder):
                write_all(self._descriptor, line)
            self._n, self._size = 1, len(line)
            return
        line, self._mac = seal_line(self._key, self._mac, _ENCODER.encode(start))
        self._lines.append(line)
        self._n += 1
        self._size += len(line)
        self._write_lines()
