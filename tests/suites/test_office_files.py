"""Every file that an office has, made with known text: what went in comes out, and what cannot be read is named."""

from __future__ import annotations

import json
import os
import re
import struct
import unicodedata
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from benchmarks.office.documents import TEXT_FORMATS, Page, docx, html, odt, open_document, zipped
from benchmarks.office.folder import make_folder
from benchmarks.office.pictures import png, scanned_pdf
from benchmarks.office.sheets import Labels, csv_text, ods, xls, xlsx
from milo_bench.config.written import Problem
from milo_bench.core.errors import DataError, UsageError
from milo_bench.grade.engine import validate_checks
from milo_bench.suites import load_suite
from milo_bench.suites.bounded import archive as bounded_archive
from milo_bench.suites.bounded.archive import Archive
from milo_bench.suites.bounded.rtf import rtf_text
from milo_bench.suites.bounded.rtf_pictures import rtf_pictures
from milo_bench.suites.bounded.xml_tree import read_xml
from milo_bench.suites.check import check_suite
from milo_bench.suites.documents import ocr
from milo_bench.suites.documents.read_text import DocumentText
from milo_bench.suites.documents.reader import Document, DocumentBroken, read_bytes
from milo_bench.suites.importing.importer import IMPORTERS, Imported, ImportRequest
from milo_bench.suites.importing.suite_folder import import_suite
from milo_bench.suites.sheets.number_format import shown_number
from tests.suites.sheets.workbooks import workbook

PAGE = Page(
    "Claim report 17",
    ("Policy number: 00123", "From: Zoë Łukasz", "Amount: 1,234.50 €", "A < B & {C} \\ D"),
    (("Item", "Price"), ("2", "45.00")),
)
LABELS = Labels(
    ("File", "Number", "Received", "Share", "Amount", "Queue"),
    ("text", "id", "date", "percent", "amount", "text"),
    (
        ("a.docx", 123, "2025-12-28", 0.125, 1234.5, "motor"),
        ("b.html", 45, "2024-02-29", 1, -20, "motor"),
        ("c.odt", 6789, "2025-01-02", 0, 0, "roof"),
    ),
)
SHOWN = [
    {"Number": "00123", "Received": "2025-12-28", "Share": "12.5%", "Amount": "1,234.50 €", "Queue": "motor"},
    {"Number": "00045", "Received": "2024-02-29", "Share": "100.0%", "Amount": "-20.00 €", "Queue": "motor"},
    {"Number": "06789", "Received": "2025-01-02", "Share": "0.0%", "Amount": "0.00 €", "Queue": "roof"},
]


def read(raw: bytes, name: str = "file.bin") -> tuple[DocumentText, list[Problem]]:
    document = Document(Path(name), raw)
    return read_bytes(document), document.left_out


@pytest.mark.parametrize("ending", TEXT_FORMATS)
def test_every_line_and_cell_of_a_document_comes_out_in_its_order(ending: str) -> None:
    result, left_out = read(TEXT_FORMATS[ending](PAGE), f"file.{ending}" if ending in ("md", "txt") else "file.bin")
    at = 0
    for words in PAGE.words:
        at = result.text.index(words, at) + len(words)
    assert left_out == []


def test_a_folder_in_every_format_becomes_a_suite_with_the_values_that_its_sheet_shows(tmp_path: Path) -> None:
    made = make_folder(tmp_path / "share", documents=12, pictures=0)
    out = tmp_path / "own"
    report = import_suite(ImportRequest(made.root, labels=Path("labels.xlsx")), out=out)
    assert (report.fixtures, report.broken, report.not_carried) == (12, (), ())
    assert report.guesses[:2] == ("--sheet 'Claims'", "--header-row 3")
    assert check_suite(str(out), validate_checks=validate_checks) == []
    for fixture in load_suite(str(out)).fixtures:
        known = made.known[fixture.provenance["document"]]
        assert fixture.expect["fields"] == known.values
        assert all(words in fixture.input["document"] for words in known.page.words)
        assert len(fixture.provenance["document_sha256"]) == 64


