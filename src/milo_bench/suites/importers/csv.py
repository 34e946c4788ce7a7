"""A CSV or TSV file in, one case a row out."""

from __future__ import annotations

from milo_bench.suites.importing.columns import import_rows
from milo_bench.suites.importing.importer import IMPORTERS, Imported, Importer, ImportRequest
from milo_bench.suites.importing.tables import csv_rows


def import_csv(request: ImportRequest) -> Imported:
    """A case for each row of a CSV file with a header.

    Raises UsageError for a column that is not there or cannot be guessed.
    """
    result = Imported()
    return import_rows(csv_rows(request.source, result, header_row=request.header_row), request, result)


IMPORTERS.add("csv", Importer(import_csv, endings=(".csv", ".tsv")))
