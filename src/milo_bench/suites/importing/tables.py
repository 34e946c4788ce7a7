"""A CSV or JSON Lines file in, its rows out; a broken row is named and the rest is imported."""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from milo_bench.config.written import FILE_LIMIT_BYTES, Problem, place, read_text
from milo_bench.core.errors import DataError
from milo_bench.suites.bounded.utf16 import utf16_without_mark
from milo_bench.suites.fixtures import parse_line
from milo_bench.suites.importing.columns import ImportRow
from milo_bench.suites.importing.importer import Imported

MOST_BROKEN: Final = 1_000  # rows that are named one by one; a file with more is no table
_SEPARATOR_LINE = re.compile(r"sep=(.)[ \t]*(?:\r\n|\n|\r)", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def source_text(path: Path) -> str:
    """The text of a source file. Raises DataError where it cannot be read as UTF-8."""
    text = read_text(path)
    if isinstance(text, Problem):
        raise DataError(f"{text}.", hint=text.hint)
    return text


def csv_rows(path: Path, result: Imported) -> list[ImportRow]:
    """Rows of a CSV file with a header; comma, semicolon or tab between columns.

    A line ``sep=;`` before the header names the separator, as spreadsheets write it. A row that is
    not CSV is named in ``result.broken``, and reading goes on at the line after its first one.
    """
    text = _table_text(path, result)
    return [ImportRow(values, place(path, line)) for line, values in read_csv(text, path, result)]


def read_csv(text: str, path: Path, result: Imported) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a table's text by column, each with its line. What is broken is named in ``result``."""
    first_line = 1
    delimiter = ""
    if named := _SEPARATOR_LINE.match(text):
        text, delimiter, first_line = text[named.end() :], named[1], 2
    header = _QUOTED.sub("", text.partition("\n")[0])
    records = _records(path, text, delimiter or max(",;\t", key=header.count), first_line, result)
    _, names = next(records, (0, []))
    columns = distinct_names(names, place(path, 1), result)
    for line, values in records:
        if not any(values):
            continue
        while len(values) > len(columns) and not values[-1].strip():
            values.pop()  # spreadsheets end some rows with separators
        if len(values) != len(columns):
            said = f"{len(values)} values for {len(columns)} columns"
            result.broken.append(
                Problem(place(path, line), said, "quote values that contain the separator.", kind="data")
            )
            continue
        yield line, dict(zip(columns, values, strict=True))


def _table_text(path: Path, result: Imported) -> str:
    """The text of a table: UTF-8, UTF-16, or else Windows-1252, which is said. Raises DataError."""
    text = read_text(path)
    if isinstance(text, str) and "\0" not in text:
        return text
    try:
        raw = path.read_bytes() if path.stat().st_size <= FILE_LIMIT_BYTES else b""
    except OSError:
        raw = b""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError:
            pass
    elif (said := utf16_without_mark(raw)) is not None:
        result.guesses.append(f"{path.name} is UTF-16 without a mark")
        return said
    if isinstance(text, str):
        result.guesses.append(f"{path.name} contains NUL characters, which are left out")
        return text.replace("\0", "")
    if raw and b"\x00" not in raw:
        result.guesses.append(f"{path.name} is Windows-1252, because it is not UTF-8")
        return raw.decode("cp1252", "replace")
    raise DataError(f"{text}.", hint=text.hint)


def _records(
    path: Path, text: str, delimiter: str, first_line: int, result: Imported
) -> Iterator[tuple[int, list[str]]]:
    """Records with the line on which each begins."""
    csv.field_size_limit(sys.maxsize)  # a document in a cell is a document; the file as a whole is bounded
    # Not by splitlines: a cell may hold a line separator of Unicode. A lone CR ends a line where old programs wrote it.
    ends = r"(?<=\n)" if "\r" not in text.replace("\r\n", "") else r"(?<=[\n\r])"
    lines = [line for line in re.split(ends, text) if line]
    start = 0
    while start < len(lines):
        reader = csv.reader(lines[start:], delimiter=delimiter, strict=True)
        begins = 0
        try:
            for values in reader:
                yield first_line + start + begins, values
                begins = reader.line_num
            return
        except csv.Error as error:
            if len(result.broken) >= MOST_BROKEN:
                message = f"{path} has more than {MOST_BROKEN:,} rows that are not CSV."
                raise DataError(message, hint="export it again as CSV with quoted values.") from None
            said = f"broken CSV: {error}"
            where = place(path, first_line + start + begins)
            result.broken.append(Problem(where, said, "correct this row. The rest is imported.", kind="data"))
            start += begins + 1


def distinct_names(names: Sequence[str], where: str, result: Imported) -> list[str]:
    """Column names, each of them once: a second one of a name, or one without, is named anew and said."""
    columns: list[str] = []
    seen: Counter[str] = Counter()
    for number, name in enumerate(names, start=1):
        plain = name.strip() or f"column {number}"
        seen[plain] += 1
        if seen[plain] > 1:
            anew = f"{plain} ({seen[plain]})"
            said = f"two columns have the same name '{plain}'. The later one is read as '{anew}'"
            result.not_carried.append(Problem(where, said, "give every column a name of its own."))
            plain = anew
        columns.append(plain)
    return columns


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