def rows_of(tmp_path: Path, raw: bytes, name: str = "labels.bin", **wishes: Any) -> Imported:
    folder = tmp_path / "folder"
    folder.mkdir()
    for file, content in (("a.docx", docx(PAGE)), ("b.html", html(PAGE)), ("c.odt", odt(PAGE))):
        (folder / file).write_bytes(content)
    (tmp_path / name).write_bytes(raw)
    return IMPORTERS.get("folder").read(ImportRequest(folder, labels=tmp_path / name, **wishes))


@pytest.mark.parametrize("write", [xlsx, xls, ods, csv_text], ids=lambda write: write.__name__)
def test_a_sheet_says_dates_percentages_leading_zeros_and_merged_cells_as_a_person_sees_them(
    tmp_path: Path, write: Any
) -> None:
    result = rows_of(tmp_path, write(LABELS), "labels.csv" if write is csv_text else "labels.bin")
    assert [case.expect["fields"] for case in result.cases] == SHOWN
    assert result.broken == [] and result.not_carried == []


def test_the_sheet_and_the_header_row_can_be_chosen_and_a_wrong_name_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no sheet 'Claim'") as caught:
        rows_of(tmp_path, xlsx(LABELS), sheet="Claim")
    assert "Did you mean 'Claims'?" in caught.value.hint
    (tmp_path / "again").mkdir()
    with pytest.raises(DataError, match="row 77"):
        rows_of(tmp_path / "again", xlsx(LABELS), header_row=77)


def test_a_spreadsheet_is_a_suite_of_its_own_whatever_its_name_is(tmp_path: Path) -> None:
    table = Labels(("id", "text", "label"), ("text",) * 3, (("1", "My roof leaks.", "roof"), ("2", "A dent.", "motor")))
    source = tmp_path / "table.csv"
    source.write_bytes(xlsx(table))
    report = import_suite(ImportRequest(source), out=tmp_path / "own")
    assert (report.format, report.fixtures) == ("spreadsheet", 2)
    assert {fixture.expect["label"] for fixture in load_suite(str(tmp_path / "own")).fixtures} == {"roof", "motor"}


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (0.125, "0%", "13%"),
        (1234.5, '_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-', "1,234.50 €"),
        (-1234.5, "#,##0.00;(#,##0.00)", "(1,234.50)"),
        (-3, "[Red]-0.0;[Red]-0.0", "-3.0"),
        (0, '0;-0;"none"', "none"),
        (7, "General", 7),
        (0.1 + 0.2, "General", 0.3),
        (7, "000-000", "000-007"),
        (491711234567, '"+"00 000 0000000', "+49 171 1234567"),
        (1234567.891, "#,##0.0#", "1,234,567.89"),
        (12, "#,##0.##", "12"),
        (0.5, "#.00", ".50"),
        (1234567, '#,##0.0,,"m"', "1.2m"),
        (45000.75, "yyyy-mm-dd hh:mm", "2023-03-15 18:00"),
        (0.75, "hh:mm:ss", "18:00:00"),
        (1.5, "[h]:mm", "36:00"),
        (59, "dd/mm/yyyy", "1900-02-28"),
        (61, "d. mmmm yyyy", "1900-03-01"),
        (-1, "dd/mm/yyyy", -1),
        (12.5, '0.00" EUR"', "12.50 EUR"),
        (5, '"day" 0', "day 5"),
        (2.5, "# ?/?", 2.5),
        (1e20, "0.00", "1" + "0" * 20 + ".00"),
    ],
)
def test_a_number_is_shown_as_its_format_says(value: float, code: str, shown: object) -> None:
    assert shown_number(value, code) == shown


