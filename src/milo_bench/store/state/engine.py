"""A statement in, rows or a count out: the one way to the state database, whether a file or a server keeps it.

Statements are SQL that SQLite and PostgreSQL both take, with ``:name`` for each value; for a tuple of values (at least
one) ``IN :name``. A gateway holds what it needs in memory and looks at its database each second: so a file is read with
Python's own ``sqlite3`` (``file``), and SQLAlchemy, which takes 13 MB, is loaded for a server (``server``), for copies
and to change the tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import sqlalchemy

Row: TypeAlias = dict[str, Any]


class StateError(Exception):
    """The database refused. ``kind`` is the driver's name for it; ``said`` is the driver's line, for who starts it.

    The text of the error is its kind alone: what a driver says may quote what was to be written.
    """

    def __init__(self, kind: str, said: str = "") -> None:
        super().__init__(kind)
        self.kind, self.said = kind, said or kind


class StateConflictError(StateError):
    """There is already a row of that name."""


def kind_of(error: Exception) -> str:
    """What kind of error it is, without its text."""
    return error.kind if isinstance(error, StateError) else type(error).__name__


class StateConnection(Protocol):
    """Both raise StateError where the database refuses, StateConflictError where a name is taken."""

    def rows(self, statement: str, **values: Any) -> list[Row]:
        """What a query finds, each row by the names of its columns."""
        ...

    def change(self, statement: str, **values: Any) -> int:
        """How many rows a statement changed."""
        ...


class Engine(Protocol):
    """One state database, for any number of threads. All of it raises StateError where it cannot be reached."""

    @property
    def path(self) -> Path | None:
        """The file that has its rows, None where a server has them."""
        ...

    @property
    def address(self) -> str:
        """What to call it, without a password."""
        ...

    def reading(self) -> AbstractContextManager[StateConnection]:
        """For queries, each of which sees what is written by then."""
        ...

    def writing(self) -> AbstractContextManager[StateConnection]:
        """For one transaction: all that is done in it counts at its end, or nothing if an error ends it."""
        ...

    def has_table(self, name: str) -> bool: ...

    def sqlalchemy(self) -> sqlalchemy.Engine:
        """The same database for SQLAlchemy; its connections are let go of with ``dispose`` of that engine."""
        ...

    def dispose(self) -> None:
        """Close connections that nobody uses."""
        ...


def insert_into(table: str, columns: Iterable[str], *, numbered: bool = False) -> str:
    """The statement that adds one row, with a value of each column's name.

    ``numbered`` gives it the table's next ``number`` in the same statement, so that two gateways give none twice.
    """
    names = tuple(columns)
    columns_text, values_text = ", ".join(names), ", ".join(f":{name}" for name in names)
    if numbered:
        columns_text += ", number"
        values_text += f", (SELECT coalesce(max(number), 0) + 1 FROM {table})"  # noqa: S608  our own names
    return f"INSERT INTO {table} ({columns_text}) VALUES ({values_text})"  # noqa: S608  our own names


def spread(statement: str, values: Row) -> tuple[str, Row]:
    """Write ``IN :name`` out where the value of that name is a tuple: with a name for each value in it."""
    for name, several in [(name, value) for name, value in values.items() if isinstance(value, tuple)]:
        each: Row = {f"{name}_{number}": value for number, value in enumerate(several)}
        statement = statement.replace(f"IN :{name}", f"IN ({', '.join(f':{one}' for one in each)})")
        values = {**{other: value for other, value in values.items() if other != name}, **each}
    return statement, values
