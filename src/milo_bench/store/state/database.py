"""A database's file or URL in, an engine on its current schema out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from milo_bench.core.errors import PrerequisiteError
from milo_bench.store.state.engine import Engine, StateError
from milo_bench.store.state.file import BUSY_MS, FileEngine, prepare_file

if TYPE_CHECKING:
    from sqlalchemy import Connection

STATE_VARIABLE: Final = "MILO_BENCH_STATE"
DEFAULT_STATE: Final = "milo-state.db"
_VERSIONS: Final = Path(__file__).parent / "versions"
_FILE: Final = "sqlite:///"
_MAKING_MS: Final = 120_000  # to make all tables, on a machine with other work
_MAKING_LOCK: Final = 0x4D494C4F  # any number, the same in each version


def open_state(given: str, *, make: bool = True, apart: bool = False) -> Engine:
    """The engine for ``given``, a path or a URL, its tables made or brought up to date.

    ``make`` is false for commands that only read: then a file that is not there is a PrerequisiteError.
    ``apart`` makes the tables in a process of its own, for one that is to stay small: alembic takes 10 MB.
    Raises UsageError for a URL that cannot be used, PrerequisiteError where the database cannot be reached.
    """
    engine = _engine(given)
    if engine.path is not None:
        prepare_file(engine.path, make=make)
    with _database_errors(engine.address):
        if apart and not _is_current(engine):
            # What it cannot do is done below, and said there.
            command = [sys.executable, "-m", __name__]
            subprocess.run(command, input=given.encode(), capture_output=True, check=False)  # noqa: S603  our own module
        _bring_up_to_date(engine)
    return engine


def _engine(given: str) -> Engine:
    name = given.removeprefix(_FILE)
    if name not in ("", ":memory:") and "://" not in name and not (name != given and "?" in name):
        return FileEngine(Path(name))
    from milo_bench.store.state.server import ServerEngine

    return ServerEngine(given if "://" in given else f"{_FILE}{given}")


STATE_LOST: Final = "its file was removed or moved"


class StateFile:
    """Where an engine's rows are: a file that must stay in its place, if it is SQLite's."""

    def __init__(self, engine: Engine) -> None:
        self._path = engine.path
        self._opened = None if self._path is None else self._path.stat()

    def is_kept(self) -> bool:
        """Whether it is still the file that was opened: what is written to a removed or moved one is lost."""
        if self._path is None or self._opened is None:
            return True
        try:
            return os.path.samestat(self._path.stat(), self._opened)
        except OSError:
            return False


@contextmanager
def _database_errors(shown: str) -> Iterator[None]:
    try:
        yield
    except StateError as error:
        message = f"Cannot use the state database {shown}: {error.said}."
        raise PrerequisiteError(message, hint="check its address, its rights and that it is running.") from None


def _is_current(engine: Engine) -> bool:
    """Raises PrerequisiteError for a database that a newer version wrote."""
    wanted = newest_version()
    if not engine.has_table("alembic_version"):
        return False
    with engine.reading() as connection:
        rows = connection.rows("SELECT version_num FROM alembic_version")
    found = rows[0]["version_num"] if rows else None
    if found is not None and found > wanted:
        message = f"The state database has schema {found}, but this version knows {wanted}."
        raise PrerequisiteError(message, hint="use the Milo Bench version that wrote it.")
    return bool(found == wanted)


def _bring_up_to_date(engine: Engine) -> None:
    if _is_current(engine):
        return
    from alembic import command
    from alembic.config import Config

    from milo_bench.store.state.server import refusals

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    alchemy = engine.sqlalchemy()
    try:
        with refusals(), alchemy.begin() as connection:
            _wait_for_others(connection)
            if _is_current(engine):
                return
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        alchemy.dispose()


def _wait_for_others(connection: Connection) -> None:
    """Until no other gateway, board or command makes the tables: they may all start at once on a new database."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_MAKING_MS}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_MS}")
    elif connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING_LOCK})")


def newest_version() -> str:
    """The number of the newest schema: versions are files called NNNN_what.py."""
    return max(path.stem.split("_")[0] for path in _VERSIONS.glob("[0-9]*.py"))


if __name__ == "__main__":
    open_state(sys.stdin.read()).dispose()
