"""Records in, lines of an append-only run log out; takes up a log again where a kill left it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from milo_bench.core.errors import DataError, IncompleteRun, PrerequisiteError
from milo_bench.core.file_lock import lock_file
from milo_bench.core.files import is_regular
from milo_bench.core.records import (
    SCHEMA_VERSION,
    Attempt,
    AttemptKey,
    Episode,
    FailureKind,
    Fixture,
    Record,
    RunEnd,
    RunHeader,
    SchemaChange,
)
from milo_bench.store.log.encoding import encode_line
from milo_bench.store.log.lines import cannot_open, not_regular
from milo_bench.store.log.reader import read_open_log
from milo_bench.store.log.row_check import name_of
from milo_bench.store.log.same_run import differences, notes
from milo_bench.store.log.sealing import SALT_BYTES, Chain, plan_digest
from milo_bench.store.stored_text import TextPolicy

_MOST_STEM_CHARS = 100  # file systems take 255 bytes for a name
GROUP_RECORDS = 64
GROUP_BYTES = 1 << 18

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True)
class Resumed:
    """An open log: the writer, the keys already in it, and what had to be done to take it up.

    ``done`` maps each finished key to its failure's kind, None where it did not fail. ``last_s`` is
    the latest time in the log, in seconds since the run's zero: a resumed run's clock goes on from
    there, so that times within a log never overlap. ``messages`` are for the person at the terminal.
    ``episodes`` are those in the log; their keys are among ``done`` too. ``fixtures`` are ids that it had before.
    """

    writer: RunLogWriter
    done: dict[AttemptKey, FailureKind | None]
    last_s: float = 0.0
    cut_bytes: int = 0
    messages: tuple[str, ...] = ()
    episodes: tuple[Episode, ...] = ()
    fixtures: frozenset[str] = frozenset()


class RunLogWriter:
    """The only one that writes to a log, while it lives: it holds a lock on the file.

    ``append`` collects; ``flush`` hands the group to the kernel in one write, which a kill of this
    process cannot undo (``append`` does so by itself once a group is full). ``sync`` waits for the
    disk, which a power cut cannot undo; it may run in another thread. Nothing written is ever
    written again. After a failed write the file is cut back to its last whole line and the writer
    takes nothing more.
    """

    def __init__(
        self,
        path: Path,
        descriptor: int,
        header: RunHeader,
        policy: TextPolicy,
        length: int,
        chain: Chain | None = None,
        *,
        resumes: bool = True,
    ) -> None:
        self.path = path
        self._again = "resume the run" if resumes else "start it again with another --out"
        self.header = header
        self._descriptor = descriptor
        self._policy = policy
        self._length = length
        self._group: list[bytes] = []
        self._group_bytes = 0
        self._written: set[AttemptKey] = set()
        self._closed = False
        self._unsynced = False
        self._chain = chain or Chain()
        self._salts: list[bytes] = []

    @classmethod
    def create(
        cls, path: Path, header: RunHeader, fixtures: Iterable[Fixture], policy: TextPolicy | None = None, *,
        resumes: bool = True,
    ) -> RunLogWriter:  # fmt: skip
        """A new log with its ``run`` line and one line a fixture. ``resumes``: its command has --resume.

        Raises DataError where the file exists, PrerequisiteError where it cannot be made.
        """
        policy = _policy_for(header, policy)
        require_new_log(path, resumes=resumes)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_make(path, error) from None
        try:
            # Text of a buyer's cases stands in it: for its owner's eyes only.
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except FileExistsError:
            raise _already_there(path, resumes=resumes) from None
        except OSError as error:
            raise _cannot_make(path, error) from None
        writer = cls(path, descriptor, header, policy, 0, resumes=resumes)
        try:
            _lock(path, descriptor)
            writer._begin(fixtures)
        except BaseException as error:
            writer._release()
            # Nothing but a part of our own first lines is in it, and the run never began.
            path.unlink(missing_ok=True)
            if isinstance(error, IncompleteRun):
                reason = f"{error.message.partition(' The ')[0]} Nothing was sent, and no file was left behind."
                raise PrerequisiteError(reason, hint="free some space, or choose another --out.") from None
            raise
        return writer

    @classmethod
    def resume(
        cls, path: Path, header: RunHeader, fixtures: Iterable[Fixture], policy: TextPolicy | None = None
    ) -> Resumed:
        """Take up the log at ``path`` for the run that ``header`` describes.

        Cuts a torn last line. Raises DataError where the log is another run's (each difference
        named), damaged, or being written; PrerequisiteError where it cannot be opened.
        """
        policy = _policy_for(header, policy)
        try:
            if not is_regular(path) and not path.is_dir():
                raise not_regular(path)
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise cannot_open(path, error) from None
        try:
            _lock(path, descriptor)
            return cls._take_up(path, descriptor, header, tuple(fixtures), policy)
        except BaseException:
            os.close(descriptor)
            raise

    @classmethod
    def _take_up(
        cls, path: Path, descriptor: int, now: RunHeader, fixtures: Sequence[Fixture], policy: TextPolicy
    ) -> Resumed:
        with os.fdopen(os.dup(descriptor), "rb") as file:
            log = read_open_log(path, file, strict=True)
        if log is None:
            return cls._begin_again(path, descriptor, now, fixtures, policy)
        in_log = {fixture.id: fixture.hash for fixture in log.fixtures.values()}
        changed = (*differences(log.header, now), *_changed_fixtures(in_log, fixtures))
        if changed:
            message = f"{path} is the log of another run: {'; '.join(changed)}."
            raise DataError(message, hint="undo the change to resume, or choose another --out for a new run.")
        done: dict[AttemptKey, FailureKind | None] = {}
        last_s = log.last_s
        for attempt in log.attempts:
            done[attempt.key] = None if attempt.failure is None else attempt.failure.kind
            last_s = max(last_s, attempt.timings.ended_s)
        done |= {episode.key: failure_of(episode) for episode in log.episodes}
        told = notes(log.header, now)
        if log.torn_bytes:
            os.ftruncate(descriptor, log.whole_bytes)
            told = (_cut(log.torn_bytes), *told)
        writer = cls(path, descriptor, log.header, policy, log.whole_bytes, log.chain)
        writer._written.update(done)
        if log.schemas[-1] < SCHEMA_VERSION:
            writer.append(SchemaChange(SCHEMA_VERSION, now.tool_version))
        writer._begin((f for f in fixtures if f.id not in in_log), header=False)
        return Resumed(writer, done, last_s, log.torn_bytes, told, tuple(log.episodes), frozenset(in_log))

    @classmethod
    def add_to(cls, path: Path, tool_version: str) -> RunLogWriter:
        """Take up the log at ``path`` to record more about the rows it has; none of them is checked or changed.

        Raises DataError where it is being written, or its last line is torn; PrerequisiteError where it cannot be
        opened.
        """
        try:
            if not is_regular(path) and not path.is_dir():
                raise not_regular(path)
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise cannot_open(path, error) from None
        try:
            _lock(path, descriptor)
            with os.fdopen(os.dup(descriptor), "rb") as file:
                log = read_open_log(path, file, strict=True)
            if log is None or log.torn_bytes:
                message = f"{path} ends in an incomplete line, where its run was killed."
                raise DataError(message, hint="resume the run first: milo-bench run … --resume.")
            writer = cls(path, descriptor, log.header, TextPolicy(), log.whole_bytes, log.chain)
            if log.schemas[-1] < SCHEMA_VERSION:
                writer.append(SchemaChange(SCHEMA_VERSION, tool_version))
        except BaseException:
            os.close(descriptor)
            raise
        return writer

    @classmethod
    def _begin_again(
        cls, path: Path, descriptor: int, now: RunHeader, fixtures: Sequence[Fixture], policy: TextPolicy
    ) -> Resumed:
        """A kill between making the file and writing to it leaves it empty: nothing to read, all to write."""
        torn_bytes = os.fstat(descriptor).st_size
        os.ftruncate(descriptor, 0)
        writer = cls(path, descriptor, now, policy, 0)
        writer._begin(fixtures)
        return Resumed(writer, {}, cut_bytes=torn_bytes, messages=(_cut(torn_bytes),) if torn_bytes else ())

    def _begin(self, fixtures: Iterable[Fixture], *, header: bool = True) -> None:
        if header:
            self.append(self.header)
        for fixture in fixtures:
            self.append(fixture)
        self.flush()

    def append(self, record: Record) -> None:
        """Add ``record``, as the policy lets it be stored. Raises IncompleteRun where the disk takes no more."""
        if self._closed:
            raise ValueError(f"{self.path} is closed")
        if isinstance(record, (Attempt, Episode)):
            if record.key in self._written:
                raise DataError(f"{name_of(record.key)} is already in {self.path}.", hint="a finished key is not sent.")
            self._written.add(record.key)
        line, digest = encode_line(self._policy.stored(record), self._salt())
        self._group.append(line)
        self._chain.open += digest
        self._group_bytes += len(line)
        if len(self._group) >= GROUP_RECORDS or self._group_bytes >= GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what was appended to the kernel. Raises IncompleteRun where the disk takes no more."""
        if not self._group:
            return
        self._group.append(self._seal())
        data = memoryview(b"".join(self._group))
        self._group.clear()
        self._group_bytes = 0
        size = len(data)
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            raise self._write_failed(error) from None
        self._length += size
        self._unsynced = True

    def _salt(self) -> bytes:
        if not self._salts:
            drawn = os.urandom(SALT_BYTES * GROUP_RECORDS).hex().encode()
            self._salts = [drawn[at : at + 2 * SALT_BYTES] for at in range(0, len(drawn), 2 * SALT_BYTES)]
        return self._salts.pop()

    def _seal(self) -> bytes:
        """The line that closes the group. The first one of a log names its plan, before any answer is there."""
        plan = "" if self._chain.seals else plan_digest(self.header.plan)
        return _ENCODER.encode(self._chain.seal(plan)) + b"\n"

    def sync(self) -> None:
        """Wait until what was flushed is on the disk. Raises IncompleteRun where the disk reports an error."""
        if self._closed or not self._unsynced:
            return
        self._unsynced = False
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EROFS, errno.ENOTSUP):  # a pipe or device has no disk
                message = f"The disk did not confirm a write to {self.path}: {error.strerror}."
                raise IncompleteRun(message, hint=f"check the disk, then {self._again}.") from None

    @property
    def closed(self) -> bool:
        """Closed by its owner, or by a write that failed."""
        return self._closed

    def close(self, end: RunEnd | None = None) -> None:
        """Write ``end`` if given, flush, wait for the disk, release the lock. A second call does nothing."""
        if self._closed:
            return
        try:
            if end is not None:
                self.append(end)
            self.flush()
            self.sync()
        finally:
            self._release()

    def _write_failed(self, error: OSError) -> IncompleteRun:
        # A part of a line may have got through; what stood there before must stay readable.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, self._length)
        self._release()
        reason = os.strerror(error.errno) if error.errno else str(error)
        message = f"Cannot write to {self.path}: {reason}. The {self._length} bytes already written are kept."
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        hint = f"{'free some space' if full else 'check the disk'}, then {self._again}."
        return IncompleteRun(message, hint=hint)

    def _release(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self._descriptor)