def test_errors_and_formulas_without_a_value_are_named_with_their_cell(tmp_path: Path) -> None:
    raw = xlsx(LABELS)
    parts = {name: zipfile.ZipFile(BytesIO(raw)).read(name) for name in zipfile.ZipFile(BytesIO(raw)).namelist()}
    sheet = parts["xl/worksheets/sheet2.xml"].replace(
        b"</sheetData>", b'<row r="9"><c r="A9" t="e"><v>#REF!</v></c><c r="B9"><f>1+1</f></c></row></sheetData>'
    )
    result = rows_of(tmp_path, zipped({**parts, "xl/worksheets/sheet2.xml": sheet}))
    said = [str(problem) for problem in result.not_carried]
    assert any("cell A9: shows the error #REF!" in one for one in said)
    assert any("cell B9: a formula without a saved value" in one for one in said)


def test_an_error_in_a_cell_of_expected_values_is_not_the_answer_null(tmp_path: Path) -> None:
    raw = xlsx(LABELS)
    parts = {name: zipfile.ZipFile(BytesIO(raw)).read(name) for name in zipfile.ZipFile(BytesIO(raw)).namelist()}
    name = "xl/worksheets/sheet2.xml"
    broken, count = re.subn(rb'<c r="(\w+)"[^>]*><v>1234\.5</v></c>', rb'<c r="\1" t="e"><v>#N/A</v></c>', parts[name])
    assert count == 1
    result = rows_of(tmp_path, zipped({**parts, name: broken}))
    assert ["Amount" in case.expect["fields"] for case in result.cases] == [False, True, True]


def test_an_archive_that_unpacks_to_too_much_is_refused_while_it_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_archive, "UNPACKED_LIMIT_BYTES", 1_000_000)
    with pytest.raises(DocumentBroken, match="unpacks to more than"):
        read(docx(Page("x" * 2_000_000, ())))


def test_archives_in_archives_end_at_a_limit() -> None:
    raw = b"deep"
    for number in range(12):
        raw = zipped({f"{number}.zip" if number else "text.txt": raw})
    document = Document(Path("bomb.zip"), raw)
    with pytest.raises(DocumentBroken, match="no text"):
        read_bytes(document)
    assert any("nested too deep" in problem.what for problem in document.left_out)


@pytest.mark.parametrize(
    "xml",
    [
        b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b"<a>" * 1_000,
        b"<a><b></a>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
    ],
)
def test_xml_with_entities_or_without_end_is_refused(xml: bytes) -> None:
    with pytest.raises(DocumentBroken):
        read_xml(xml)


def test_a_sheet_of_endless_repeated_cells_is_refused() -> None:
    cell = (
        '<table:table-cell table:number-columns-repeated="16384" xmlns:office="o"><text:p>x</text:p></table:table-cell>'
    )
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    raw = open_document("spreadsheet", f"<office:spreadsheet><table:table>{row}</table:table></office:spreadsheet>")
    with pytest.raises(DocumentBroken, match="larger than"):
        read(raw)


def test_word_s_deleted_text_is_left_out_and_notes_and_boxes_are_read() -> None:
    body = (
        "<w:p><w:r><w:t>We pay </w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>in secret </w:t></w:r>"
        "<w:del><w:r><w:delText>nothing</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>all</w:t></w:r></w:ins><w:r><w:tab/><w:t>now</w:t></w:r></w:p>"
        "<w:p><w:r><w:br w:type='page'/><w:t>Second page</w:t></w:r></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>In a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:p><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>"
        "</w:p>"
    )
    name = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    note = f"<w:footnotes {name}><w:footnote><w:p><w:r><w:t>See the law.</w:t></w:r></w:p></w:footnote></w:footnotes>"
    raw = zipped(
        {
            "word/document.xml": f"<w:document {name}><w:body>{body}</w:body></w:document>",
            "word/footnotes.xml": note,
            "word/media/image1.png": b"png",
        }
    )
    result, left_out = read(raw)
    assert result.text.splitlines() == [
        "We pay all\tnow",
        "Second page",
        "In a control",
        "In a box",
        "Notes:",
        "See the law.",
    ]
    assert result.where(result.text.index("control")) == "page 2, paragraph 2"
    assert [problem.what for problem in left_out][:2] == ["text that a tracked change deletes", "hidden text"]
    assert "in it" in left_out[2].what and "picture" in left_out[2].what  # with milo-bench[ocr] it says why


