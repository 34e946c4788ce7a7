"""A database's URL in, an engine on its current schema out; SQLite files are private to their owner and in WAL mode."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.core.files import PRIVATE

STATE_VARIABLE: Final = "MILO_BENCH_STATE"
DEFAULT_STATE: Final = "milo-state.db"
_VERSIONS: Final = Path(__file__).parent / "versions"
_BUSY_MS: Final = 10_000
_MAKING_MS: Final = 120_000  # to make all tables, on a machine with other work
_MAKING_LOCK: Final = 0x4D494C4F  # any number, the same in each version


def state_url(given: str) -> str:
    """A path or a URL as a URL; SQLite where it is a path."""
    return given if "://" in given else f"sqlite:///{given}"


def open_state(given: str, *, make: bool = True, apart: bool = False) -> Engine:
    """The engine for ``given``, its tables made or brought up to date.

    ``make`` is false for commands that only read: then a file that is not there is a PrerequisiteError.
    ``apart`` makes the tables in a process of its own, for one that is to stay small: alembic takes 10 MB.
    Raises UsageError for a URL that cannot be used, PrerequisiteError where the database cannot be reached.
    """
    try:
        url = make_url(state_url(given))
        engine = create_engine(url)
    except ImportError as error:
        message = f"The driver for this state database is missing: {error.name}."
        raise PrerequisiteError(message, hint='pip install "psycopg[binary]" for PostgreSQL.') from None
    except (ArgumentError, NoSuchModuleError, ValueError):
        message = "The state database is not a file or a URL that can be used."
        raise UsageError(message, hint="give a file name, or e.g. postgresql+psycopg://USER@HOST/NAME") from None
    if url.get_backend_name() == "sqlite":
        _prepare_file(url.database or "", make=make)
        event.listen(engine, "connect", _set_up_sqlite)
    with _database_errors(engine.url.render_as_string(hide_password=True)):
        if apart and not _is_current(engine):
            # What it cannot do is done below, and said there.
            command = [sys.executable, "-m", __name__]
            subprocess.run(command, input=given.encode(), capture_output=True, check=False)  # noqa: S603  our own module
        _bring_up_to_date(engine)
    return engine


STATE_LOST: Final = "its file was removed or moved"


class StateFile:
    """Where an engine's rows are: a file that must stay in its place, if it is SQLite's."""

    def __init__(self, engine: Engine) -> None:
        name = engine.url.database if engine.dialect.name == "sqlite" else None
        self._path = Path(name) if name and name != ":memory:" else None
        self._opened = None if self._path is None else self._path.stat()

    def is_kept(self) -> bool:
        """Whether it is still the file that was opened: what is written to a removed or moved one is lost."""
        if self._path is None or self._opened is None:
            return True
        try:
            return os.path.samestat(self._path.stat(), self._opened)
        except OSError:
            return False


def _prepare_file(name: str, *, make: bool) -> None:
    if not name or name == ":memory:":
        return
    path = Path(name)
    if not path.exists():
        if not make:
            message = f"There is no state database at {path}."
            raise PrerequisiteError(message, hint="name the one of 'milo-bench serve' with --state.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE))
        except OSError as error:
            message = f"Cannot write {path}: {error.strerror}."
            raise PrerequisiteError(message, hint="check the folder and its permissions.") from None


def _set_up_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # an answer that was given to a client outlives a power cut
    cursor.close()


@contextmanager
def _database_errors(shown: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        said = str(error.orig).splitlines()[0] if error.orig is not None and str(error.orig) else type(error).__name__
        message = f"Cannot use the state database {shown}: {said}."
        raise PrerequisiteError(message, hint="check its address, its rights and that it is running.") from None


def _is_current(engine: Engine) -> bool:
    """Raises PrerequisiteError for a database that a newer version wrote."""
    wanted = newest_version()
    if not inspect(engine).has_table("alembic_version"):
        return False
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found > wanted:
        message = f"The state database has schema {found}, but this version knows {wanted}."
        raise PrerequisiteError(message, hint="use the Milo Bench version that wrote it.")
    return bool(found == wanted)


def _bring_up_to_date(engine: Engine) -> None:
    if _is_current(engine):
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.begin() as connection:
        _wait_for_others(connection)
        if _is_current(engine):
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _wait_for_others(connection: Connection) -> None:
    """Until no other gateway, board or command makes the tables: they may all start at once on a new database."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_MAKING_MS}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql(f"PRAGMA busy_timeout={_BUSY_MS}")
    elif connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MAKING_LOCK})


def newest_version() -> str:
    """The number of the newest schema: versions are files called NNNN_what.py."""
    return max(path.stem.split("_")[0] for path in _VERSIONS.glob("[0-9]*.py"))


if __name__ == "__main__":
    open_state(sys.stdin.read()).dispose()
