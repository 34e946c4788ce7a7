"""Files of an office as they really come, each with the text that must not be lost."""

from __future__ import annotations

import base64
import io
import struct
from email.message import EmailMessage
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from benchmarks.office.pictures import scanned_pdf
from milo_bench.config.written import Problem
from milo_bench.suites.documents.reader import DocumentBroken, read_document
from tests.suites.test_hostile_documents import pdf


def read(tmp_path: Path, name: str, raw: bytes) -> tuple[str, list[Problem]]:
    path = tmp_path / name
    path.write_bytes(raw)
    left: list[Problem] = []
    return read_document(path, left).text, left


def test_a_blank_plain_part_gives_way_to_the_html_part(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Claim"
    mail.set_content("  \n")
    mail.add_alternative("<p>Policy 4711</p><table><tr><td>2</td><td>45.00</td></tr></table>", subtype="html")
    text, _ = read(tmp_path, "a.eml", mail.as_bytes())
    assert "Policy 4711" in text and "2\t45.00" in text


@pytest.mark.parametrize(
    "charset", ["", "; charset=utf-8", "; charset=x-unknown", "; charset=us-ascii", "; charset=iso-8859-1"]
)
def test_letters_are_whole_whatever_the_mail_says_of_its_character_set(tmp_path: Path, charset: str) -> None:
    body = "Ms Müller owes 50".encode("iso-8859-1" if "8859" in charset else "utf-8")
    text, _ = read(tmp_path, "a.eml", f"Subject: x\nContent-Type: text/plain{charset}\n\n".encode() + body)
    assert "Ms Müller owes 50" in text


def packed_in_outlook(subject: bytes, body: bytes, files: dict[bytes, bytes]) -> bytes:
    """A winmail.dat as MS-OXTNEF has it."""

    def attribute(level: int, kind: int, data: bytes) -> bytes:
        return struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    parts = [attribute(1, 0x00018004, subject + b"\0"), attribute(1, 0x0002800C, body + b"\0")]
    for name, data in files.items():
        long_name = name.decode().encode("utf-16-le") + b"\0\0"
        held = struct.pack("<IHHII", 1, 0x1F, 0x3707, 1, len(long_name)) + long_name
        held += b"\0" * (-len(long_name) % 4)
        parts += [attribute(2, 0x00069002, b"\0" * 14), attribute(2, 0x0006800F, data), attribute(2, 0x00069005, held)]
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(parts)


def test_what_outlook_packed_into_winmail_dat_is_part_of_the_mail(tmp_path: Path) -> None:
    inner = packed_in_outlook(b"Forwarded", b"The old mail: 77.00", {})
    packed = packed_in_outlook(b"Claim", b"It was 4711.", {"größe.txt".encode(): b"Paid 55.00", b"mail.dat": inner})
    mail = EmailMessage()
    mail["Subject"] = "Claim"
    mail.set_content("Hello.")
    mail.add_attachment(packed, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    text, left = read(tmp_path, "a.eml", mail.as_bytes())
    assert all(said in text for said in ("Hello.", "It was 4711.", "größe.txt", "Paid 55.00", "The old mail: 77.00"))
    assert not left
    _, left = read(tmp_path, "winmail.dat", packed[:-40])
    assert [problem.what for problem in left] == ["the end of it: it is cut"]


def signed(content: bytes, *, open_lengths: bool = False) -> bytes:
    """A CMS message that signs ``content``, without the signature itself."""

    def part(tag: int, *inner: bytes) -> bytes:
        held = b"".join(inner)
        if open_lengths and tag & 0x20:
            return bytes([tag, 0x80]) + held + b"\0\0"
        size = len(held)
        length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2)
        return bytes([tag]) + length + held

    data, signed_data = (part(0x06, bytes.fromhex(f"2a864886f70d01070{kind}")) for kind in (1, 2))
    octets = part(0x24, part(0x04, content[:20]), part(0x04, content[20:])) if open_lengths else part(0x04, content)
    inside = part(0x30, data, part(0xA0, octets))
    whole = part(0x30, part(0x02, b"\x01"), part(0x31), inside, part(0x31))
    return part(0x30, signed_data, part(0xA0, whole))


@pytest.mark.parametrize("open_lengths", [False, True], ids=["DER", "BER"])
def test_a_mail_that_is_signed_as_a_whole_is_read_and_an_encrypted_one_is_named(
    tmp_path: Path, open_lengths: bool
) -> None:
    inner = b"Content-Type: text/plain; charset=utf-8\r\n\r\nPaid 77.00 to M\xc3\xbcller\r\n"
    head = b"Subject: Claim\nMIME-Version: 1.0\nContent-Type: application/pkcs7-mime; smime-type=signed-data\n"
    for raw in (signed(inner, open_lengths=open_lengths),):
        text, left = read(tmp_path, "a.eml", head + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(raw))
        assert "Subject: Claim" in text and "Paid 77.00 to Müller" in text and not left
        assert "Paid 77.00 to Müller" in read(tmp_path, "smime.p7m", raw)[0]
        assert "Paid 77.00 to Müller" in read(tmp_path, "smime.p7m", base64.encodebytes(raw))[0]
    assert read(tmp_path, "invoice.txt.p7m", signed(b"Invoice 4711", open_lengths=open_lengths))[0] == "Invoice 4711"
    sealed = raw.replace(bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010703"))
    for name, said in (("a.eml", "an encrypted mail"), ("smime.p7m", "an encrypted file")):
        wrapped = head + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(sealed)
        with pytest.raises(DocumentBroken, match=said):
            read(tmp_path, name, wrapped if name.endswith("eml") else sealed)


def test_a_forwarded_mail_is_part_of_the_document_and_an_attachment_is_named(tmp_path: Path) -> None:
    inner = EmailMessage()
    inner["Subject"] = "The claim"
    inner.set_content("It was 4711.")
    outer = EmailMessage()
    outer["Subject"] = "Fwd"
    outer.set_content("See below.")
    outer.add_attachment(inner)
    outer.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="scan.pdf")
    text, left = read(tmp_path, "a.eml", outer.as_bytes())
    assert "See below." in text and "Subject: The claim" in text and "It was 4711." in text
    assert ["scan.pdf" in problem.what for problem in left] == [True]


@pytest.mark.parametrize("head", [b"Subject: " + b"a b " * 60_000, b"From: " + b"<a@b>, " * 150_000])
def test_a_header_without_end_costs_no_more_than_its_limit(tmp_path: Path, head: bytes) -> None:
    text, _ = read(tmp_path, "a.eml", head + b"\nDate: now\n\nThe text.\n")
    assert text.endswith("The text.\n") and len(text) < 100_000


def test_a_format_is_told_by_content_before_the_name(tmp_path: Path) -> None:
    text, _ = read(tmp_path, "page.txt", b"<!DOCTYPE html><html><p>Hello &amp; bye<script>x</script></p></html>")
    assert text == "Hello & bye\n"
    text, _ = read(tmp_path, "mail.txt", b"From: a@b\nSubject: Hi\n\nBody\n")
    assert text.startswith("From: a@b")


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    for name, raw, said in (
        ("a.bin", b"\x00\x01", "not supported"),
        ("a.txt", b"\x00\xff\x00", "not text"),
        ("a.txt", b"  \n", "no text"),
        ("a.pdf", b"%PDF-1.4 broken", "not a readable PDF"),
        ("a.eml", b"\n\nno headers", "no headers"),
    ):
        with pytest.raises(DocumentBroken, match=said):
            read(tmp_path, name, raw)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(DocumentBroken, match="leads out"):
        read_document(folder / "a.txt", [])


def test_a_code_page_that_does_not_exist_does_not_end_the_reading(tmp_path: Path) -> None:
    text, _ = read(tmp_path, "letter.rtf", rb"{\rtf1\ansi\ansicpg12 The roof was damaged.\par}")
    assert "The roof was damaged." in text


HEAD = b"From: a@x.example\nSubject: S\nMIME-Version: 1.0\n"


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (b"Content-Type: multipart/mixed\n\nHello.\n", "Hello."),
        (b"Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\nHello.\n", "Hello."),
        (b"Content-Type: text/calendar\n\nSUMMARY:Meeting\n", "SUMMARY:Meeting"),
        (
            b"Content-Type: multipart/alternative; boundary=B\n\n--B\nContent-Type: text/plain\n\nThis message "
            b"requires an HTML viewer.\n--B\nContent-Type: text/html\n\n<p>The real text, 45.00</p>\n--B--\n",
            "The real text, 45.00",
        ),
        (
            b"Content-Type: multipart/report; boundary=B\n\n--B\nContent-Type: text/plain\n\nNot delivered.\n--B\n"
            b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; z@x\n\n"
            b"--B--\n",
            "Final-Recipient: rfc822; z@x",
        ),
        (b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nSGVsbG8gdGhlcm\n", "Hello the"),
    ],
)
def test_a_mail_that_is_put_together_oddly_keeps_its_text(tmp_path: Path, rest: bytes, said: str) -> None:
    text, left_out = read(tmp_path, "a.eml", HEAD + rest)
    assert said in text and not left_out


