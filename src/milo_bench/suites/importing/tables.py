"""A CSV or JSON Lines file in, its rows out; a broken row is named and the rest is imported."""

from __future__ import annotations

import csv
import itertools
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from milo_bench.config.written import FILE_LIMIT_BYTES, Problem, place, read_text
from milo_bench.core.errors import DataError, UsageError
from milo_bench.suites.bounded.charset import decode_by_letters
from milo_bench.suites.bounded.utf16 import marked_codec, utf16_without_mark
from milo_bench.suites.fixtures import parse_line
from milo_bench.suites.importing.columns import ImportRow
from milo_bench.suites.importing.heading import joined_names
from milo_bench.suites.importing.importer import Imported

MOST_BROKEN: Final = 1_000  # rows that are named one by one; a file with more is no table
_HEADER_WITHIN: Final = 30  # rows from the first one
_LOOKED_AT: Final = 100_000  # characters
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[ \t]*(?:\r\n|\n|\r)', re.IGNORECASE)
_SPACED: Final = re.compile(r'[^"\n]*[,;] "')  # a, "b": the space is no part of the value
_ESCAPED: Final = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
# Between a cell's quotation marks one that a backslash is before, and that ends no cell.
_ESCAPED_IN_CELL: Final = re.compile(r'(?:^|[,;\t|])"[^"\n]*(?<!\\)(?:\\\\)*\\"[^",;\t|\r\n]', re.MULTILINE)
_RULE: Final = re.compile(r":?-+:?")
_AS_FORMULA: Final = re.compile(r'="(.*)"', re.DOTALL)  # how a spreadsheet is told to leave digits as they are
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def source_text(path: Path) -> str:
    """The text of a source file. Raises DataError where it cannot be read as UTF-8."""
    text = read_text(path)
    if isinstance(text, Problem):
        raise DataError(f"{text}.", hint=text.hint)
    return text


def csv_rows(path: Path, result: Imported, *, header_row: int = 0) -> list[ImportRow]:
    """Rows of a CSV file with a header; comma, semicolon, tab or bar between columns.

    A line ``sep=;`` before the header names the separator, as spreadsheets write it. ``header_row`` is the header's
    line, from 1; without it titles above the header are seen past, and that is said. A row that is not CSV is named
    in ``result.broken``, and reading goes on at the line after its first one.
    """
    text = _plain_quotes(_table_text(path, result), path, result)
    rows = read_csv(text, path, result, header_row=header_row)
    return [ImportRow(values, place(path, line)) for line, values in rows]


