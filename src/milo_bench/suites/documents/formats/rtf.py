"""A Rich Text file in, its text out."""

from __future__ import annotations

from milo_bench.suites.bounded.rtf import rtf_text
from milo_bench.suites.bounded.rtf_pictures import rtf_pictures
from milo_bench.suites.documents.pictures_inside import add_pictures
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentReader


def read_rtf(document: Document) -> DocumentText:
    """The text, and that of its PNG and JPEG pictures by OCR; pictures of other kinds and embedded objects
    are named as left out.
    """
    built = TextBuilder()
    built.add(rtf_text(document.raw))
    pictures = rtf_pictures(document.raw)
    add_pictures(document, built, pictures.found)
    if pictures.others:
        said = "a picture" if pictures.others == 1 else f"{pictures.others} pictures"
        document.leave_out(f"{said} in a form that is only printed (WMF or the like)", "save it as .docx.")
    if objects := document.raw.count(b"\\objdata"):
        said = "an embedded object" if objects == 1 else f"{objects} embedded objects"
        document.leave_out(f"{said}, of which only the last view is read", "import it as a separate document.")
    return built.read()


DOCUMENTS.add(
    "rtf", DocumentReader(read_rtf, endings=(".rtf",), recognises=lambda start: start.lstrip()[:5] == b"{\\rtf")
)
