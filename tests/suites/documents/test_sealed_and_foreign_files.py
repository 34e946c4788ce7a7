"""What cannot be read is named with its reason, and never imported as cipher text, headers alone or a blank page."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from benchmarks.office import pictures
from benchmarks.office.compound_file import compound_file
from benchmarks.office.documents import zipped
from milo_bench.suites.documents.reader import Document, DocumentBroken, read_bytes

SEALED = "-----BEGIN PGP MESSAGE-----\n\nhQEMA1x9\n=Ab1c\n-----END PGP MESSAGE-----\n"
HEAD = "From: a@example.com\nSubject: Claim 4711\n\n"


def read(name: str, raw: bytes) -> tuple[str, list[str]]:
    document = Document(Path(name), raw)
    return read_bytes(document).text, [problem.what for problem in document.left_out]


def refused(name: str, raw: bytes) -> str:
    with pytest.raises(DocumentBroken) as broken:
        read(name, raw)
    return str(broken.value)


def outlook(**texts: str) -> bytes:
    streams = {f"__substg1.0_{prop[1:]}001F": text.encode("utf-16-le") for prop, text in texts.items()}
    return compound_file({"__properties_version1.0": bytes(32), **streams})


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("letter.txt", SEALED, "encrypted with PGP"),
        ("letter.md", f"\n{SEALED}\n{SEALED}", "encrypted with PGP"),
        ("cut.txt", SEALED[:40], "encrypted with PGP"),
        ("mail.eml", HEAD + SEALED, "an encrypted mail (S/MIME or PGP)"),
        (
            "quoted.eml",
            HEAD + "> -----BEGIN PGP MESSAGE-----\n> hQEM\n> -----END PGP MESSAGE-----\n",
            "an encrypted mail",
        ),
    ],
)
def test_cipher_text_is_no_text(name: str, text: str, reason: str) -> None:
    assert refused(name, text.encode()).startswith(reason)


@pytest.mark.parametrize(("name", "head"), [("note.txt", ""), ("mail.eml", HEAD)])
def test_what_stands_beside_cipher_text_is_read_and_the_rest_is_named(name: str, head: str) -> None:
    text, left = read(name, f"{head}Paid 45.00 today.\n{SEALED}Jo Roe\n".encode())
    assert "Paid 45.00 today." in text and "Jo Roe" in text and "hQEM" not in text
    assert left == ["a part that is encrypted with PGP"]


def test_a_signed_text_that_anyone_can_read_stays_as_it_is() -> None:
    signed = "-----BEGIN PGP SIGNED MESSAGE-----\n\nClaim 4711\n-----BEGIN PGP SIGNATURE-----\nx\n"
    assert read("a.txt", signed.encode()) == (signed, [])


def test_an_outlook_mail_that_is_encrypted_or_has_no_text_says_so() -> None:
    assert refused("a.msg", outlook(p0037="Claim", p001A="IPM.Note.SMIME")) == "an encrypted mail (S/MIME or PGP)"
    assert refused("a.msg", outlook(p0037="Claim", p1000=SEALED)) == "an encrypted mail (S/MIME or PGP)"
    _, left = read("a.msg", outlook(p0037="Claim", p001A="IPM.Note"))
    assert left == ["a mail without text: only its headers are read"]
    assert read("a.msg", outlook(p0037="Claim", p1000="Paid 45.00"))[1] == []


def test_a_locked_part_of_an_archive_is_named_and_the_others_are_read() -> None:
    raw = bytearray(zipped({"a.txt": "Paid 45.00", "b.txt": "Locked 46.00"}))
    for start, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = raw.rindex(start)
        raw[place + at] |= 1  # the flag of an encrypted part
    text, left = read("a.zip", bytes(raw))
    assert "Paid 45.00" in text and "46.00" not in text
    assert left == ["'b.txt' inside it: locked with a password"]


def test_an_archive_whose_every_part_is_locked_is_locked() -> None:
    raw = bytearray(zipped({"a.txt": "Paid 45.00"}))
    raw[raw.rindex(b"PK\x03\x04") + 6] |= 1
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    assert refused("a.zip", bytes(raw)) == "locked with a password"


def test_an_archive_past_the_limit_is_refused_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("milo_bench.suites.bounded.archive.UNPACKED_LIMIT_BYTES", 1_000)
    assert refused("a.zip", zipped({"a.txt": "x" * 900, "b.txt": "y" * 900})).startswith("unpacks to more than")


@pytest.mark.parametrize(
    ("name", "raw", "kind"),
    [
        ("photo.jpg", b"\0\0\0\x18ftypheic" + bytes(40), ".heic"),
        ("scan.png", b"\0\0\0\x1cftypavif" + bytes(40), ".avif"),
        ("letter.docx", b"7z\xbc\xaf\x27\x1c" + bytes(40), ".7z"),
        ("letter.txt", b"\x1f\x8b\x08\x00" + bytes(40), ".gz"),
        ("mails.eml", b"!BDN" + bytes(600), ".pst"),
    ],
)
def test_a_file_that_is_called_otherwise_is_told_by_its_content(name: str, raw: bytes, kind: str) -> None:
    assert refused(name, raw) == f"content of a '{kind}' file, which is not supported"


def test_a_package_of_apple_is_told_by_its_parts_and_not_read_as_its_preview() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("Index/Document.iwa", b"x")
        archive.writestr("preview.txt", b"half of it")
    assert refused("letter.zip", out.getvalue()) == "'.pages' files of Apple iWork are not supported"


def test_a_scan_of_one_line_is_read_on_a_large_page_and_a_blank_page_is_named() -> None:
    pytest.importorskip("rapidocr")
    text, left = read("a.pdf", pictures.scanned_pdf(("Second page 778899",)))
    assert "Second page 778899" in text and not left
    document = two_pages(pictures.pdf(("First page",)), pictures.scanned_pdf(()))
    text, left = read("a.pdf", document)
    assert "First page" in text and left == ["page 2: OCR found no text in it"]


def two_pages(one: bytes, other: bytes) -> bytes:
    from pypdf import PdfWriter

    writer, out = PdfWriter(), io.BytesIO()
    for part in (one, other):
        writer.append(io.BytesIO(part))
    writer.write(out)
    return out.getvalue()


def test_an_old_workbook_counts_its_days_as_its_header_says() -> None:
    texts = [read("a.xls", compound_file({"Book": biff5(since_1904=flag)}))[0] for flag in (False, True)]
    assert texts == ["Sheet: Data\nWhen\tGröße\n2026-03-03\t1250.5\n"] * 2


def biff5(*, since_1904: bool) -> bytes:
    """A workbook of Excel 5 with one sheet (MS-XLS, before 1997)."""

    def record(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def label(column: int, text: bytes) -> bytes:
        return record(0x0204, struct.pack("<HHHH", 0, column, 15, len(text)) + text)

    def number(column: int, style: int, value: float) -> bytes:
        return record(0x0203, struct.pack("<HHHd", 1, column, style, value))

    def style(form: int) -> bytes:
        return record(0xE0, struct.pack("<HHHBBHHHH", 0, form, 1, 0x20, 0, 0x20C0, 0, 0, 0))

    font = record(0x31, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + b"\x05Arial")
    book = record(0x0809, struct.pack("<HHHH", 0x500, 5, 0x0DBB, 0x07CC)) + record(0x42, struct.pack("<H", 1252))
    book += record(0x22, struct.pack("<H", since_1904)) + font * 5
    book += record(0x041E, struct.pack("<HB", 164, 10) + b"DD.MM.YYYY") + style(0) * 16 + style(164)
    at = len(book) + 4 + 6 + 5 + 4
    book += record(0x85, struct.pack("<IH", at, 0) + b"\x04Data") + record(0x0A, b"")
    day = 46084.0 - (1462 if since_1904 else 0)
    sheet = record(0x0809, struct.pack("<HHHH", 0x500, 0x10, 0x0DBB, 0x07CC))
    sheet += record(0x0200, struct.pack("<HHHHH", 0, 2, 0, 2, 0)) + label(0, b"When") + label(1, b"Gr\xf6\xdfe")
    sheet += number(0, 16, day) + number(1, 15, 1250.5) + record(0x0A, b"")
    return (book + sheet).ljust(4096, b"\0")
