"""An OpenDocument spreadsheet in, its sheets out: the text that each cell was saved with."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from milo_bench.suites.bounded.archive import Archive
from milo_bench.suites.bounded.open_document import open_document_kind, paragraph_text
from milo_bench.suites.bounded.whole_number import whole_number
from milo_bench.suites.bounded.xml_tree import children, read_xml
from milo_bench.suites.sheets.number_format import plain_number
from milo_bench.suites.sheets.workbook import MOST_COLUMNS, MOST_ROWS, SHEETS, Cell, SheetReader, WorkSheet


def read_ods(raw: bytes) -> list[WorkSheet]:
    """The sheets in the order of their tabs."""
    archive = Archive(raw)
    content = read_xml(archive.read("content.xml"))
    hidden = {
        style.get("name")
        for style in children(content, "automatic-styles", "style")
        if any(one.get("display") == "false" for one in children(style, "table-properties"))
    }
    sheets = []
    for table in children(content, "body", "spreadsheet", "table"):
        sheet = WorkSheet(table.get("name", ""), hidden=table.get("style-name") in hidden)
        _fill(sheet, table)
        sheets.append(sheet)
    return sheets


def _fill(sheet: WorkSheet, table: Element) -> None:
    row = 0
    for line in table.iter("table-row"):
        times = _count(line.get("number-rows-repeated"), MOST_ROWS)
        column = 0
        filled = False
        for cell in line:
            if cell.tag not in ("table-cell", "covered-table-cell"):
                continue
            wide = _count(cell.get("number-columns-repeated"), MOST_COLUMNS)
            value = _value(sheet, cell, row, column)
            number = _number(cell)
            for note in (one for one in cell if one.tag == "annotation"):
                sheet.comment(row, column, " ".join(paragraph_text(one) for one in note if one.tag == "p"))
            if value is not None and value != "":
                filled = True
                for at in range(column, column + wide):
                    for below in range(row, row + times):
                        sheet.put(below, at, value, number)
            down, across = (
                _count(cell.get("number-rows-spanned"), MOST_ROWS),
                _count(cell.get("number-columns-spanned"), MOST_COLUMNS),
            )
            if cell.tag == "table-cell" and (down > 1 or across > 1):
                sheet.merged.append((row, column, row + down - 1, column + across - 1))
            column += wide
        if filled and line.get("visibility") in ("collapse", "filter"):
            sheet.hidden_rows += times
        row += times


def _number(cell: Element) -> float | None:
    """The number of a cell that has one, whatever it shows."""
    try:
        return float(cell.get("value", "")) if cell.get("value-type") in ("float", "currency", "percentage") else None
    except ValueError:
        return None


def _value(sheet: WorkSheet, cell: Element, row: int, column: int) -> Cell:
    kind = cell.get("value-type", "")
    shown = "\n".join(paragraph_text(one) for one in cell if one.tag == "p")
    if kind == "boolean":
        return cell.get("boolean-value") == "true"
    if kind == "date":
        return re.sub(r"T00:00:00(?:\.0+)?$", "", cell.get("date-value", shown)).replace("T", " ")
    if shown.startswith(("#", "Err:")) and cell.get("formula"):
        sheet.note(row, column, f"shows the error {shown}")
        return None
    if kind == "float" and re.fullmatch(r"-?[\d.,]+", shown) and not re.match(r"-?0\d", shown):
        try:
            number = plain_number(float(cell.get("value", "")))
        except ValueError:
            return shown
        # 1.234 is a thousand and more in some countries: the number decides, unless less of it is shown.
        return number if re.sub(r"\D", "", shown) == re.sub(r"\D", "", str(number)) else shown
    return shown or None


def _count(written: str | None, most: int) -> int:
    return min(max(whole_number(written, 1), 1), most)


def _is_ods(raw: bytes) -> bool:
    return open_document_kind(raw) == "spreadsheet"


SHEETS.add("ods", SheetReader(read_ods, _is_ods, (".ods",)))
