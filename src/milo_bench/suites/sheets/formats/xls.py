"""An .xls workbook of Excel 97 to 2003 in, its sheets out; needs xlrd, which milo-bench[office] brings."""

from __future__ import annotations

import io
from typing import Any

from milo_bench.suites.bounded.broken import DocumentBroken, PackageMissing, locked
from milo_bench.suites.sheets.number_format import plain_number, shown_number
from milo_bench.suites.sheets.workbook import SHEETS, Cell, SheetReader, WorkSheet

_TEXT, _NUMBER, _DATE, _BOOLEAN, _ERROR = 1, 2, 3, 4, 5
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_xls(raw: bytes) -> list[WorkSheet]:
    """The sheets in the order of their tabs. Raises PackageMissing without xlrd."""
    try:
        import xlrd
    except ImportError:
        raise PackageMissing("an .xls file", "office") from None
    try:
        book = xlrd.open_workbook(file_contents=raw, formatting_info=True, logfile=io.StringIO())
        return [_sheet(book, number) for number in range(book.nsheets)]
    except DocumentBroken:
        raise
    except Exception as error:
        if "encrypted" in str(error):
            raise locked() from None
        # The parser believes what the file says of itself and fails anywhere in a damaged one.
        raise DocumentBroken(f"not a readable .xls file: {type(error).__name__}: {str(error)[:200]}") from None


def _sheet(book: Any, number: int) -> WorkSheet:
    import xlrd

    source = book.sheet_by_index(number)
    sheet = WorkSheet(source.name, hidden=source.visibility != 0)
    for row in range(source.nrows):
        for column in range(source.row_len(row)):
            cell = source.cell(row, column)
            if cell.ctype == _ERROR:
                sheet.note(row, column, f"shows the error {xlrd.error_text_from_code.get(cell.value, cell.value)}")
                continue
            behind = float(cell.value) if cell.ctype in (_NUMBER, _DATE) else None
            sheet.put(row, column, _value(book, cell), behind)
    for (row, column), note in source.cell_note_map.items():
        sheet.comment(row, column, str(note.text))
    sheet.hidden_rows = sum(1 for row, info in source.rowinfo_map.items() if info.hidden and row < source.nrows)
    sheet.merged = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in source.merged_cells]
    return sheet


def _value(book: Any, cell: Any) -> Cell:
    if cell.ctype == _TEXT:
        return str(cell.value)
    if cell.ctype == _BOOLEAN:
        return bool(cell.value)
    if cell.ctype not in (_NUMBER, _DATE):
        return None
    known = book.format_map.get(book.xf_list[cell.xf_index].format_key) if cell.xf_index is not None else None
    code = known.format_str if known is not None else "General"
    if not code:
        return plain_number(float(cell.value))
    return shown_number(float(cell.value), code, from_1904=book.datemode == 1)


def _is_xls(raw: bytes) -> bool:
    # An OLE file with a stream called Workbook (or Book, before 1997), in UTF-16 in its directory.
    return raw.startswith(_OLE) and any(
        "".join(f"{c}\0" for c in name).encode() in raw for name in ("Workbook", "Book")
    )


SHEETS.add("xls", SheetReader(read_xls, _is_xls, (".xls",)))
