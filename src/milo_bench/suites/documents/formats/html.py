"""An HTML page in, its text out."""

from __future__ import annotations

import re

from milo_bench.suites.bounded.utf16 import marked_codec
from milo_bench.suites.documents.formats.mail import decode_text
from milo_bench.suites.documents.html_text import html_text
from milo_bench.suites.documents.read_text import DocumentText
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentReader

_DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)


def read_html(document: Document) -> DocumentText:
    """The text, in the character set that the page declares."""
    if codec := marked_codec(document.raw):
        return DocumentText(html_text(document.raw.decode(codec, "replace")))
    declared = _DECLARED.search(document.raw[:4096])
    return DocumentText(html_text(decode_text(document.raw, declared[1].decode("ascii") if declared else None)))


def _is_html(start: bytes) -> bool:
    return start.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].lower().startswith((b"<!doctype html", b"<html"))


DOCUMENTS.add("html", DocumentReader(read_html, endings=(".html", ".htm", ".xhtml"), recognises=_is_html))
