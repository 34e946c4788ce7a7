"""The path of a SQLite file in, an engine on it out: private to its owner and in WAL mode."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.files import PRIVATE
from milo_bench.store.state.engine import Row, StateConflictError, StateConnection, StateError, spread

if TYPE_CHECKING:
    import sqlalchemy

BUSY_MS: Final = 10_000
# An answer that was given to a client outlives a power cut.
_SET_UP: Final = (f"PRAGMA busy_timeout={BUSY_MS}", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")
_KEPT_OPEN: Final = 5
_AGAIN_S: Final = 0.01


def set_up(execute: Callable[[str], object]) -> None:
    """Set a new connection up with ``execute``.

    Where several processes switch a new file to WAL at the same moment, SQLite refuses all but one at once and does
    not wait (https://sqlite.org/wal.html). So we wait ourselves, as long as for any other lock.
    """
    until_s = time.monotonic() + BUSY_MS / 1e3
    for statement in _SET_UP:
        while True:
            try:
                execute(statement)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until_s:
                    raise
                time.sleep(_AGAIN_S)
            else:
                break


def prepare_file(path: Path, *, make: bool) -> None:
    """See that the file is there. Raises PrerequisiteError where it is not and ``make`` is false, or it cannot be."""
    if path.exists():
        return
    if not make:
        message = f"There is no state database at {path}."
        raise PrerequisiteError(message, hint="name the one of 'milo-bench serve' with --state.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE))
    except OSError as error:
        message = f"Cannot write {path}: {error.strerror}."
        raise PrerequisiteError(message, hint="check the folder and its permissions.") from None


class FileEngine:
    """A state database in a SQLite file, as ``engine.Engine`` says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[_FileConnection] = []

    @property
    def path(self) -> Path | None:
        return self._path

    @property
    def address(self) -> str:
        return f"sqlite:///{self._path}"

    @contextmanager
    def reading(self) -> Iterator[StateConnection]:
        with self._lent() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[StateConnection]:
        with self._lent() as connection:
            # Not when it first writes: what it read before that could be out of date.
            connection.change("BEGIN IMMEDIATE")
            yield connection
            connection.change("COMMIT")

    def has_table(self, name: str) -> bool:
        with self.reading() as connection:
            return bool(connection.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name", name=name))

    def sqlalchemy(self) -> sqlalchemy.Engine:
        from sqlalchemy import URL

        from milo_bench.store.state.server import alchemy_engine

        return alchemy_engine(URL.create("sqlite", database=str(self._path)))

    def dispose(self) -> None:
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _lent(self) -> Iterator[_FileConnection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = _FileConnection(self._path)
        try:
            yield connection
        except BaseException:
            connection.close()  # which takes back what it has not committed
            raise
        if len(self._idle) < _KEPT_OPEN:
            self._idle.append(connection)
        else:
            connection.close()


class _FileConnection:
    def __init__(self, path: Path) -> None:
        with _refusals():
            # Transactions are begun and ended here, and one thread after the other uses it.
            self._raw = sqlite3.connect(path, timeout=BUSY_MS / 1e3, isolation_level=None, check_same_thread=False)
            try:
                set_up(self._raw.execute)
            except BaseException:
                self._raw.close()
                raise

    def rows(self, statement: str, **values: Any) -> list[Row]:
        with _refusals():
            found = self._raw.execute(*spread(statement, values))
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def change(self, statement: str, **values: Any) -> int:
        with _refusals():
            return self._raw.execute(*spread(statement, values)).rowcount

    def close(self) -> None:
        self._raw.close()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise StateConflictError(type(error).__name__, str(error)) from None
    except sqlite3.Error as error:
        raise StateError(type(error).__name__, str(error)) from None