@pytest.mark.parametrize(
    ("rest", "what"),
    [
        (b"\n", "a mail without text: only its headers are read"),
        (
            b"Content-Type: multipart/mixed; boundary=B\n\n--B\n\nSee below.\n--B\nContent-Type: application/ms-tnef\n"
            b"Content-Disposition: attachment; filename=winmail.dat\n\nx\n--B--\n",
            "'winmail.dat' inside it: '.dat' files are not supported",
        ),
    ],
)
def test_what_a_mail_does_not_give_is_said(tmp_path: Path, rest: bytes, what: str) -> None:
    _, left_out = read(tmp_path, "a.eml", HEAD + rest)
    (problem,) = left_out
    assert problem.what.startswith(what)


@pytest.mark.parametrize(
    "kind", ["application/pkcs7-mime; smime-type=enveloped-data", "multipart/encrypted; boundary=B"]
)
def test_an_encrypted_mail_is_no_document(tmp_path: Path, kind: str) -> None:
    with pytest.raises(DocumentBroken, match="an encrypted mail"):
        read(tmp_path, "a.eml", HEAD + f"Content-Type: {kind}\n\nMIAGCSqGSIb3\n".encode())


def test_a_page_with_a_form_is_read_as_it_is_filled_in(tmp_path: Path) -> None:
    page = (
        "<html><body>Name: <input value='Jo Roe'><input type=hidden value=secret><input type=checkbox checked> yes "
        "<select><option>A<option selected>B</select><pre>1  2\n3</pre></body></html>"
    )
    for raw in (page.encode(), page.encode("utf-16")):
        text, _ = read(tmp_path, "a.html", raw)
        assert text == "Name: Jo Roe [x] yes\nB\n1 2\n3\n"