@pytest.mark.parametrize(
    ("rtf", "text"),
    [
        (rb"{\rtf1\ansi\ansicpg1252 Caf\'e9 \u8364?5{\*\unknown hidden}\par x}", "Café €5\nx\n"),
        (rb"{\rtf1{\fonttbl{\f0\fcharset204 A;}}\f0 \'cf\'f0}", "Пр\n"),
        (rb"{\rtf1{\v hidden}shown{\info{\title no}}}", "shown\n"),
        (rb"{\rtf1 \uc2\u955 ??a\uc0\u955 b}", "λaλb\n"),
        (rb"{\rtf1 \u-10179?\u-8704?}", "😀\n"),
        (rb"{\rtf1 a\bin3 {{{b\emdash c\{d\}}", "ab—c{d}\n"),
        (
            rb"{\rtf1 a{\shp{\*\shpinst{\sp{\sn x}}{\shptxt box}}{\shprslt box}}{\*\annotation why?}}",
            "a\nbox Comment: why?\n",
        ),
        (rb"{\rtf1 see {\object\objemb{\*\objdata 01050000}{\result the sheet}} here}", "see the sheet here\n"),
    ],
)
def test_rich_text_is_read_in_its_character_sets(rtf: bytes, text: str) -> None:
    assert rtf_text(rtf) == text


def test_files_inside_of_rich_text_and_word_files_are_named() -> None:
    left_out = read(rb"{\rtf1 see {\object{\*\objdata 0105}{\result the sheet}}}", "letter.rtf")[1]
    assert [one.what for one in left_out] == ["an embedded object, of which only the last view is read"]
    name = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    refers = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="rId7"'
    relations = '<Relationships><Relationship Id="rId7" Target="terms.html"/></Relationships>'
    raw = zipped(
        {
            "word/document.xml": f"<w:document {name}><w:body><w:p><w:r><w:t>See:</w:t></w:r></w:p>"
            f"<w:altChunk {refers}/></w:body></w:document>",
            "word/_rels/document.xml.rels": relations,
            "word/terms.html": "<p>Our terms</p>",
        }
    )
    assert [one.what for one in read(raw)[1]] == ["the inserted file 'terms.html'"]


@pytest.mark.parametrize("codec", ["utf-32", "utf-16", "utf-32-be"])
@pytest.mark.parametrize("name", ["note.txt", "page.html"])
def test_text_in_two_or_four_bytes_for_a_letter_is_read_by_its_mark(codec: str, name: str) -> None:
    said = "Café für €5"
    written = f"<html><body>{said}</body></html>" if name.endswith("html") else said
    mark = b"\0\0\xfe\xff" if codec == "utf-32-be" else b""
    result, left_out = read(mark + written.encode(codec), name)
    assert result.text.strip() == said and not left_out


def test_the_pictures_of_rich_text_are_found_once_each_and_others_are_counted() -> None:
    one = (
        rb"{\*\shppict{\pict{\*\picprop x}\pngblip\picw10 89504e47"
        + b"\n"
        + rb"0d0a}}{\nonshppict{\pict\wmetafile8 01}}"
    )
    two = rb"{\pict\jpegblip\bin3 " + b"}{\\" + b"}{\\pict\\emfblip 0102}{\\pict\\pngblip"
    assert rtf_pictures(rb"{\rtf1 a" + one + b"b" + two) == (
        (("picture 1.png", b"\x89PNG\r\n"), ("picture 2.jpg", b"}{\\")),
        2,
    )


