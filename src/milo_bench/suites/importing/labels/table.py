"""The label file of a folder of documents in, its rows out, with the column that names the documents."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from milo_bench.core.errors import DataError, UsageError
from milo_bench.suites.importing.columns import ImportRow
from milo_bench.suites.importing.importer import Imported, ImportRequest
from milo_bench.suites.importing.sheet_rows import is_locked_table, is_packed, is_spreadsheet, sheet_rows
from milo_bench.suites.importing.tables import csv_rows, jsonl_rows

FILE_NAMES: Final = (
    "file",
    "filename",
    "file_name",
    "file name",
    "path",
    "document",
    "datei",
    "dateiname",
    "name",
    "id",
)
_TRIED: Final = 200  # rows whose values are looked at
LABEL_FILES: Final = tuple(f"labels{ending}" for ending in (".csv", ".jsonl", ".tsv", ".xlsx", ".xls", ".ods"))


def find_label_file(request: ImportRequest, result: Imported) -> Path:
    """``request.labels``, also from within the folder; else ``labels.*`` in it. Raises UsageError."""
    folder = request.source if request.source.is_dir() else request.source.parent
    if request.labels is not None:
        inside = folder / request.labels
        return inside if not request.labels.exists() and inside.is_file() else request.labels
    for name in LABEL_FILES:
        if (folder / name).is_file():
            result.guesses.append(f"--labels {folder / name}")
            return folder / name
    message = f"There is no label file for {request.source}."
    new = shlex.join(("milo-bench", "suite", "labels", str(request.source), "--out", "labels.csv"))
    raise UsageError(message, hint=f"{new}, fill it in, and import with --labels labels.csv")


def label_rows(
    labels: Path, request: ImportRequest, result: Imported, is_document: Callable[[str], object] = lambda _: False
) -> tuple[list[ImportRow], str]:
    """The rows and the name of the column with the documents' names. Raises UsageError if there is none.

    Where no column has a name for that, the one is guessed in which most values are documents.
    """
    if is_spreadsheet(labels) or is_locked_table(labels):
        rows = sheet_rows(labels, request, result, likely=FILE_NAMES)
    elif is_packed(labels):
        raise DataError(f"{labels} is not a table that can be read.", hint="save it as .xlsx or .csv.")
    elif labels.suffix.lower() in (".jsonl", ".ndjson"):
        rows = jsonl_rows(labels, result)
    else:
        rows = csv_rows(labels, result, header_row=request.header_row)
    columns = list(dict.fromkeys(column for row in rows for column in row.values))
    return rows, _file_column(labels, columns, request.id_column) or _by_values(
        labels, rows, columns, result, is_document
    )


def _file_column(labels: Path, columns: Sequence[str], named: str) -> str:
    if named:
        if named in columns:
            return named
        message = f"{labels} has no column '{named}'."
        raise UsageError(message, hint=f"name one of its columns with --id: {', '.join(columns) or 'none'}.")
    folded = {column.casefold(): column for column in reversed(columns)}
    found = next((folded[name] for name in FILE_NAMES if name in folded), None)
    return found or ""


def _by_values(
    labels: Path,
    rows: Sequence[ImportRow],
    columns: Sequence[str],
    result: Imported,
    is_document: Callable[[str], object],
) -> str:
    """The column whose values name documents, more of them than in any other column. Raises UsageError."""
    some = rows[:_TRIED]
    named = {column: sum(bool(is_document(str(row.values.get(column) or ""))) for row in some) for column in columns}
    best = max(named, key=lambda column: named[column], default="")
    if not best or 2 * named[best] <= len(some) or list(named.values()).count(named[best]) > 1:
        message = f"{labels} has no column with the document names."
        raise UsageError(message, hint=f"name it 'file', or choose one with --id: {', '.join(columns) or 'none'}.")
    result.guesses.append(f"--id {best}")
    return best