def page_with(*more: bytes, content: bytes = b"BT /F 12 Tf 50 800 Td (Name:) Tj ET", catalog: bytes = b"") -> bytes:
    """A PDF of one page; ``more`` are the annotations on it."""
    annotations = b" ".join(b"%d 0 R" % (6 + number) for number in range(len(more)))
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R" + catalog + b">>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>>>/Contents 4 0 R/Annots["
        + annotations
        + b"]>>",
        b"<</Length %d>>stream\n" % len(content) + content + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[174/fi]>>>>",
        *(b"<</Type/Annot/Rect[0 0 9 9]" + one + b">>" for one in more),
    )


def test_a_pdf_keeps_every_note_and_what_its_lists_show(tmp_path: Path) -> None:
    raw = page_with(
        b"/Subtype/Text/Contents(check this)",
        b"/Subtype/StrikeOut/Contents(not this)",
        b"/Subtype/Stamp/Contents(APPROVED)",
        b"/Subtype/Link/Contents(a link)",
        b"/Subtype/Widget/FT/Ch/T(colour)/Opt[[(r)(Red)][(g)(Green)]]/V(g)",
        catalog=b"/AcroForm<</Fields[10 0 R]>>",
    )
    text, _ = read(tmp_path, "a.pdf", raw)
    assert text == "Name:\n\nForm fields:\ncolour: Green\n\nNotes:\ncheck this\nnot this\nAPPROVED"


def test_ligatures_of_print_are_letters(tmp_path: Path) -> None:
    assert read(tmp_path, "a.pdf", page_with(content=b"BT /F 12 Tf 50 800 Td (o\256ce) Tj ET"))[0] == "ofice"


def test_a_file_in_a_pdf_is_read_or_named(tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(page_with())))
    writer.add_attachment("rows.csv", b"a,b\n")
    writer.add_attachment("invoice.xml", b"<Invoice>4711</Invoice>")
    writer.add_attachment("song.mp3", b"ID3")
    made = io.BytesIO()
    writer.write(made)
    text, left_out = read(tmp_path, "a.pdf", made.getvalue())
    assert "----- Attachment: rows.csv -----\na,b" in text
    assert "----- Attachment: invoice.xml -----\n<Invoice>4711</Invoice>" in text
    assert [problem.what.partition(":")[0] for problem in left_out] == ["'song.mp3' inside it"]


