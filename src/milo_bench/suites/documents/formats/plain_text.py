"""A text file in, its text out: UTF-8, UTF-16, or Windows-1252, which is said."""

from __future__ import annotations

from typing import Final

from milo_bench.suites.documents.read_text import DocumentText
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentBroken, DocumentReader

_MOSTLY: Final = 0.9  # of the pairs of bytes: text of a European language in UTF-16


def read_plain_text(document: Document) -> DocumentText:
    """The text. Raises DocumentBroken for what is no text."""
    raw = document.raw
    try:
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            return DocumentText(raw.decode("utf-16"))
        if b"\x00" in raw:
            return _without_mark(raw)
        return DocumentText(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        if b"\x00" in raw:
            raise DocumentBroken(f"not text (byte {error.start})") from None
    document.leave_out("read as Windows-1252, because it is not UTF-8", "check accented letters, or save it as UTF-8.")
    return DocumentText(raw.decode("cp1252", "replace"))


def _without_mark(raw: bytes) -> DocumentText:
    """UTF-16 whose mark is missing: of most pairs of bytes one is 0. Raises DocumentBroken for anything else."""
    pairs = max(len(raw) // 2, 1)
    for name, zeros in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[0::2])):
        if zeros.count(0) > _MOSTLY * pairs and raw.count(0) < 1.1 * zeros.count(0) and len(raw) % 2 == 0:
            return DocumentText(raw.decode(name))
    raise DocumentBroken(f"not text (byte {raw.index(0)} is 0)")


DOCUMENTS.add(
    "plain_text", DocumentReader(read_plain_text, endings=(".txt", ".md", ".text", ".csv", ".tsv", ".json", ".log"))
)
