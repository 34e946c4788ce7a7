"""Files of an office as they really come, each with the text that must not be lost."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from milo_bench.config.written import Problem
from milo_bench.suites.documents.reader import DocumentBroken, read_document


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
            "'winmail.dat', attachments in a form of Outlook's own",
        ),
    ],
)
def test_what_a_mail_does_not_give_is_said(tmp_path: Path, rest: bytes, what: str) -> None:
    _, left_out = read(tmp_path, "a.eml", HEAD + rest)
    assert [problem.what for problem in left_out] == [what]


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
