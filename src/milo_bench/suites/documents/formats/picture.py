"""A picture of a page in (.png, .jpg, .tiff), its text out, read by OCR."""

from __future__ import annotations

from typing import Final

from milo_bench.suites.documents.ocr import read_pictures
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentBroken, DocumentReader

_STARTS: Final = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"II*\0",
    b"MM\0*",
    b"BM",
    b"GIF8",
    b"\0\0\0\x0cjP  ",
    b"\xff\x4f\xff\x51",
)
_ENDINGS: Final = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".jp2", ".j2k")


def read_picture_file(document: Document) -> DocumentText:
    """The text of each picture in the file as a page. Raises PackageMissing without milo-bench[ocr]."""
    built = TextBuilder()
    for number, read in enumerate(read_pictures(document.raw), start=1):
        built.begin("page", str(number))
        built.include(read)
        document.alive()
    if not built.length:
        raise DocumentBroken("OCR found no text in it")
    return built.read()


def _is_picture(start: bytes) -> bool:
    if start.startswith(b"BM"):
        return start[6:10] == b"\0\0\0\0"  # a text may begin with the letters
    return start.startswith(_STARTS) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


DOCUMENTS.add("picture", DocumentReader(read_picture_file, endings=_ENDINGS, recognises=_is_picture))