GARBAGE = "\\247\\266@@ #~^ ][qzxw %&/ }{ qzxw %&/ }{ qzxw %&/ }{ @@ #~ "


def test_a_text_layer_that_is_no_text_is_named_where_its_page_cannot_be_read_as_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("milo_bench.suites.documents.formats.pdf.ocr_is_installed", lambda: False)
    _, left_out = read(tmp_path, "a.pdf", page_with(content=f"BT /F 12 Tf 50 800 Td ({GARBAGE}) Tj ET".encode()))
    assert [problem.what for problem in left_out] == ["page 1: its text is in letters that no reader knows"]
    table = b"BT /F 12 Tf 50 800 Td (Item 1 | 12.50 | 3 pcs; VAT 19%: 2.38; Total 14.88 EUR - paid) Tj ET"
    assert read(tmp_path, "b.pdf", page_with(content=table))[1] == []


def test_an_invitation_beside_a_mail_s_text_is_part_of_it(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "Inspection"
    mail.set_content("Please accept.")
    mail.add_alternative("<p>Please accept.</p>", subtype="html")
    mail.add_alternative("BEGIN:VCALENDAR\nDTSTART:20260305T140000\nEND:VCALENDAR\n", subtype="calendar")
    text, left_out = read(tmp_path, "a.eml", mail.as_bytes())
    assert "Please accept." in text and "DTSTART:20260305T140000" in text and not left_out
    mixed = EmailMessage()
    mixed["Subject"] = "Inspection"
    mixed.make_mixed()
    mixed.attach(mail)
    mixed.add_attachment(b"Notes.", maintype="text", subtype="plain", filename="notes.txt")
    assert "DTSTART:20260305T140000" in read(tmp_path, "b.eml", mixed.as_bytes())[0]


def test_mails_and_pages_that_other_programs_keep_are_read(tmp_path: Path) -> None:
    mail = b"Subject: Claim\nFrom: a@x.example\n\nIt was 4711.\n"
    apple = str(len(mail)).encode() + b"\n" + mail + b'<?xml version="1.0"?><plist></plist>\n'
    assert read(tmp_path, "a.emlx", apple)[0].endswith("It was 4711.\n")
    head = b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=X\n\n"
    page = head + b"--X\nContent-Type: text/html\n\n<p>Page</p>\n--X--\n"
    assert "Page" in read(tmp_path, "a.mht", page)[0]
    assert "DTSTART" in read(tmp_path, "a.ics", b"BEGIN:VCALENDAR\nDTSTART:20260305\nEND:VCALENDAR\n")[0]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("a.heic", "save it as .png or .jpg."),
        ("a.rar", "unpack it, or pack its files as .zip."),
        ("a.xyz", "save it as PDF or Word."),
    ],
)
def test_a_form_that_is_not_read_is_refused_with_what_to_do(tmp_path: Path, name: str, hint: str) -> None:
    with pytest.raises(DocumentBroken, match=r"files are not supported$") as refused:
        read(tmp_path, name, b"\0\1\2")
    assert refused.value.hint == hint


def test_a_scan_with_a_page_number_on_it_is_not_taken_for_its_page_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("milo_bench.suites.documents.formats.pdf.ocr_is_installed", lambda: False)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(scanned_pdf(["Claim report 7"]))))
    writer.pages[0].merge_page(PdfReader(io.BytesIO(page_with())).pages[0])
    made = io.BytesIO()
    writer.write(made)
    text, left_out = read(tmp_path, "a.pdf", made.getvalue())
    assert text == "Name:" and [problem.what for problem in left_out] == ["page 1, a picture with no text or little"]


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_pdf_that_only_its_owner_may_change_is_read_and_one_with_a_password_is_named(
    tmp_path: Path, algorithm: str
) -> None:
    for password in ("", "secret"):
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(page_with())))
        writer.encrypt(password, "owner", algorithm=algorithm)
        made = io.BytesIO()
        writer.write(made)
        if not password:
            assert read(tmp_path, "a.pdf", made.getvalue())[0] == "Name:"
            continue
        with pytest.raises(DocumentBroken, match="locked with a password") as broken:
            read(tmp_path, "a.pdf", made.getvalue())
        assert broken.value.hint == "save it without a password."
