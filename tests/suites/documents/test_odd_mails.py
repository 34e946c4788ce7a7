"""Mails as programs write them and no standard allows: the text that a person reads is the text that is imported."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from milo_bench.suites.documents.reader import Document, read_bytes

HEAD = "From: a@example.com\r\nSubject: Claim 4711\r\nMIME-Version: 1.0\r\n"
INNER = b"From: x@example.com\r\nSubject: Inner\r\n\r\nInner case 4712\r\n"


def text_of(raw: bytes) -> str:
    return read_bytes(Document(Path("a.eml"), raw)).text


def alternative(plain: str, html: str) -> bytes:
    parts = "".join(
        f"--b\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{text}\r\n"
        for kind, text in (("plain", plain), ("html", html))
    )
    return f'{HEAD}Content-Type: multipart/alternative; boundary="b"\r\n\r\n{parts}--b--\r\n'.encode()


@pytest.mark.parametrize(
    "plain",
    ["\u00a0\u00a0\r\n\u200b", "...", "--", "View this message in your browser: https://example.com/x", "HTML only"],
)
def test_a_plain_part_that_says_nothing_gives_way_to_the_html_part(plain: str) -> None:
    assert "Case 4713 is open" in text_of(alternative(plain, "<p>Case 4713 is open.</p>"))


def test_a_short_plain_part_that_says_something_stays() -> None:
    assert "Paid." in text_of(alternative("Paid.", "<p>Another text that is longer than the plain one.</p>"))


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("iso-8859-1", "utf-8"),
        ("windows-1252", "utf-8"),
        ("iso-8859-1", "cp1252"),
        ("iso-8859-15", "iso-8859-15"),
        ("us-ascii", "utf-8"),
    ],
)
def test_letters_are_whole_where_the_declared_set_is_not_the_one_that_was_used(charset: str, encoding: str) -> None:
    said = "Müller owes €50"
    raw = f"{HEAD}Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + said.encode(encoding)
    assert said in text_of(raw)


@pytest.mark.parametrize(
    "raw",
    [
        f"{HEAD}Content-Type: message/rfc822\r\n\r\n".encode() + INNER,
        f'{HEAD}Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n".encode()
        + base64.b64encode(INNER)
        + b"\r\n--b--\r\n",
    ],
    ids=["the mail is one", "encoded"],
)
def test_a_forwarded_mail_is_read_however_it_was_put_in(raw: bytes) -> None:
    assert "Subject: Inner\n\nInner case 4712" in text_of(raw)


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n\r\n", b"\xef\xbb\xbf\n"])
def test_blank_lines_and_marks_in_front_of_a_mail_are_no_part_of_it(before: bytes) -> None:
    assert text_of(before + INNER).startswith("From: x@example.com\nSubject: Inner")


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ('<span>2</span><span style="margin-left: 9px">45.00</span>', "2 45.00"),
        ('<b style="display:inline-block">2</b><b style="display:inline-block">45.00</b>', "2 45.00"),
        ("<span>4</span><span>5.00</span>", "45.00"),
        ('<p>See <img alt="Invoice total 45.00" src="cid:1">.</p>', "See [Invoice total 45.00] ."),
        ('<p>See <img alt="" src="cid:1">it</p>', "See it"),
    ],
)
def test_what_is_shown_apart_stays_apart_and_a_picture_is_read_as_its_description(html: str, said: str) -> None:
    assert text_of(f"{HEAD}Content-Type: text/html\r\n\r\n{html}".encode()).rstrip().endswith(f"\n{said}")
