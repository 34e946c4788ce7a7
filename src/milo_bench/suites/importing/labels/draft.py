"""A folder or zip of documents in, a table out in which people fill in the right answer of each."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import Final

from milo_bench.config.written import Problem
from milo_bench.core.errors import DataError, UsageError
from milo_bench.suites.documents.reader import DocumentBroken
from milo_bench.suites.importing.documents import Documents
from milo_bench.suites.importing.labels.table import FILE_NAMES, LABEL_FILES

_FORMULA: Final = ("=", "+", "-", "@")


def draft_labels(source: Path, columns: Sequence[str]) -> tuple[str, int, list[Problem]]:
    """A CSV with a row for each document and empty ``columns``, the number of documents, and what is left out.

    Raises UsageError for a source that is missing, DataError for one that cannot be read or has no documents.
    """
    hint = "pass a folder or a zip of documents."
    if not source.exists():
        raise UsageError(f"{source} is missing.", hint=hint)
    left_out: list[Problem] = []
    try:
        names = Documents(source, left_out).names
    except DocumentBroken as broken:
        raise DataError(f"{source} is not a folder or a zip of documents: {broken}.", hint=hint) from None
    names = tuple(name for name in names if PurePosixPath(name).name.casefold() not in LABEL_FILES)
    if not names:
        raise DataError(f"{source} has no documents.", hint=hint)
    text = StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow((FILE_NAMES[0], *columns))
    # A name that a spreadsheet would take for a formula is written as a path, which finds the same document.
    rows.writerows([f"./{name}" if name.startswith(_FORMULA) else name, *("" for _ in columns)] for name in names)
    return text.getvalue(), len(names), left_out
