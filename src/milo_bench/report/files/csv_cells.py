"""Rows of text in, CSV out that a spreadsheet reads as text and numbers and never as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from milo_bench.core.text import cell, one_line


def csv_text(head: Sequence[str], rows: Iterable[Sequence[str | float | int]]) -> str:
    """One line a row, line feeds at the ends. Numbers stay numbers; a text that could start a formula gets an
    apostrophe in front, as spreadsheets write text.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(list(head))
    for row in rows:
        writer.writerow([cell_text(one) if isinstance(one, str) else f"{one:.12g}" for one in row])
    return out.getvalue()


def cell_text(text: str) -> str:
    """One line of visible text that no spreadsheet takes for a formula."""
    return cell(one_line(text, None))
