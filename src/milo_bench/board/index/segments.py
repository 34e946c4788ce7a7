"""Rows of an index in, Parquet files beside the log out."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from milo_bench.core.files import write_file, writing_by_name
from milo_bench.core.records import Frozen
from milo_bench.store import duck

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS_IN_SEGMENT: Final = 122_880
_ROW_GROUP: Final = 8_192  # rows whose texts are in memory at once while they are searched
_MEMORY: Final = "64MB"
_WRITING: Final = "512MB"  # at most, for a moment; large logs are written by a process of their own
_ATTEMPTS: Final = (
    "{n: 'BIGINT', start: 'BIGINT', size: 'INTEGER', kind: 'INTEGER', fixture: 'VARCHAR', repeat: 'INTEGER', "
    "words: 'INTEGER', latency_s: 'DOUBLE', text: 'VARCHAR', verdict_at: 'BIGINT', verdict_size: 'INTEGER'}"
)
_FIXTURES: Final = "{id: 'VARCHAR', start: 'BIGINT', size: 'INTEGER', tags: 'VARCHAR[]', text: 'VARCHAR'}"


def connect(*, writing: bool = False) -> DuckDBPyConnection:
    """A database for the board. Raises PrerequisiteError where DuckDB is missing."""
    return duck.connect(_WRITING if writing else _MEMORY, what="The board", threads=1 if writing else 2)


class SegmentWriter:
    """Collects rows and writes them as Parquet files into ``folder``, each under a name of its own."""

    def __init__(self, folder: Path, stem: str) -> None:
        self._folder, self._stem = folder, stem
        self._encode = msgspec.json.Encoder().encode
        self._rows: list[bytes] = []
        self._fixtures: list[bytes] = []

    @property
    def waiting(self) -> int:
        return len(self._rows)

    def add(self, row: Frozen) -> None:
        self._rows.append(self._encode(row))

    def add_fixture(self, row: Frozen) -> None:
        self._fixtures.append(self._encode(row))

    def flush(self) -> str:
        """The name of the file with the waiting attempts, "" where none wait."""
        rows, self._rows = self._rows, []
        return self._write(rows, _ATTEMPTS, "a")

    def flush_fixtures(self) -> str:
        rows, self._fixtures = self._fixtures, []
        return self._write(rows, _FIXTURES, "f")

    def _write(self, rows: Sequence[bytes], columns: str, letter: str) -> str:
        if not rows:
            return ""
        name = f"{self._stem}.{letter}{secrets.token_hex(6)}.parquet"
        lines = self._folder / f"{name}.lines"
        write_file(lines, b"\n".join(rows))
        try:
            with writing_by_name(self._folder / name) as part, connect(writing=True) as database:
                database.execute(
                    f"COPY (SELECT * FROM read_json($lines, format='newline_delimited', columns={columns}, "  # noqa: S608
                    "maximum_object_size=1048576)) TO $part "
                    f"(FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {_ROW_GROUP})",
                    {"lines": duck.as_plain_path(str(lines)), "part": str(part)},
                )
        finally:
            lines.unlink(missing_ok=True)
        return name


def merge_segments(folder: Path, stem: str, names: Sequence[str]) -> str:
    """The attempts of several files in a new one, in order; its name."""
    name = f"{stem}.a{secrets.token_hex(6)}.parquet"
    with writing_by_name(folder / name) as part, connect(writing=True) as database:
        database.execute(
            "COPY (SELECT * FROM read_parquet($files) ORDER BY n) TO $part "  # noqa: S608
            f"(FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {_ROW_GROUP})",
            {"files": [duck.as_plain_path(str(folder / one)) for one in names], "part": str(part)},
        )
    return name
