"""A CSV or TSV file with a header in, one answer for each row, or one for each model's column, out."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from milo_bench.core.errors import DataError
from milo_bench.recorded.answer import FORMATS, Account, ReadRequest, RecordedAnswer, RecordedFormat
from milo_bench.recorded.columns import TableRow, answers_of
from milo_bench.recorded.files import RecordFile
from milo_bench.suites.importing.importer import Imported
from milo_bench.suites.importing.tables import read_csv

_GUESSED: Final = "it is not UTF-8"


def read_csv_answers(files: Sequence[RecordFile], request: ReadRequest, account: Account) -> Iterator[RecordedAnswer]:
    """The answers of tables with a column map; comma, semicolon or tab between columns."""
    csv.field_size_limit(sys.maxsize)
    for file in files:
        text, encoding = file.text()
        if encoding not in ("UTF-8", "UTF-16"):
            account.guess(f"{file.name} is {encoding}, because {_GUESSED}")
        if not text.strip():
            raise DataError(f"{file.path} is empty.", hint="export the table again, with a header.")
        result = Imported()
        rows = [TableRow(values, line) for line, values in read_csv(text, file.path, result)]
        if not rows and not result.broken:
            message = f"{file.path} has a header but no rows."
            raise DataError(message, hint="export the table again, with its rows.")
        yield from answers_of(rows, file, request, account, tool="csv", nested=False)
        for problem in result.broken:
            account.broke(problem.where, problem.what, problem.hint)
        for problem in result.not_carried:
            account.leave(problem.what, problem.where, problem.hint)


FORMATS.add(
    "csv", RecordedFormat(read_csv_answers, "a table with a header", (".csv", ".tsv"), mapped=True, same_input=True)
)
