"""A Rich Text file in, its text out."""

from __future__ import annotations

from milo_bench.suites.bounded.rtf import rtf_text
from milo_bench.suites.documents.read_text import DocumentText
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentReader


def read_rtf(document: Document) -> DocumentText:
    """The text; pictures are named as left out."""
    pictures = document.raw.count(b"\\pict")
    document.leave_out_pictures(pictures)
    return DocumentText(rtf_text(document.raw))


DOCUMENTS.add(
    "rtf", DocumentReader(read_rtf, endings=(".rtf",), recognises=lambda start: start.lstrip()[:5] == b"{\\rtf")
)
