"""Answers to review in, a sheet that any spreadsheet opens out; the sheet with scores in, the scores out."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from milo_bench.config.written import Problem, as_error, read_text
from milo_bench.core.errors import DataError
from milo_bench.core.files import require_new_file, write_new_file
from milo_bench.core.suggest import hint_for
from milo_bench.core.text import cell

# A cell longer than this is cut by the spreadsheets that people use.
MOST_CELL = 32_000
_TAKEN = "choose another --out. The existing sheet may contain scores."


def require_new_sheet(path: Path) -> None:
    """Raise UsageError or PrerequisiteError where ``write_sheet`` would: before the work for the sheet begins."""
    require_new_file(path, taken=_TAKEN)


def write_sheet(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows as CSV with a byte-order mark, so that spreadsheets read it as UTF-8.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front. Raises
    UsageError where the file exists already (it may hold somebody's work), PrerequisiteError where it cannot
    be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(text) for text in row] for row in rows)
    write_new_file(path, "\ufeff" + text.getvalue(), taken=_TAKEN)


def read_sheet(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """The rows by column; commas, semicolons and tabs all separate. Raises DataError for a column that is missing."""
    text = read_text(path, where_from="write one with 'milo-bench review sample'.")
    if isinstance(text, Problem):
        raise as_error([text])
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True))
    except csv.Error as error:
        message = f"{path} is not a CSV file ({error})."
        raise DataError(message, hint="save the sheet as CSV in UTF-8.") from None
    header = [str(name) for name in rows[0]] if rows else []
    for column in needed:
        if rows and column not in header:
            message = f"{path} has no column '{column}'."
            raise DataError(message, hint=hint_for(column, header, noun="columns"))
    return rows


def read_scores(path: Path, questions: Sequence[str]) -> dict[tuple[str, str, str], int]:
    """Scores by (item, reviewer, question); empty cells are no scores.

    The reviewer is the column ``reviewer``, or the file's
    name where that is empty. Raises DataError with the line for a score that is none, an item
    scored twice by one person, and a column that is missing.
    """
    rows = read_sheet(path, ("item", *questions))
    scores: dict[tuple[str, str, str], int] = {}
    for number, row in enumerate(rows, start=2):
        item = (row["item"] or "").strip()
        reviewer = (row.get("reviewer") or "").strip() or path.stem
        for question in questions:
            cell = (row[question] or "").strip()
            if not cell:
                continue
            place = (item, reviewer, question)
            if place in scores:
                message = f"{path} row {number}: {reviewer} already scored '{item}'."
                raise DataError(message, hint="keep one row per item and reviewer.")
            scores[place] = _score(path, number, question, cell)
    return scores


def _score(path: Path, number: int, question: str, cell: str) -> int:
    if cell not in ("1", "2", "3", "4", "5"):
        message = f"{path} row {number}: {question} is '{cell[:20]}'."
        raise DataError(message, hint="write a whole number from 1 to 5, or leave the cell empty.")
    return int(cell)


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max((",", ";", "\t"), key=first.count)


def _cell(text: str) -> str:
    return cell(text if len(text) <= MOST_CELL else text[:MOST_CELL] + " […]")