def test_rich_text_with_groups_without_end_is_refused() -> None:
    with pytest.raises(DocumentBroken, match="nested"):
        rtf_text(b"{\\rtf1" + b"{" * 10_000)


@pytest.mark.parametrize("ending", [*TEXT_FORMATS, "xlsx", "xls", "ods"])
def test_a_damaged_file_is_named_and_never_ends_the_import(tmp_path: Path, ending: str) -> None:
    made = {**TEXT_FORMATS, "xlsx": lambda _: xlsx(LABELS), "xls": lambda _: xls(LABELS), "ods": lambda _: ods(LABELS)}
    raw = made[ending](PAGE)
    for cut in (3, 100, len(raw) // 2, len(raw) - 30):
        for broken in (raw[:cut], raw[:cut] + b"\xff\x00\xff" + raw[cut + 3 :]):
            try:
                read(broken, f"file.{ending}")
            except DocumentBroken as error:
                assert str(error)


def test_links_out_of_the_folder_are_not_read_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.txt").write_text("secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "sub").symlink_to(tmp_path / "elsewhere")
    (folder / "c.txt").write_text("open")
    (folder / "labels.csv").write_text("file,label\na.txt,x\nb.txt,x\nc.txt,y\n")
    result = IMPORTERS.get("folder").read(ImportRequest(folder))
    assert [case.input["document"] for case in result.cases] == ["open"]
    assert any("leads out" in problem.what for problem in result.broken)
    assert any("a link to a folder" in problem.what for problem in result.not_carried)


def test_documents_in_folders_of_a_folder_and_in_a_zip_are_found_by_name_or_path(tmp_path: Path) -> None:
    names = {"x/a.docx": docx(PAGE), "y/a.docx": docx(Page("Other", ("line",))), "y/b.html": html(PAGE)}
    labels = b"file,label\nx/a.docx,one\ny\\a.docx,two\nB,three\na.docx,four\n"
    folder = tmp_path / "folder"
    for name, raw in names.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)
    (tmp_path / "labels.csv").write_bytes(labels)
    (tmp_path / "all.zip").write_bytes(zipped(names))
    for source in (folder, tmp_path / "all.zip"):
        result = IMPORTERS.get("folder").read(ImportRequest(source, labels=tmp_path / "labels.csv"))
        assert [case.expect["label"] for case in result.cases] == ["one", "two", "three"]
        assert [problem.what for problem in result.broken] == ["there is no document 'a.docx'"]


