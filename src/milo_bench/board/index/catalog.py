"""A folder in, the run logs within it out: which there are, how far each has been read, and which is being written."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from milo_bench.board.index.checks_version import judged_by
from milo_bench.board.index.place import read_index
from milo_bench.board.index.records import LogIndex
from milo_bench.board.index.source import log_source
from milo_bench.core.errors import MiloError, UsageError
from milo_bench.store.log.lines import HEADER_START
from milo_bench.store.log.parquet import is_parquet_log

if TYPE_CHECKING:
    from milo_bench.board.index.indexing import LogIndexer

LOOK_AGAIN_S: Final = 5.0
QUIET_S: Final = 120.0  # a log without an end that nobody has written to for so long belongs to a run that was killed
_IN_PROCESS_BYTES: Final = 4 << 20  # a log with more to read than this is read by a process of its own
_MOST_LOGS: Final = 20_000
_SKIPPED: Final = frozenset({"node_modules", "__pycache__", "venv"})
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


@dataclass
class BoardLog:
    """One run log of the folder. ``id`` is its address; ``problem`` says why it cannot be read, "" where it can."""

    id: str
    path: Path
    name: str
    run_id: str = ""
    index: LogIndex | None = None
    problem: str = ""
    read_bytes: int = 0
    seen_size: int = -1  # of the file when it was last read to its end
    lock: threading.Lock = field(default_factory=threading.Lock)
    indexer: LogIndexer | None = None  # kept while the run goes on
    _mark: tuple[int, int] | None = None  # size and time of the file at the last look at whether it is live
    _looked_at: float = 0.0
    _changed_at: float = 0.0

    @property
    def size(self) -> int:
        """Of the log as lines, in bytes; 0 where it is gone."""
        try:
            return log_source(self.path).size()
        except (OSError, MiloError):
            return 0

    @property
    def is_behind(self) -> bool:
        """Whether the log has another size than when it was read last; what a kill left of a last line stays unread."""
        return self.index is None or self.size != self.seen_size

    def is_live(self, now: float) -> bool:
        """Whether a run is writing to it, as far as its last change tells.

        The file's own time is another clock where the folder is on another machine, and may be hours off. So a change
        that is seen between two looks counts by our clock; the file's time only where nobody looked before.
        """
        if self.index is None or self.index.end is not None or is_parquet_log(self.path):
            return False
        try:
            found = self.path.stat()
        except OSError:
            return False
        mark, before = (found.st_size, found.st_mtime_ns), self._mark
        if mark != before:
            grew = before is not None and (mark[0] != before[0] or mark[1] > before[1])
            seen_now = grew and now - self._looked_at < QUIET_S
            self._mark, self._changed_at = mark, now if seen_now else found.st_mtime
        self._looked_at = now
        return abs(now - self._changed_at) < QUIET_S

    def refresh(self) -> None:
        """Read what was written since, in this process. Errors are kept in ``problem``."""
        # Judging brings every check along, which a board on logs that it has read does not need.
        from milo_bench.board.index.indexing import LogIndexer

        with self.lock:
            try:
                self.seen_size = self.size
                if self.index is not None and self.size < self.index.read_bytes:
                    self.indexer = self.index = None  # it was rewritten
                if self.indexer is not None and not self.indexer.is_of_its_log():
                    self.indexer = self.index = None
                if self.indexer is None:
                    self.indexer = LogIndexer(self.path, read_index(self.path, judged_by()))
                self.index = self.indexer.advance()
                self.problem = ""
                if self.index.end is not None:
                    self.indexer = None
            except (MiloError, OSError) as error:
                self.problem = error.message if isinstance(error, MiloError) else str(error.strerror)
            except Exception as error:  # a fault of ours with one log, which must not end the reading of the others
                self.problem = f"The board could not read it ({type(error).__name__})."
                self.indexer = None


class Catalog:
    """The logs of a folder, found again every few seconds. A thread brings their indexes up to date."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            message = f"There is no folder at {folder}."
            raise UsageError(message, hint="give the folder of your run logs, for example: milo-bench board runs/")
        self.folder = folder
        self._logs: dict[str, BoardLog] = {}
        self._by_name: dict[str, BoardLog] = {}
        self._looked_at = 0.0
        self._lock = threading.Lock()
        self._waiting: queue.Queue[BoardLog | None] = queue.Queue()
        self._child: subprocess.Popen[bytes] | None = None
        self._worker = threading.Thread(target=self._work, name="board-index", daemon=True)
        self._closed = False

    def start(self) -> None:
        """Look through the folder once, and begin to read what has no index yet."""
        self.look()
        self._worker.start()

    def close(self) -> None:
        self._closed = True
        self._waiting.put(None)
        child = self._child
        if child is not None and child.poll() is None:
            child.kill()
        if self._worker.is_alive():
            self._worker.join(timeout=30)

    def logs(self) -> list[BoardLog]:
        """Every log, the newest run first."""
        if time.monotonic() - self._looked_at > LOOK_AGAIN_S:
            self.look()
        return sorted(self._logs.values(), key=_newest_first, reverse=True)

    def find(self, id: str) -> BoardLog | None:
        if id not in self._logs or time.monotonic() - self._looked_at > LOOK_AGAIN_S:
            self.look()
        return self._logs.get(id)

    def look(self) -> None:
        """Find the logs that came, and forget those that went."""
        with self._lock:
            self._looked_at = time.monotonic()
            seen = dict(_log_files(self.folder))
            for name in [name for name in self._by_name if name not in seen]:
                del self._logs[self._by_name.pop(name).id]
            for name, path in sorted(seen.items()):
                log = self._by_name.get(name)
                if log is not None and log.is_behind and _run_id(path) not in ("", log.run_id):
                    del self._logs[self._by_name.pop(name).id]  # another run was started in this file
                    log = None
                if log is None:
                    log = self._add(name, path)
                if log.is_behind and (not log.problem or log.size != log.seen_size):
                    self._waiting.put(log)

    def _add(self, name: str, path: Path) -> BoardLog:
        log = BoardLog("", path, name)
        try:
            log.index = read_index(path, judged_by())
            if log.index is not None and log.size == log.index.read_bytes:
                log.seen_size = log.size
        except OSError as error:
            log.problem = str(error.strerror)
        log.run_id = run_id = log.index.run_id if log.index is not None else _run_id(path)
        id = run_id if _PLAIN_ID.fullmatch(run_id) else sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        if id in self._logs:  # a copy of a log, or a second part of its run
            id = f"{id}.{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"
        log.id = id
        self._logs[id] = self._by_name[name] = log
        return log

    # ------------------------------------------------------------ reading, in a thread of its own

    def _work(self) -> None:
        while not self._closed:
            log = self._waiting.get()
            if log is None or self._closed:
                return
            if not log.is_behind or (log.problem and log.size == log.seen_size):
                continue
            read = log.index.read_bytes if log.index is not None else 0
            if log.size - read > _IN_PROCESS_BYTES and log.indexer is None:
                self._read_in_child(log)
            else:
                log.refresh()

    def _read_in_child(self, log: BoardLog) -> None:
        command = [sys.executable, "-m", "milo_bench.board.index.indexing", str(log.path)]
        with log.lock:
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603  our own module
            self._child = child
            log.seen_size = log.size
            assert child.stdout is not None
            said = ""
            for line in child.stdout:
                if line.strip().isdigit():
                    log.read_bytes = int(line)
                else:
                    said = line.decode("utf-8", "replace").strip()
            child.wait()
            self._child = None
            if self._closed:
                return
            try:
                log.index = read_index(log.path, judged_by())
            except OSError as error:
                log.problem = str(error.strerror)
            if child.returncode != 0:
                log.problem = said or "The process that reads it ended without a result."


