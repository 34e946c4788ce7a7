"""An .xlsx or .xlsm workbook in, its sheets out: the values that were saved with it, in their cells' formats."""

from __future__ import annotations

import posixpath
import re
from typing import Final
from xml.etree.ElementTree import Element

from milo_bench.suites.bounded.archive import Archive, parts_of
from milo_bench.suites.bounded.broken import DocumentBroken
from milo_bench.suites.bounded.relations import relations_of
from milo_bench.suites.bounded.whole_number import whole_number
from milo_bench.suites.bounded.xml_tree import children, read_xml
from milo_bench.suites.sheets.number_format import BUILTIN, shown_number
from milo_bench.suites.sheets.workbook import SHEETS, Cell, SheetReader, WorkSheet

_COMMENTS: Final = re.compile(r"/comments?\d*(?:/comment\d+)?\.xml$")
_CELL: Final = re.compile(r"([A-Z]{1,3})(\d{1,7})")


def read_xlsx(raw: bytes) -> list[WorkSheet]:
    """The sheets in the order of their tabs."""
    archive = Archive(raw)
    book_path = _main_part(archive)
    book = read_xml(archive.read(book_path))
    targets = relations_of(archive, book_path)
    folder = posixpath.dirname(book_path)
    strings = _strings(archive, posixpath.join(folder, "sharedStrings.xml"))
    formats = _formats(archive, posixpath.join(folder, "styles.xml"))
    from_1904 = any(one.get("date1904") in ("1", "true") for one in children(book, "workbookPr"))
    sheets = []
    for entry in children(book, "sheets", "sheet"):
        path = targets.get(entry.get("id", ""), "")
        if path not in archive or "worksheets" not in path:
            continue  # a sheet that is a chart
        sheet = WorkSheet(entry.get("name", ""), hidden=entry.get("state", "visible") != "visible")
        _fill(sheet, read_xml(archive.read(path)), strings, formats, from_1904=from_1904)
        _comments(sheet, archive, path)
        sheets.append(sheet)
    return sheets


def _main_part(archive: Archive) -> str:
    for relation in read_xml(archive.read("_rels/.rels")) if "_rels/.rels" in archive else ():
        if relation.get("Type", "").endswith("/officeDocument"):
            return relation.get("Target", "").lstrip("/")
    return "xl/workbook.xml"


def _strings(archive: Archive, path: str) -> list[str]:
    return [_text(item) for item in read_xml(archive.read(path))] if path in archive else []


def _text(item: Element) -> str:
    """The text of a cell with its formatting; how it is pronounced (``rPh``) is not part of it."""
    pieces = []
    for child in item:
        if child.tag == "t":
            pieces.append(child.text or "")
        elif child.tag == "r":
            pieces.extend(one.text or "" for one in child if one.tag == "t")
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), "".join(pieces))


def _formats(archive: Archive, path: str) -> list[str]:
    """The format code of each cell style."""
    if path not in archive:
        return []
    styles = read_xml(archive.read(path))
    own = {one.get("numFmtId"): one.get("formatCode", "") for one in children(styles, "numFmts", "numFmt")}
    found = []
    for style in children(styles, "cellXfs", "xf"):
        number = style.get("numFmtId", "0")
        found.append(own.get(number) or BUILTIN.get(whole_number(number, 0), "General"))
    return found


def _fill(sheet: WorkSheet, root: Element, strings: list[str], formats: list[str], *, from_1904: bool) -> None:
    row = -1
    for line in children(root, "sheetData", "row"):
        row = whole_number(line.get("r"), row + 2) - 1
        sheet.hidden_rows += line.get("hidden") in ("1", "true")
        column = -1
        for cell in line:
            named = _CELL.fullmatch(cell.get("r", ""))
            column = _column(named[1]) if named else column + 1
            value = _value(sheet, cell, (row, column), strings, formats, from_1904=from_1904)
            sheet.put(row, column, value, _number(cell) if isinstance(value, str) else None)
    for merged in children(root, "mergeCells", "mergeCell"):
        ends = [_CELL.fullmatch(end) for end in merged.get("ref", "").split(":")]
        if len(ends) == 2 and ends[0] and ends[1]:
            first, last = ends[0], ends[1]
            sheet.merged.append((int(first[2]) - 1, _column(first[1]), int(last[2]) - 1, _column(last[1])))


def _comments(sheet: WorkSheet, archive: Archive, path: str) -> None:
    """What people wrote beside cells, by the part that the sheet refers to."""
    for part in relations_of(archive, path).values():
        if _COMMENTS.search(part) is None or part not in archive:
            continue
        for comment in children(read_xml(archive.read(part)), "commentList", "comment"):
            place = _CELL.fullmatch(comment.get("ref", ""))
            if place is not None:
                said = "".join(_text(item) for item in children(comment, "text"))
                sheet.comment(int(place[2]) - 1, _column(place[1]), said)


def _number(cell: Element) -> float | None:
    """The number of a cell that has one, whatever it shows."""
    written = next((one.text or "" for one in cell if one.tag == "v"), "") if cell.get("t", "n") == "n" else ""
    try:
        return float(written)
    except ValueError:
        return None


def _value(
    sheet: WorkSheet, cell: Element, at: tuple[int, int], strings: list[str], formats: list[str], *, from_1904: bool
) -> Cell:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(_text(item) for item in children(cell, "is"))
    written = next((one.text or "" for one in cell if one.tag == "v"), None)
    if written is None or (written == "" and kind != "str"):
        if any(one.tag == "f" for one in cell):
            sheet.note(*at, "a formula without a saved value")
        return None
    if kind == "s":
        number = whole_number(written, -1)
        if not 0 <= number < len(strings):
            raise DocumentBroken("a cell names a text that the workbook does not have")
        return strings[number]
    if kind == "b":
        return written == "1"
    if kind == "e":
        sheet.note(*at, f"shows the error {written}")
        return None
    if kind in ("str", "d"):
        return re.sub(r"T00:00:00(?:\.0+)?$", "", written) if kind == "d" else written
    try:
        value = float(written)
    except ValueError:
        return written
    style = cell.get("s", "0")
    at_style = whole_number(style, len(formats))
    code = formats[at_style] if at_style < len(formats) else "General"
    return shown_number(value, code, from_1904=from_1904)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


SHEETS.add("xlsx", SheetReader(read_xlsx, lambda raw: "xl/workbook.xml" in parts_of(raw), (".xlsx", ".xlsm")))
