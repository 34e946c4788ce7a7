"""A spreadsheet as a document in, its sheets as lines with a tab between two cells out."""

from __future__ import annotations

from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentReader
from milo_bench.suites.sheets.workbook import cell_name, read_sheets, sheet_format


def read_spreadsheet(document: Document) -> DocumentText:
    """The text of each sheet under its name; hidden ones are left out, which is said."""
    built = TextBuilder()
    for sheet in read_sheets(document.raw):
        if sheet.hidden:
            document.leave_out(f"the hidden sheet '{sheet.name}'", "show it and save the file again.")
            continue
        built.begin("sheet", sheet.name)
        built.add_line(f"Sheet: {sheet.name}")
        for _, values in sheet.rows():
            built.add_line("\t".join("" if value is None else " ".join(str(value).split()) for value in values))
        if sheet.comments:
            built.add_line("Comments:")
            for row, column, said in sorted(sheet.comments):
                built.add_line(f"{cell_name(row, column)}: {said}")
        for row, column, said in sheet.notes:
            document.leave_out(f"sheet '{sheet.name}' cell {cell_name(row, column)} {said}", "correct the cell.")
    return built.read()


DOCUMENTS.add(
    "spreadsheet",
    DocumentReader(
        read_spreadsheet,
        endings=(".xlsx", ".xlsm", ".xls", ".ods"),
        recognises=lambda raw: bool(sheet_format(raw)),
        whole=True,
    ),
)