def read_csv(text: str, path: Path, result: Imported, *, header_row: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a table's text by column, each with its line. What is broken is named in ``result``."""
    first_line = 1
    delimiter = ""
    if named := _SEPARATOR_LINE.match(text):
        text, delimiter, first_line = text[named.end() :], named[1], 2
    delimiter = delimiter or _delimiter(text)
    records = iter(_records(path, text, delimiter, first_line, result))
    if delimiter == "|":
        records = _inside_bars(records)
    after_blank: set[int] = set()
    records = _not_blank(records, after_blank)
    first = list(itertools.islice(records, _HEADER_WITHIN))
    at = header_index(first, header_row, path, result)
    line, names = first[at] if first else (1, [])
    titles = names
    if len(first) > at + 2 and (joined := joined_names(names, first[at + 1][1], [row for _, row in first[at + 2 :]])):
        titles, at = joined, at + 1
        result.guesses.append(f"the header of {path.name} is in two rows: {', '.join(filter(None, joined))}")
    columns = distinct_names(titles, place(path, line), result)
    header = [name.strip().casefold() for name in names]
    repeated = 0
    for line, values in itertools.chain(first[at + 1 :], records):
        if line in after_blank and len(values) == 1 and len(columns) > 1:
            said = f"a line below the table: '{values[0].strip()[:80]}'"
            result.not_carried.append(Problem(place(path, line), said, "no action needed if it is a note."))
            continue
        values = [match[1] if (match := _AS_FORMULA.fullmatch(value)) else value for value in values]
        while len(values) > len(columns) and not values[-1].strip():
            values.pop()  # spreadsheets end some rows with separators
        if len(names) > 1 and [value.strip().casefold() for value in values] == header:
            repeated += 1
            continue
        if len(columns) == 1:
            values = [delimiter.join(values)]  # in a table of one column a comma is a part of the text
        if len(values) != len(columns):
            said = f"{len(values)} {'value' if len(values) == 1 else 'values'} for {len(columns)} columns"
            result.broken.append(
                Problem(place(path, line), said, "quote values that contain the separator.", kind="data")
            )
            continue
        yield line, dict(zip(columns, values, strict=True))
    if repeated:
        rows = "1 repeated header row is" if repeated == 1 else f"{repeated} repeated header rows are"
        result.guesses.append(f"{rows} left out of {path.name}")


def _not_blank(records: Iterator[tuple[int, list[str]]], after_blank: set[int]) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank; the lines of those that follow a blank one are added to ``after_blank``."""
    was_blank = False
    for line, values in records:
        if any(values):
            if was_blank:
                after_blank.add(line)
            yield line, values
        was_blank = not any(values)


def _inside_bars(records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a Markdown table without the bars around them and the line below its header; others as they are."""
    outer = None
    for line, values in records:
        if outer is None and any(values):
            outer = len(values) > 2 and not values[0].strip() and not values[-1].strip()
        if not outer:
            yield line, values
        elif not all(_RULE.fullmatch(value.strip()) for value in values[1:-1]):
            yield line, [value.strip() for value in values[1:-1]]


def _delimiter(text: str) -> str:
    """What parts the columns in the first line that has any of the usual marks outside quotation marks."""
    start = text[:_LOOKED_AT].split("\n", _HEADER_WITHIN)
    for line in start:
        plain = _QUOTED.sub("", line)
        best = max(",;\t|", key=plain.count)
        if best in plain:
            return best
    return ","


def header_index(first: Sequence[tuple[int, list[str]]], header_row: int, path: Path, result: Imported) -> int:
    """Which of the first records is the header: that in ``header_row``, else the first below titles of one cell."""
    if header_row:
        found = next((index for index, (line, _) in enumerate(first) if line == header_row), None)
        if found is None:
            message = f"Line {header_row} of {path} is not a header with rows below it."
            raise UsageError(message, hint="choose another with --header-row N.")
        return found
    widths = [sum(bool(cell.strip()) for cell in cells) for _, cells in first]
    index = next((index for index, width in enumerate(widths) if width > 1), 0)
    names = [cell.strip() for cell in first[index][1]] if first else []
    below = first[index + 1 :]
    is_table = all(names) and len(set(names)) == len(names) and all(len(cells) == len(names) for _, cells in below)
    is_padded = all(len(cells) > 1 for _, cells in first[:index])
    if index == 0 or not below or not is_table or not (is_padded or len(names) > 2):
        return 0
    result.guesses.append(f"--header-row {first[index][0]}")
    return index


def _plain_quotes(text: str, path: Path, result: Imported) -> str:
    """``text`` with each quotation mark in a quoted cell doubled where the table has a backslash before it instead."""
    if not _ESCAPED_IN_CELL.search(text[:_LOOKED_AT]):
        return text
    result.guesses.append(f"quotation marks in cells of {path.name} have a backslash before them")
    return _ESCAPED.sub(r'\1""', text)


def _table_text(path: Path, result: Imported) -> str:
    """The text of a table: UTF-8, UTF-16, or a character set that its letters tell. Raises DataError."""
    text = read_text(path)
    if isinstance(text, str) and "\0" not in text:
        return text
    try:
        raw = path.read_bytes() if path.stat().st_size <= FILE_LIMIT_BYTES else b""
    except OSError:
        raw = b""
    if codec := marked_codec(raw):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            pass
    elif (said := utf16_without_mark(raw)) is not None:
        result.guesses.append(f"{path.name} is UTF-16 without a mark")
        return said
    if isinstance(text, str):
        result.guesses.append(f"{path.name} contains NUL characters, which are left out")
        return text.replace("\0", "")
    if raw and b"\x00" not in raw:
        said, charset = decode_by_letters(raw)
        result.guesses.append(f"{path.name} is {charset}, because it is not UTF-8")
        return said
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
    spaced = delimiter in ",;" and sum(bool(_SPACED.match(line)) for line in lines[:_HEADER_WITHIN]) > 0
    while start < len(lines):
        reader = csv.reader(lines[start:], delimiter=delimiter, strict=True, skipinitialspace=spaced)
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
