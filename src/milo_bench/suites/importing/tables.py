"""A CSV or JSON Lines file in, its rows out; a broken row is named and the rest is imported."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from milo_bench.config.written import Problem, place, read_text
from milo_bench.core.errors import DataError
from milo_bench.suites.fixtures import parse_line
from milo_bench.suites.importing.columns import ImportRow
from milo_bench.suites.importing.importer import Imported


def source_text(path: Path) -> str:
    """The text of a source file. Raises DataError where it cannot be read as UTF-8."""
    text = read_text(path)
    if isinstance(text, Problem):
        raise DataError(f"{text}.", hint=text.hint)
    return text


def csv_rows(path: Path, result: Imported) -> list[ImportRow]:
    """Rows of a CSV file with a header; comma, semicolon or tab between columns."""
    text = source_text(path)
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    rows: list[ImportRow] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = next(reader, [])
        for values in reader:
            where = place(path, reader.line_num)
            if not any(values):
                continue
            if len(values) != len(names):
                said = f"{len(values)} values for {len(names)} columns"
                result.broken.append(Problem(where, said, "quote values that contain the separator.", kind="data"))
                continue
            row: dict[str, Any] = dict(zip(names, values, strict=True))
            rows.append(ImportRow(row, where))
    except csv.Error as error:
        result.broken.append(Problem(place(path, reader.line_num), f"broken CSV: {error}", "correct it.", kind="data"))
    return rows


def jsonl_rows(path: Path, result: Imported) -> list[ImportRow]:
    """Rows of a JSON Lines file: one object a line."""
    rows: list[ImportRow] = []
    for number, line in enumerate(source_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        data = parse_line(line, place(path, number))
        if isinstance(data, Problem):
            result.broken.append(data)
        else:
            rows.append(ImportRow(data, place(path, number)))
    return rows


def table_rows(path: Path, result: Imported) -> list[ImportRow]:
    """Rows of a table by the ending of its name: .csv and .tsv, anything else is JSON Lines."""
    return (csv_rows if path.suffix.lower() in (".csv", ".tsv") else jsonl_rows)(path, result)
