"""Rows of values in, a spreadsheet with a title, dates, percentages, leading zeros and merged cells out."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from benchmarks.office.documents import open_document, zipped

Kind = Literal["text", "date", "percent", "id", "amount"]
_CODES: dict[Kind, str] = {"date": "dd\\.mm\\.yyyy", "percent": "0.0%", "id": "00000", "amount": '#,##0.00\\ "€"'}
_STYLES: dict[Kind, int] = {"text": 0, "date": 1, "percent": 2, "id": 3, "amount": 4}


@dataclass(frozen=True)
class Labels:
    """A table: column names, the kind of each column, rows, and the last column's runs that are one merged cell."""

    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    rows: tuple[tuple[object, ...], ...]
    title: str = "Claims, exported by Jo Roe"


def shown(value: object, kind: Kind) -> str:
    """What the cell of ``value`` shows, dates as 2025-12-28."""
    if kind == "date":
        return str(value)
    if kind == "percent":
        return f"{float(str(value)):.1%}"
    if kind == "id":
        return f"{int(str(value)):05}"
    return f"{float(str(value)):,.2f} €" if kind == "amount" else str(value)


def merged_runs(rows: Sequence[Sequence[object]]) -> list[tuple[int, int]]:
    """Index of the first and the last row of each run with one value in the last column."""
    runs: list[tuple[int, int]] = []
    for number, row in enumerate(rows):
        if runs and rows[runs[-1][0]][-1] == row[-1]:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def xlsx(labels: Labels) -> bytes:
    """A workbook with a sheet of remarks before the table, and two rows above its header."""
    firsts = {first for first, _ in merged_runs(labels.rows)}
    lines = [_row(1, [_text_cell("A1", labels.title)])]
    lines.append(_row(3, [_text_cell(f"{_letter(n)}3", name) for n, name in enumerate(labels.columns)]))
    for number, row in enumerate(labels.rows):
        at = number + 4
        cells = []
        for column, (value, kind) in enumerate(zip(row, labels.kinds, strict=True)):
            name = f"{_letter(column)}{at}"
            if column == len(row) - 1 and number not in firsts:
                continue
            cells.append(
                _text_cell(name, str(value))
                if kind == "text"
                else f'<c r="{name}" s="{_STYLES[kind]}"><v>{_number(value, kind)}</v></c>'
            )
        lines.append(_row(at, cells))
    last = _letter(len(labels.columns) - 1)
    runs = [f"{last}{first + 4}:{last}{end + 4}" for first, end in merged_runs(labels.rows) if end > first]
    merges = [f"A1:{last}1", *runs]
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    place = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    merged = f'<mergeCells count="{len(merges)}">{"".join(f"""<mergeCell ref="{m}"/>""" for m in merges)}</mergeCells>'
    formats = "".join(
        f'<numFmt numFmtId="{163 + _STYLES[kind]}" formatCode="{escape(code)}"/>' for kind, code in _CODES.items()
    )
    styles = "".join(f'<xf numFmtId="{163 + number if number else 0}"/>' for number in _STYLES.values())
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{place}/{kind}" Target="{target}"/>'
        for n, kind, target in (
            (1, "worksheet", "worksheets/sheet1.xml"),
            (2, "worksheet", "worksheets/sheet2.xml"),
            (3, "styles", "styles.xml"),
        )
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    spread = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    kinds = (("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"), ("worksheets/sheet2", "worksheet"))
    overrides = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{spread}.{kind}+xml"/>'
        for part, kind in (*kinds, ("styles", "styles"))
    )
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{overrides}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
            f'Type="{place}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{place}"><sheets>'
            '<sheet name="Remarks" sheetId="1" r:id="rId1"/><sheet name="Claims" sheetId="2" r:id="rId2"/>'
            "</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{relations}</Relationships>',
            "xl/styles.xml": f'<styleSheet xmlns="{main}"><numFmts>{formats}</numFmts><fonts count="1"><font/></fonts>'
            f'<fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/>'
            f"</cellStyleXfs><cellXfs>{styles}</cellXfs></styleSheet>",
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>'
            f"{_row(1, [_text_cell('A1', 'Ask Jo before you change anything.')])}</sheetData></worksheet>",
            "xl/worksheets/sheet2.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData>'
            f"{merged}</worksheet>",
        }
    )


def ods(labels: Labels) -> bytes:
    """The same table with the office's own way to show dates and amounts, as LibreOffice saves it in Germany."""
    runs = {first: end - first + 1 for first, end in merged_runs(labels.rows)}

    def cell(text: str, attributes: str = 'office:value-type="string"') -> str:
        return f"<table:table-cell {attributes}><text:p>{escape(text)}</text:p></table:table-cell>"

    lines = ["".join(cell(name) for name in labels.columns)]
    for number, row in enumerate(labels.rows):
        cells = []
        for column, (value, kind) in enumerate(zip(row, labels.kinds, strict=True)):
            if column == len(row) - 1:
                down = runs.get(number)
                span = f'office:value-type="string" table:number-rows-spanned="{down}"'
                cells.append(cell(str(value), span) if down else "<table:covered-table-cell/>")
            elif kind == "date":
                day = datetime.date.fromisoformat(str(value))
                cells.append(cell(f"{day:%d.%m.%Y}", f'office:value-type="date" office:date-value="{value}"'))
            elif kind == "text":
                cells.append(cell(str(value)))
            else:
                held = "percentage" if kind == "percent" else "float"
                cells.append(cell(shown(value, kind), f'office:value-type="{held}" office:value="{value}"'))
        lines.append("".join(cells))
    rows = "".join(f"<table:table-row>{line}</table:table-row>" for line in lines)
    table = f'<table:table table:name="Claims">{rows}</table:table>'
    return open_document("spreadsheet", f"<office:spreadsheet>{table}</office:spreadsheet>")


def xls(labels: Labels) -> bytes:
    """The same table for Excel 97; written by xlwt, which is among the packages for tests."""
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Claims")
    styles = {kind: xlwt.easyxf(num_format_str=code) for kind, code in _CODES.items()}
    for column, name in enumerate(labels.columns):
        sheet.write(0, column, name)
    for number, row in enumerate(labels.rows, start=1):
        for column, (value, kind) in enumerate(zip(row[:-1], labels.kinds, strict=False)):
            held = datetime.date.fromisoformat(str(value)) if kind == "date" else value
            sheet.write(number, column, held, styles[kind]) if kind in styles else sheet.write(number, column, held)
    for first, end in merged_runs(labels.rows):
        last = len(labels.columns) - 1
        sheet.write_merge(first + 1, end + 1, last, last, labels.rows[first][-1])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv_text(labels: Labels) -> bytes:
    """The same table as CSV for an office that writes semicolons."""
    lines = [";".join(labels.columns)]
    for row in labels.rows:
        lines.append(";".join(f'"{shown(value, kind)}"' for value, kind in zip(row, labels.kinds, strict=True)))
    return ("\r\n".join(lines) + "\r\n").encode()


def _number(value: object, kind: Kind) -> str:
    if kind == "date":
        return str((datetime.date.fromisoformat(str(value)) - datetime.date(1899, 12, 30)).days)
    return str(value)


def _text_cell(name: str, text: str) -> str:
    return f'<c r="{name}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def _row(number: int, cells: Sequence[str]) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


def _letter(column: int) -> str:
    return chr(65 + column)