def default_log_path(stem: str, now: datetime) -> Path:
    """Where a log goes that nobody named: under ``runs/``, with a few random characters.

    Runs that begin in one second get a log each.
    """
    return Path("runs") / f"{stem[:_MOST_STEM_CHARS]}-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}.jsonl"


def require_new_log(path: Path, *, resumes: bool = True) -> None:
    """Raise the error that ``RunLogWriter.create`` would raise for a file that exists, before anything starts."""
    if os.path.lexists(path):  # False where a folder may not be looked into; opening tells why
        raise _already_there(path, resumes=resumes)


def _already_there(path: Path, *, resumes: bool) -> DataError:
    if path.is_dir():
        return DataError(f"{path} is a folder.", hint="add a file name: --out FOLDER/NAME.jsonl.")
    hint = "add --resume to continue that run, or choose another --out." if resumes else "choose another --out."
    return DataError(f"{path} already exists.", hint=hint)


def _policy_for(header: RunHeader, policy: TextPolicy | None) -> TextPolicy:
    policy = policy or TextPolicy(header.store_text)
    if policy.store_text != header.store_text:
        raise ValueError(f"the header stores text as {header.store_text}, the policy as {policy.store_text}")
    return policy


def _cannot_make(path: Path, error: OSError) -> PrerequisiteError:
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        message = f"No permission to write {path}: {reason}."
        return PrerequisiteError(message, hint="choose another --out, or check the owner of the folder.")
    return PrerequisiteError(f"Cannot make {path}: {reason}.", hint="choose another --out.")


def _lock(path: Path, descriptor: int) -> None:
    try:
        lock_file(descriptor)
    except BlockingIOError:
        hint = "wait until it ends, or choose another --out."
        raise DataError(f"Another run is writing to {path}.", hint=hint) from None
    except OSError as error:
        # Some network folders know no locks; a run there is worth more than the guard.
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise PrerequisiteError(f"Cannot lock {path}: {error}.", hint="choose a folder on a local disk.") from None


def failure_of(episode: Episode) -> FailureKind | None:
    """What broke the runtime in an episode that it could not complete; None for any other."""
    if episode.ending != "runtime_failure":
        return None
    last = episode.turns[-1].failure if episode.turns else None
    return last.kind if last is not None else "server_error"


def _changed_fixtures(in_log: dict[str, str], fixtures: Sequence[Fixture]) -> list[str]:
    return [f"fixture '{f.id}' changed" for f in fixtures if in_log.get(f.id, f.hash) != f.hash]


def _cut(torn_bytes: int) -> str:
    return f"removed an incomplete last line of {torn_bytes} bytes, so its attempt is sent again"
