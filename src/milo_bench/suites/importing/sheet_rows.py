"""A spreadsheet in, the rows of one of its tables out; the sheet and the header row are chosen or guessed and said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from milo_bench.config.written import FILE_LIMIT_BYTES, Problem
from milo_bench.core.errors import DataError, PrerequisiteError, UsageError
from milo_bench.core.suggest import hint_for
from milo_bench.suites.bounded.broken import DocumentBroken, PackageMissing
from milo_bench.suites.bounded.locked import is_locked
from milo_bench.suites.documents.reader import file_bytes
from milo_bench.suites.importing.apart import ReadApart
from milo_bench.suites.importing.columns import ImportRow
from milo_bench.suites.importing.heading import joined_names
from milo_bench.suites.importing.importer import Imported, ImportRequest
from milo_bench.suites.importing.tables import distinct_names
from milo_bench.suites.sheets.workbook import Cell, WorkSheet, cell_name, sheet_format

_HEADER_WITHIN: Final = 30  # rows from the first one; titles and addresses come before a table
_COVER: Final = 4  # times the cells of a sheet that is not read for a larger one
_NumberedRow = tuple[int, list[Cell]]


def is_spreadsheet(path: Path) -> bool:
    """Whether the file's content is that of a spreadsheet, whatever it is called."""
    try:
        return path.stat().st_size <= FILE_LIMIT_BYTES and bool(sheet_format(path.read_bytes()))
    except OSError:
        return False


def is_locked_table(path: Path) -> bool:
    """Whether the file is an office file that needs a password."""
    try:
        return path.stat().st_size <= FILE_LIMIT_BYTES and is_locked(path.read_bytes())
    except OSError:
        return False


def is_packed(path: Path) -> bool:
    """Whether the file is a container of some office program, and no text."""
    try:
        with path.open("rb") as file:
            return file.read(8).startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
    except OSError:
        return False


def sheet_rows(path: Path, request: ImportRequest, result: Imported, *, likely: Sequence[str] = ()) -> list[ImportRow]:
    """Rows of the table in a spreadsheet: from ``request.sheet`` and ``request.header_row``, else from a guess.

    The guess prefers a sheet with the columns that the request names, then one with a column of ``likely``.
    Raises UsageError for a sheet that is not there, DataError for a file without a table, PrerequisiteError
    for one that needs a package.
    """
    try:
        with ReadApart(request.time_limit_s) as apart:
            sheets = apart.read_sheets(path, file_bytes(path))
    except PackageMissing as missing:
        raise PrerequisiteError(f"{path}: {missing}.", hint=missing.hint) from None
    except DocumentBroken as broken:
        hint = "save it again as .xlsx or .csv." if broken.hint == DocumentBroken.HINT else broken.hint
        raise DataError(f"{path}: {broken}.", hint=hint) from None
    sheet, header, rows = _table(path, sheets, request, likely, result)
    at, names = rows[header]
    titles = [_heading(name) for name in names]
    below = rows[header + 1 :]
    if len(below) > 1 and (joined := joined_names(titles, below[0][1], [cells for _, cells in below[1:]])):
        titles, below = joined, below[1:]
        result.guesses.append(f"the header of sheet '{sheet.name}' is in two rows: {', '.join(filter(None, joined))}")
    below = _without_notes(below, f"{path} sheet {sheet.name}", result)
    columns = distinct_names(titles, f"{path} sheet {sheet.name} row {at}", result)
    used = [index for index in range(len(columns)) if any(values[index] is not None for _, values in rows[header:])]
    unread: dict[int, set[str]] = {}
    for row, column, said in sheet.notes:
        where = f"{path} sheet {sheet.name} cell {cell_name(row, column)}"
        result.not_carried.append(Problem(where, said, "its value is unknown, so no answer is compared with it."))
        if column < len(columns):
            unread.setdefault(row + 1, set()).add(columns[column])
    if sheet.hidden_rows:
        result.guesses.append(f"{sheet.hidden_rows} hidden rows of sheet '{sheet.name}' are read as well")
    return [
        ImportRow(
            {columns[index]: values[index] for index in used},
            f"{path} sheet {sheet.name} row {number}",
            unread=frozenset(unread.get(number, ())),
            numbers={
                columns[index]: sheet.numbers[number - 1, index]
                for index in used
                if (number - 1, index) in sheet.numbers
            },
        )
        for number, values in below
        if any(value is not None and str(value).strip() for value in values)
    ]