def _newest_first(log: BoardLog) -> tuple[str, str]:
    return (log.index.created_at if log.index is not None else "", log.name)


def _log_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name within the folder, and path, of each run log; links are not followed."""
    found = 0
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _SKIPPED)
        for name in [name for name in folders if _is_parquet(Path(root) / name)]:
            folders.remove(name)
            names.append(name)
        for name in sorted(names):
            path = Path(root) / name
            if path.is_dir():
                yield path.relative_to(folder).as_posix(), path
                found += 1
                continue
            if not name.endswith(".jsonl") or name.endswith(".verdicts.jsonl") or path.is_symlink():
                continue
            if _begins_as_a_log(path):
                yield path.relative_to(folder).as_posix(), path
                found += 1
            if found >= _MOST_LOGS:
                return


def _is_parquet(path: Path) -> bool:
    return not path.is_symlink() and is_parquet_log(path) and not any(one.is_symlink() for one in path.rglob("*"))


def _begins_as_a_log(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(HEADER_START)) == HEADER_START
    except OSError:
        return False


def _run_id(path: Path) -> str:
    """From the first bytes of the log; "" where they do not have it."""
    try:
        first = log_source(path).first()[:200]
    except (OSError, MiloError):
        return ""
    found = re.match(rb'\{"type":"run","run_id":"([^"\\]{1,80})"', first)
    return found[1].decode("utf-8", "replace") if found else ""
