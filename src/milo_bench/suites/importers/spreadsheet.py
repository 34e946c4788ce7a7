"""An Excel or OpenDocument spreadsheet in, one case a row out."""

from __future__ import annotations

from milo_bench.suites.importing.columns import import_rows
from milo_bench.suites.importing.importer import IMPORTERS, Imported, Importer, ImportRequest
from milo_bench.suites.importing.sheet_rows import sheet_rows
from milo_bench.suites.sheets.workbook import sheet_format


def import_spreadsheet(request: ImportRequest) -> Imported:
    """A case for each row of a table in a spreadsheet.

    Raises UsageError for a sheet or column that is not there or cannot be guessed.
    """
    result = Imported()
    return import_rows(sheet_rows(request.source, request, result), request, result)


IMPORTERS.add(
    "spreadsheet",
    Importer(
        import_spreadsheet,
        endings=(".xlsx", ".xlsm", ".xls", ".ods"),
        recognises=lambda raw: bool(sheet_format(raw)),
    ),
)