def _without_notes(rows: Sequence[_NumberedRow], where: str, result: Imported) -> list[_NumberedRow]:
    """The rows without lines of one cell at the end that a blank row parts from the table; those are said."""
    kept = list(rows)
    notes: list[_NumberedRow] = []
    while kept and len(kept[-1][1]) > 1 and len(_said(kept[-1][1])) == 1:
        notes.append(kept.pop())
    if not kept or not notes or notes[-1][0] == kept[-1][0] + 1:
        return list(rows)
    for number, values in reversed(notes):
        what = f"a line below the table: '{_said(values)[0][:80]}'"
        result.not_carried.append(Problem(f"{where} row {number}", what, "no action needed if it is a note."))
    return kept


def _said(values: Sequence[Cell]) -> list[str]:
    return [text for value in values if value is not None and (text := str(value).strip())]


def _table(
    path: Path, sheets: Sequence[WorkSheet], request: ImportRequest, likely: Sequence[str], result: Imported
) -> tuple[WorkSheet, int, list[_NumberedRow]]:
    chosen = [sheet for sheet in sheets if not request.sheet or sheet.name == request.sheet]
    if not chosen:
        message = f"{path} has no sheet '{request.sheet}'."
        raise UsageError(message, hint=hint_for(request.sheet, [sheet.name for sheet in sheets], noun="sheets"))
    named = {name for name in (request.id_column, request.label, *request.expects, *request.inputs) if name}
    found: list[tuple[tuple[int, bool, bool], int, WorkSheet, int, list[_NumberedRow]]] = []
    for sheet in chosen:
        rows = sheet.rows()
        header = _given_header(rows, request.header_row) if request.header_row else _guessed_header(rows, likely)
        if header is None:
            continue
        names = [_heading(name) for name in rows[header][1]]
        folded = {name.casefold() for name in names}
        fits = (len(named & set(names)), any(name in folded for name in likely), not sheet.hidden)
        cells = sum(value is not None for _, values in rows[header + 1 :] for value in values)
        found.append((fits, cells, sheet, header, rows))
    if not found:
        where = f"row {request.header_row} of {path}" if request.header_row else str(path)
        message = f"{where} has no header with rows below it."
        raise DataError(message, hint="choose them with --sheet NAME and --header-row N.")
    most = max(one[0] for one in found)
    best = [one for one in found if one[0] == most]
    # The first that is no cover sheet: one with a small part of what another contains says something about that one.
    most_cells = max(one[1] for one in best)
    _, _, sheet, header, rows = next(one for one in best if one[1] * _COVER >= most_cells)
    if not request.sheet and len(sheets) > 1:
        result.guesses.append(f"--sheet '{sheet.name}'")
    if not request.header_row and rows[header][0] != 1:
        result.guesses.append(f"--header-row {rows[header][0]}")
    return sheet, header, rows


def _given_header(rows: Sequence[_NumberedRow], number: int) -> int | None:
    return next((index for index, (at, _) in enumerate(rows[:-1]) if at == number), None)


def _guessed_header(rows: Sequence[_NumberedRow], likely: Sequence[str]) -> int | None:
    """The first row of names about as wide as the table: different texts, none of them a number.

    In a row with a ``likely`` name others may be repeated: a sheet may have two columns of one name.
    """
    widths = [_header_width(values, likely) if _is_names(values) else 0 for _, values in rows[:_HEADER_WITHIN]]
    best = max(widths, default=0)
    return next((index for index, width in enumerate(widths[: len(rows) - 1]) if best and width >= 0.75 * best), None)


def _header_width(values: Sequence[Cell], likely: Sequence[str]) -> int:
    named = [_heading(value).casefold() for value in values if value is not None]
    return len(named) if set(named) & set(likely) else len(set(named))


def _is_names(values: Sequence[Cell]) -> bool:
    return all(value is None or (isinstance(value, str) and len(value) <= 200) for value in values)


def _heading(value: Cell) -> str:
    return "" if value is None else " ".join(str(value).split())
