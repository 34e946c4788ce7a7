"""A state database in, the same rows in another, empty one out: SQLite and PostgreSQL, either way."""

from __future__ import annotations

from typing import Final

import sqlalchemy
from sqlalchemy import Table, func, insert, select, text

from milo_bench.core.errors import UsageError
from milo_bench.store.state.engine import Engine
from milo_bench.store.state.server import refusals
from milo_bench.store.state.tables import METADATA

ROWS_AT_ONCE: Final = 500


def copy_rows(source: Engine, into: Engine) -> dict[str, int]:
    """Copy every row of ``source`` into ``into``; the number of rows by table.

    What is read is one moment of ``source``, which others may write to meanwhile; what is written is all of it or
    nothing. Both have the current schema. Raises UsageError if ``into`` has rows already.
    """
    reading_from, writing_to = source.sqlalchemy(), into.sqlalchemy()
    try:
        with refusals():
            return _copy_tables(reading_from, writing_to)
    finally:
        reading_from.dispose()
        writing_to.dispose()


def _copy_tables(source: sqlalchemy.Engine, into: sqlalchemy.Engine) -> dict[str, int]:
    rows: dict[str, int] = {}
    snapshot = "REPEATABLE READ" if source.dialect.name == "postgresql" else "AUTOCOMMIT"
    with source.connect().execution_options(isolation_level=snapshot) as reading, into.begin() as writing:
        if source.dialect.name == "sqlite":
            reading.exec_driver_sql("BEGIN")  # its first read fixes the moment; the driver itself would begin none
        for table in METADATA.sorted_tables:
            if writing.execute(select(func.count()).select_from(table)).scalar():
                message = f"The state database has rows already, in {table.name}."
                raise UsageError(message, hint="name a new one with --state.")
            rows[table.name] = 0
            for part in reading.execute(select(table)).mappings().partitions(ROWS_AT_ONCE):
                writing.execute(insert(table), [dict(row) for row in part])
                rows[table.name] += len(part)
        if into.dialect.name == "postgresql":
            for table in METADATA.sorted_tables:
                if table.autoincrement_column is not None and rows[table.name]:
                    writing.execute(text(_next_number(table)))
    return rows


def _next_number(table: Table) -> str:
    """PostgreSQL counts on from its own sequence, which rows that bring their numbers leave where it was."""
    column = table.autoincrement_column
    assert column is not None
    return (
        f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), "  # noqa: S608  our own names
        f"(SELECT max({column.name}) FROM {table.name}))"
    )
