"""The address of a database and a query in, one case a row out; nothing in the database is changed.

The address is SQLAlchemy's, or the name of the variable that holds it as ``env:NAME``, so that a password is never
on the command line. It is kept in no file: the suite says which kind of database and which query its rows are from.
"""

from __future__ import annotations

import datetime
import decimal
import os
import re
from pathlib import Path
from typing import Any, Final

from milo_bench.core.errors import DataError, PrerequisiteError, UsageError
from milo_bench.suites.importing.columns import ImportRow, import_rows
from milo_bench.suites.importing.conversations import with_conversations
from milo_bench.suites.importing.importer import IMPORTERS, Imported, Importer, ImportRequest

MOST_ROWS: Final = 200_000
_READS: Final = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)


def import_database(request: ImportRequest) -> Imported:
    """A case for each row of the query. Raises UsageError for anything but one SELECT, PrerequisiteError and
    DataError where the database cannot be read.
    """
    if not request.query.strip():
        raise UsageError("A database needs a query.", hint="add --query 'SELECT id, text, label FROM tickets'.")
    statement = request.query.strip().rstrip(";")
    if not _READS.match(statement) or ";" in statement:
        raise UsageError("The query is not a single SELECT.", hint="write one statement that begins with SELECT.")
    result = Imported()
    rows, wished = with_conversations(_rows(request.address, statement), request, result)
    return import_rows(rows, wished, result)


def _rows(address: str, statement: str) -> list[ImportRow]:
    try:
        import sqlalchemy
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        message = "Reading a database needs SQLAlchemy."
        raise PrerequisiteError(message, hint="pip install 'milo-bench[sql]'") from None
    try:
        engine = sqlalchemy.create_engine(_read_only(sqlalchemy.make_url(_address(address))))
    except (SQLAlchemyError, ImportError, ValueError) as error:
        # The text of the error may quote the address, and a password with it.
        message = f"The address of the database cannot be used: {type(error).__name__}."
        raise UsageError(message, hint="write it as SQLAlchemy does, such as sqlite:///tickets.db.") from None
    try:
        with engine.connect() as connection:
            if engine.dialect.name in ("postgresql", "mysql", "mariadb"):
                connection.execute(sqlalchemy.text("SET TRANSACTION READ ONLY"))
            found = connection.execution_options(stream_results=True).execute(sqlalchemy.text(statement))
            columns = list(found.keys())
            rows = []
            for number, values in enumerate(found, start=1):
                if number > MOST_ROWS:
                    message = f"The query gives more than {MOST_ROWS:,} rows."
                    raise DataError(message, hint="add a WHERE or a LIMIT.")
                plain = {name: _plain(value) for name, value in zip(columns, values, strict=True)}
                rows.append(ImportRow(plain, f"row {number}"))
            connection.rollback()
            return rows
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0][:200]
        raise DataError(f"The query failed: {said}.", hint="try it in your database's own client.") from None
    finally:
        engine.dispose()


def _address(written: str) -> str:
    if not written.startswith("env:"):
        return written
    name = written.removeprefix("env:")
    if not os.environ.get(name):
        raise UsageError(f"The variable {name} is not set.", hint=f"export {name}=… with the database's address.")
    return os.environ[name]


def _read_only(url: Any) -> Any:
    """SQLite has no users, so its file is opened for reading alone; one that is missing is not made."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return url
    if not Path(url.database).is_file():
        raise UsageError(f"There is no database {url.database}.", hint="check the path in the address.")
    return url.set(database=f"file:{Path(url.database).resolve().as_posix()}", query={"mode": "ro", "uri": "true"})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat(sep=" ") if isinstance(value, datetime.datetime) else value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str | int | float | bool | list | dict) or value is None else str(value)


IMPORTERS.add("database", Importer(import_database))
