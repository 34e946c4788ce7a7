"""Small workbooks by the names of their cells, for tests of what a spreadsheet says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from benchmarks.office.documents import zipped


def sheet_data(rows: dict[str, object], formats: Mapping[str, str] | None = None) -> str:
    """The rows of a sheet by the names of their cells, with the number formats of some columns."""
    styles = {column: number for number, column in enumerate(formats or {}, start=1)}
    by_row: dict[int, str] = {}
    for place, value in rows.items():
        number = int(re.sub(r"\D", "", place))
        said = f"<v>{value}</v>" if isinstance(value, int | float) else f"<is><t>{value}</t></is>"
        kind = f' s="{styles.get(place[0], 0)}"' if isinstance(value, int | float) else ' t="inlineStr"'
        by_row[number] = by_row.get(number, "") + f'<c r="{place}"{kind}>{said}</c>'
    return "".join(f'<row r="{number}">{cells}</row>' for number, cells in sorted(by_row.items()))


def workbook(
    rows: dict[str, object],
    *,
    merged: str = "",
    comment: tuple[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
    cover: dict[str, object] | None = None,
) -> bytes:
    """A workbook of one sheet with ``rows`` by the names of their cells, and perhaps a comment beside one.

    ``formats`` are number formats by the letter of their column, ``cover`` is a sheet before it.
    """
    data = sheet_data(rows, formats)
    merge = f'<mergeCells><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    first = "worksheets/sheet1.xml"
    relation = '<Relationship Id="{}" Target="{}"/>'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "xl/workbook.xml": f'<workbook xmlns:r="{office}"><sheets><sheet name="S" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{relation.format('r1', first)}</Relationships>",
        f"xl/{first}": f"<worksheet><sheetData>{data}</sheetData>{merge}</worksheet>",
    }
    if comment is not None:
        beside = relation.format("c1", "../comments1.xml")
        parts["xl/worksheets/_rels/sheet1.xml.rels"] = f"<Relationships>{beside}</Relationships>"
        said = f'<comment ref="{comment[0]}"><text><r><t>{comment[1]}</t></r></text></comment>'
        parts["xl/comments1.xml"] = f"<comments><commentList>{said}</commentList></comments>"
    if formats is not None:
        codes = "".join(
            f'<numFmt numFmtId="{170 + n}" formatCode="{escape(c)}"/>' for n, c in enumerate(formats.values())
        )
        used = "".join(f'<xf numFmtId="{number}"/>' for number in (0, *range(170, 170 + len(formats))))
        parts["xl/styles.xml"] = f"<styleSheet><numFmts>{codes}</numFmts><cellXfs>{used}</cellXfs></styleSheet>"
    if cover is not None:
        parts["xl/worksheets/cover.xml"] = f"<worksheet><sheetData>{sheet_data(cover)}</sheetData></worksheet>"
        for name, before, added in (
            ("xl/workbook.xml", "<sheets>", '<sheet name="Cover" r:id="r0"/>'),
            ("xl/_rels/workbook.xml.rels", "<Relationships>", relation.format("r0", "worksheets/cover.xml")),
        ):
            parts[name] = parts[name].replace(before, before + added)
    return zipped(parts)
