"""A PDF in, the text of its pages, of the fields of its form and of its notes out."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any, Final

from milo_bench.core.text import one_line, shorten
from milo_bench.suites.documents.ocr import MOST_PAGES as MOST_SCANS
from milo_bench.suites.documents.ocr import ocr_is_installed, read_picture, require_ocr
from milo_bench.suites.documents.page_pictures import draw_page
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentBroken, DocumentReader

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_PAGES: Final = 5_000


def read_pdf(document: Document) -> DocumentText:
    """The text. A page that is only a picture is read by OCR; without milo-bench[ocr] it is named as left out.

    Raises DocumentBroken for a locked file, a damaged one and one without any text.
    """
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it would warn of is reported by us, once
    try:
        reader = PdfReader(io.BytesIO(document.raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentBroken("locked with a password")
        if len(reader.pages) > MOST_PAGES:
            raise DocumentBroken(f"more than {MOST_PAGES:,} pages")
        built = TextBuilder()
        unread: list[int] = []
        for number, page in enumerate(reader.pages, start=1):
            built.add("\n\n" if number > 1 else "")
            built.begin("page", str(number))
            text = page.extract_text()
            document.alive()
            built.add(text)
            if said := "" if text.strip() else _unreadable(page):
                document.leave_out(f"page {number}: {said}", "save it anew in the program that made it.")
            if not text.strip() and _has_pictures(page):
                if ocr_is_installed():
                    _add_scan(document, number, built)
                else:
                    unread.append(number)
        for title, lines in (("Form fields:", _form_values(reader)), ("Notes:", _notes(reader))):
            if lines:
                built.add("\n\n")
                built.begin("section", title.rstrip(":").lower())
                built.add("\n".join([title, *lines]))
    except DocumentBroken:
        raise
    except (PyPdfError, OSError, RecursionError) as error:
        raise DocumentBroken(f"not a readable PDF: {error}") from None
    except Exception as error:
        # A damaged file can make the parser fail anywhere in it, with any error; one file must not stop the rest.
        raise DocumentBroken(f"not a readable PDF: {type(error).__name__}: {error}") from None
    if not built.read().text.strip():
        if any(_has_pictures(page) for page in reader.pages):
            require_ocr("a scan")
            raise DocumentBroken("OCR found no text in it")
        raise DocumentBroken("contains no text")
    for number in unread:
        document.leave_out(f"page {number}, a picture without text", "pip install 'milo-bench[ocr]'")
    return built.read()


def _unreadable(page: Any) -> str:
    """Why a page without text has none: its content cannot be unpacked. "" for one that is blank."""
    contents = page.get("/Contents")
    contents = contents.get_object() if contents is not None else []
    try:
        for part in contents if isinstance(contents, list) else [contents]:
            part.get_object().get_data()
    except Exception as error:
        # A damaged or hostile content fails in any way; what extracts the text takes it for a blank page.
        return shorten(one_line(str(error) or type(error).__name__), 120)
    return ""


def _has_pictures(page: Any) -> bool:
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    return bool(objects is not None and objects.get_object())


def _add_scan(document: Document, number: int, built: TextBuilder) -> None:
    """The text of a page that is a picture."""
    if number > MOST_SCANS:
        document.leave_out(f"page {number}, a picture after page {MOST_SCANS}", "split the file.")
    else:
        built.include(read_picture(draw_page(document.raw, number - 1)))
        document.alive()


def _form_values(reader: PdfReader) -> list[str]:
    """What was typed into the fields of a form: it is no part of the pages' own text."""
    lines = []
    for name, field in (reader.get_fields() or {}).items():
        value: Any = field.get("/V")
        if value in (None, "", "/Off"):
            continue
        said = ", ".join(str(one).removeprefix("/") for one in (value if isinstance(value, list) else [value]))
        lines.append(f"{field.get('/TU') or name}: {said}")
    return lines


def _notes(reader: PdfReader) -> list[str]:
    """Notes that a reader pinned to the pages, and text typed over them."""
    lines = []
    for page in reader.pages:
        for reference in page.get("/Annots") or ():
            note = reference.get_object()
            text = note.get("/Contents") if note.get("/Subtype") in ("/Text", "/FreeText", "/Highlight") else None
            if isinstance(text, str) and text.strip():
                lines.append(text.strip())
    return lines


DOCUMENTS.add("pdf", DocumentReader(read_pdf, endings=(".pdf",), recognises=lambda start: b"%PDF-" in start[:1024]))
