"""A spreadsheet's bytes in, its sheets as rows of cells out; the format is told by content, nothing in it is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from milo_bench.core.registry import Registry
from milo_bench.suites.bounded.broken import DocumentBroken
from milo_bench.suites.bounded.locked import refuse_locked

Cell: TypeAlias = str | int | float | bool | None
MOST_CELLS: Final = 5_000_000  # of one sheet, empty ones between written ones included
MOST_COLUMNS: Final = 16_384
MOST_ROWS: Final = 1_048_576
MOST_COMMENTS: Final = 100_000


@dataclass
class WorkSheet:
    """One sheet: ``cells`` by (row, column) from 0, ``merged`` as (first row, first column, last row, last column).

    ``numbers`` are the numbers behind cells that show text, such as 1250 behind "1,250 €".
    ``notes`` says what its cells do not: errors, formulas without a value, with row and column from 0. ``comments``
    are what people wrote beside cells.
    """

    name: str
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    numbers: dict[tuple[int, int], float] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden: bool = False
    hidden_rows: int = 0
    notes: list[tuple[int, int, str]] = field(default_factory=list)
    comments: list[tuple[int, int, str]] = field(default_factory=list)

    def put(self, row: int, column: int, value: Cell, number: float | None = None) -> None:
        """``number`` is behind a cell that shows it as text. Raises DocumentBroken past the limits of a sheet."""
        if value is None or value == "":
            return
        if row >= MOST_ROWS or column >= MOST_COLUMNS or len(self.cells) >= MOST_CELLS:
            raise DocumentBroken(f"sheet '{self.name}' is larger than {MOST_CELLS:,} cells")
        self.cells[row, column] = value
        if number is not None and isinstance(value, str):
            self.numbers[row, column] = number

    def note(self, row: int, column: int, said: str) -> None:
        self.notes.append((row, column, said))

    def comment(self, row: int, column: int, text: str) -> None:
        """Nothing for one without text, and past the limits of a sheet."""
        if text.strip() and len(self.comments) < MOST_COMMENTS:
            self.comments.append((row, column, " ".join(text.split())))

    def fill_merged(self) -> None:
        """Every cell of a merged range says what its first cell says: that is what a person reads."""
        for top, left, bottom, right in self.merged:
            value = self.cells.get((top, left))
            if value is None or (bottom - top + 1) * (right - left + 1) > MOST_CELLS:
                continue
            last = max((row for row, _ in self.cells), default=0)
            for row in range(top, min(bottom, last) + 1):
                for column in range(left, right + 1):
                    self.put(row, column, value, self.numbers.get((top, left)))

    def rows(self) -> list[tuple[int, list[Cell]]]:
        """Rows that have a cell, each with its number from 1, all of one width. Raises DocumentBroken."""
        width = max((column for _, column in self.cells), default=-1) + 1
        by_row: dict[int, dict[int, Cell]] = {}
        for (row, column), value in self.cells.items():
            by_row.setdefault(row, {})[column] = value
        if width * len(by_row) > MOST_CELLS:
            raise DocumentBroken(f"sheet '{self.name}' is larger than {MOST_CELLS:,} cells")
        return [(row + 1, [by_row[row].get(column) for column in range(width)]) for row in sorted(by_row)]


@dataclass(frozen=True)
class SheetReader:
    """``read`` gives the sheets or raises DocumentBroken; ``recognises`` looks at the whole file's bytes."""

    read: Callable[[bytes], list[WorkSheet]]
    recognises: Callable[[bytes], bool]
    endings: tuple[str, ...]


SHEETS: Registry[SheetReader] = Registry("spreadsheet format", "milo_bench.suites.sheets.formats")


def sheet_format(raw: bytes) -> str:
    """The name of the spreadsheet format of ``raw``, "" where it is no spreadsheet."""
    return next((name for name, reader in SHEETS if reader.recognises(raw)), "")


def read_sheets(raw: bytes) -> list[WorkSheet]:
    """The sheets of a workbook, merged cells filled. Raises DocumentBroken."""
    refuse_locked(raw)
    name = sheet_format(raw)
    if not name:
        raise DocumentBroken("not a spreadsheet that can be read (.xlsx, .xls or .ods)")
    sheets = SHEETS.get(name).read(raw)
    for sheet in sheets:
        sheet.fill_merged()
    return sheets


def cell_name(row: int, column: int) -> str:
    """B3 for (2, 1)."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"
