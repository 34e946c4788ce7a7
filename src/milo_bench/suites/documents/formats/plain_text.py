"""A text file in, its text out: UTF-8, UTF-16, or a character set that its letters tell, which is said."""

from __future__ import annotations

import re
from typing import Final

from milo_bench.suites.bounded.armour import ENCRYPTED_HINT, without_armour
from milo_bench.suites.bounded.charset import decode_by_letters
from milo_bench.suites.bounded.utf16 import marked_codec, utf16_without_mark
from milo_bench.suites.documents.read_text import DocumentText
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentBroken, DocumentReader

_FIRST: Final = 1_000  # bytes in which an XML document names the program that it belongs to
_OFFICE_XML: Final = re.compile(rb"<\?mso-application\b")


def read_plain_text(document: Document) -> DocumentText:
    """The text without what is encrypted in it. Raises DocumentBroken for what is no text or all encrypted."""
    read = _decoded(document)
    text, encrypted = without_armour(read.text)
    if encrypted and not text.strip():
        raise DocumentBroken("encrypted with PGP", hint=ENCRYPTED_HINT)
    if encrypted:
        document.leave_out("a part that is encrypted with PGP", ENCRYPTED_HINT)
    return DocumentText(text) if encrypted else read


def _decoded(document: Document) -> DocumentText:
    raw = document.raw
    if _OFFICE_XML.search(raw[:_FIRST]):
        raise DocumentBroken("an XML document of Office 2003", hint="save it as .docx or .xlsx.")
    try:
        if codec := marked_codec(raw):
            return DocumentText(raw.decode(codec))
        if b"\x00" in raw:
            text = utf16_without_mark(raw)
            if text is None:
                raise DocumentBroken(f"not text (byte {raw.index(0)} is 0)")
            return DocumentText(text)
        return DocumentText(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        if b"\x00" in raw:
            raise DocumentBroken(f"not text (byte {error.start})") from None
    text, charset = decode_by_letters(raw)
    document.leave_out(f"read as {charset}, because it is not UTF-8", "check accented letters, or save it as UTF-8.")
    return DocumentText(text)


_ENDINGS: Final = (
    ".txt", ".md", ".text", ".csv", ".tsv", ".json", ".log", ".ics", ".vcf", ".xml", ".yaml", ".yml", ".tex", ".rst",
    ".srt", ".jsonl",
)  # fmt: skip

DOCUMENTS.add("plain_text", DocumentReader(read_plain_text, endings=_ENDINGS))