@pytest.mark.parametrize("raw", [png(PAGE.all_lines), scanned_pdf(PAGE.all_lines)], ids=["png", "scan"])
def test_a_picture_without_the_ocr_package_says_how_to_get_it(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    with pytest.raises(DocumentBroken, match=r"pip install 'milo-bench\[ocr\]'"):
        read(raw)


def test_an_attachment_that_cannot_be_read_is_named_and_the_mail_stays() -> None:
    mail = b"From: a@b\nSubject: x\nContent-Type: multipart/mixed; boundary=X\n\n--X\n\nThe text.\n--X\n"
    mail += b'Content-Disposition: attachment; filename="a.exe"\nContent-Type: application/x-exe\n\nMZ\x00\n--X--\n'
    result, left_out = read(mail, "a.eml")
    assert "The text." in result.text and "MZ" not in result.text
    assert ["a.exe" in problem.what for problem in left_out] == [True]


def test_an_archive_s_directory_is_not_believed() -> None:
    raw = bytearray(zipped({"a.txt": b"x" * 5_000}))
    at = raw.rindex(b"PK\x01\x02")
    struct.pack_into("<I", raw, at + 24, 10)  # a declared size that is too small
    try:
        assert len(Archive(bytes(raw)).read("a.txt")) <= 5_000
    except DocumentBroken as error:
        assert "damaged" in str(error)


def test_the_report_of_an_import_lists_every_document_that_was_not_read(tmp_path: Path) -> None:
    made = make_folder(tmp_path / "share", documents=12, pictures=0)
    (made.root / "claim-0001.docx").write_bytes(b"PK\x03\x04 broken")
    (made.root / "unlabelled.txt").write_text("text")
    (made.root / "claim-0002.odt").unlink()
    import_suite(ImportRequest(made.root), out=tmp_path / "own")
    report = json.loads((tmp_path / "own/import_report.json").read_text())
    assert report["fixtures"] == 10
    assert {Path(problem["where"]).name.split(" ")[0] for problem in report["broken"]} == {
        "claim-0001.docx",
        "labels.xlsx",
    }
    assert [Path(problem["where"]).name for problem in report["not_carried"]] == ["unlabelled.txt"]


def test_a_packed_mimetype_and_a_nested_stored_document_do_not_mislead() -> None:
    raw = ods(LABELS)
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in reversed(parts.items()):
            archive.writestr(name, content)
    assert "00123" in read(packed.getvalue())[0].text
    stored = BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("letter.docx", docx(PAGE))
    result, _ = read(stored.getvalue())
    assert result.positions[0].name == "letter.docx" and PAGE.title in result.text


def test_names_of_files_are_found_as_macs_and_old_disks_write_them(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / unicodedata.normalize("NFD", "Schäden März.txt")).write_text("roof")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.TXT")).write_text("coffee")
    (folder / "labels.csv").write_text("file,label\nSchäden März.txt,a\ncafé.txt,b\n", encoding="utf-8")
    report = import_suite(ImportRequest(folder), out=tmp_path / "own")
    fixtures = load_suite(str(tmp_path / "own")).fixtures
    assert [fixture.id for fixture in fixtures] == ["Schäden-März", "café"]
    assert (report.broken, report.not_carried) == ((), ())


def test_locked_and_old_office_files_say_what_they_are(tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    with pytest.raises(DocumentBroken, match="locked with a password"):
        read(ole + "EncryptedPackage".encode("utf-16-le"), "a.docx")
    with pytest.raises(DocumentBroken, match=r"'\.doc' files of Office 97 to 2003 are not supported"):
        read(ole, "a.doc")
    with pytest.raises(DataError, match="is not a table that can be read"):
        rows_of(tmp_path, ole)


def test_a_sheet_with_a_header_in_two_rows_totals_and_a_note_is_a_table(tmp_path: Path) -> None:
    rows: dict[str, object] = {
        "A1": "id", "B1": "text", "C1": "Amount", "C2": "net", "D2": "gross", "A3": 1, "B3": "one", "C3": 10, "D3": 12,
        "A4": 2, "B4": "two", "C4": 20, "D4": 24, "A5": "Total", "C5": 30, "D5": 36, "A7": "Source: our own list",
    }  # fmt: skip
    source = tmp_path / "t.xlsx"
    source.write_bytes(workbook(rows, merged="C1:D1"))
    report = import_suite(
        ImportRequest(source, inputs=("text",), expects=("Amount net", "Amount gross")), out=tmp_path / "own"
    )
    expected = [fixture.expect["fields"] for fixture in load_suite(str(tmp_path / "own")).fixtures]
    assert expected == [{"Amount net": 10, "Amount gross": 12}, {"Amount net": 20, "Amount gross": 24}]
    assert not report.broken and "a line below the table" in report.not_carried[0].what


def test_what_people_wrote_beside_cells_is_part_of_a_sheet() -> None:
    raw = workbook({"A1": "No.", "A2": 7}, comment=("A2", "paid on Friday"))
    assert read_bytes(Document(Path("t.xlsx"), raw)).text == "Sheet: S\nNo.\n7\nComments:\nA2: paid on Friday\n"
