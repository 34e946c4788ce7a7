"""The address of a database in, an engine on it through SQLAlchemy out: PostgreSQL, or SQLite with options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.store.state.engine import Row, StateConflictError, StateConnection, StateError, spread
from milo_bench.store.state.file import set_up


def alchemy_engine(address: str | URL) -> sqlalchemy.Engine:
    """Raises UsageError for an address that cannot be used, PrerequisiteError where its driver is missing."""
    try:
        engine = sqlalchemy.create_engine(make_url(address))
    except ImportError as error:
        message = f"The driver for this state database is missing: {error.name}."
        raise PrerequisiteError(message, hint='pip install "psycopg[binary]" for PostgreSQL.') from None
    except (ArgumentError, NoSuchModuleError, ValueError):
        message = "The state database is not a file or a URL that can be used."
        raise UsageError(message, hint="give a file name, or e.g. postgresql+psycopg://USER@HOST/NAME") from None
    if engine.dialect.name == "sqlite":
        sqlalchemy.event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    set_up(cursor.execute)
    cursor.close()


class ServerEngine:
    """A state database at an address, as ``engine.Engine`` says. Raises as ``alchemy_engine`` does."""

    def __init__(self, address: str) -> None:
        self._engine = alchemy_engine(address)

    @property
    def path(self) -> Path | None:
        name = self._engine.url.database if self._engine.dialect.name == "sqlite" else None
        return Path(name) if name and name != ":memory:" else None

    @property
    def address(self) -> str:
        return self._engine.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[StateConnection]:
        with refusals(), self._engine.connect() as connection:
            yield _ServerConnection(connection)

    @contextmanager
    def writing(self) -> Iterator[StateConnection]:
        with refusals(), self._engine.begin() as connection:
            yield _ServerConnection(connection)

    def has_table(self, name: str) -> bool:
        with refusals():
            return sqlalchemy.inspect(self._engine).has_table(name)

    def sqlalchemy(self) -> sqlalchemy.Engine:
        return self._engine

    def dispose(self) -> None:
        self._engine.dispose()


class _ServerConnection:
    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, **values: Any) -> list[Row]:
        with refusals():
            return [dict(row) for row in self._execute(statement, values).mappings()]

    def change(self, statement: str, **values: Any) -> int:
        with refusals():
            return self._execute(statement, values).rowcount

    def _execute(self, statement: str, values: Row) -> sqlalchemy.CursorResult[Any]:
        written, given = spread(statement, values)
        return self._connection.execute(sqlalchemy.text(written), given)


@contextmanager
def refusals() -> Iterator[None]:
    """SQLAlchemy's errors as those of the state database."""
    try:
        yield
    except SQLAlchemyError as error:
        lines = str(error.orig).splitlines() if isinstance(error, DBAPIError) else []
        refused = StateConflictError if isinstance(error, IntegrityError) else StateError
        raise refused(type(error).__name__, lines[0] if lines else "") from None
