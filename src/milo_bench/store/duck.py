"""A database in memory that loads nothing from elsewhere out; the one place that starts DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from milo_bench.core.errors import PrerequisiteError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def connect(memory: str, *, what: str, threads: int = 2) -> DuckDBPyConnection:
    """A connection with so much ``memory`` ("96MB"), for ``what``. Raises PrerequisiteError without DuckDB."""
    try:
        import duckdb
    except ImportError:
        message = f"{what} needs DuckDB, which is not installed."
        raise PrerequisiteError(message, hint="pip install 'milo-bench[board]'") from None
    return duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": memory,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": "",
        },
    )


def as_plain_path(path: str) -> str:
    """``path`` as DuckDB's readers take it for one file, where its folders have characters of a pattern."""
    return "".join(f"[{char}]" if char in "[*?" else char for char in path)
