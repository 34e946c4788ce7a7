"""A PDF in, the text of its pages, of the fields of its form and of its notes out."""

from __future__ import annotations

import io
import logging
import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from milo_bench.core.text import LIGATURES, one_line, shorten
from milo_bench.suites.bounded.broken import locked
from milo_bench.suites.documents.formats.mail import add_attachment
from milo_bench.suites.documents.ocr import MOST_PAGES as MOST_SCANS
from milo_bench.suites.documents.ocr import ocr_is_installed, read_picture, require_ocr
from milo_bench.suites.documents.page_pictures import draw_page
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentBroken, DocumentReader

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_PAGES: Final = 5_000
_FEW_WORDS: Final = 200  # characters
_LOOKED_AT: Final = 4_000  # characters of a page that tell whether it is text
_FEW_MARKS: Final = 40
_FEW_WORDS_TOLD: Final = 12
_LATIN_WORD: Final = re.compile(r"[A-Za-zÀ-ɏ]{3,}")
_VOWEL: Final = re.compile(r"[aeiouyAEIOUYÀ-ɏ]")
_PAGE_OF_POINTS: Final = 500_000  # of a picture that could be a page: A4 at 75 points an inch
_NOT_NOTES: Final = ("/Link", "/Widget", "/Popup", "/FileAttachment", "/Screen", "/Movie", "/Sound")


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
            raise locked()
        if len(reader.pages) > MOST_PAGES:
            raise DocumentBroken(f"more than {MOST_PAGES:,} pages")
        built = TextBuilder()
        unread: list[int] = []
        for number, page in enumerate(reader.pages, start=1):
            built.add("\n\n" if number > 1 else "")
            built.begin("page", str(number))
            text = page.extract_text().translate(LIGATURES)
            document.alive()
            scanned = _is_scanned(page, text)
            unreadable = _is_garbage(text)
            if text.strip() and (scanned or unreadable) and ocr_is_installed():
                _add_scan(document, number, built)  # the picture of the page shows its few words as well
                continue
            if unreadable:
                said = f"page {number}: its text is in letters that no reader knows"
                document.leave_out(said, "pip install 'milo-bench[ocr]' reads the page as a picture.")
            if text.strip() and scanned:
                unread.append(number)
            built.add(text)
            if said := "" if text.strip() else _unreadable(page):
                document.leave_out(f"page {number}: {said}", "save it anew in the program that made it.")
            if not text.strip() and _has_pictures(page):
                if ocr_is_installed():
                    _add_scan(document, number, built)
                else:
                    unread.append(number)
        for name, parts in reader.attachments.items():
            for raw in parts:
                add_attachment(document, built, name, bytes(raw))
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
        document.leave_out(f"page {number}, a picture with no text or little", "pip install 'milo-bench[ocr]'")
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
    return bool(_objects(page))


def _objects(page: Any) -> Mapping[str, Any]:
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    return {} if objects is None else objects.get_object()


def _is_scanned(page: Any, text: str) -> bool:
    """Whether a page is a picture with a few words on top, such as a page number or the name of the scanner."""
    if len(text.strip()) > _FEW_WORDS:
        return False
    for name in _objects(page):
        one = _objects(page)[name].get_object()
        width, height = one.get("/Width"), one.get("/Height")
        if isinstance(width, int) and isinstance(height, int) and width * height >= _PAGE_OF_POINTS:
            return True
    return False


def _is_garbage(text: str) -> bool:
    """Whether a text layer is no text: from a font without a table of its letters, or from a scanner's failed reading.

    Most of a text is letters and digits, and most of its words have a vowel or are not in Latin letters.
    """
    marks = [mark for mark in text[:_LOOKED_AT] if not mark.isspace()]
    if len(marks) < _FEW_MARKS:
        return False
    unknown = sum(mark == "\ufffd" or unicodedata.category(mark) in ("Co", "Cc", "Cn") for mark in marks)
    known = sum(mark.isalnum() for mark in marks)
    if unknown > len(marks) / 10 or known < len(marks) / 2 or text.count("(cid:") > len(marks) / 30:
        return True
    words = _LATIN_WORD.findall(text[:_LOOKED_AT])
    return len(words) >= _FEW_WORDS_TOLD and sum(not _VOWEL.search(word) for word in words) > len(words) / 2


def _add_scan(document: Document, number: int, built: TextBuilder) -> None:
    """The text of a page that is a picture."""
    if number > MOST_SCANS:
        document.leave_out(f"page {number}, a picture after page {MOST_SCANS}", "split the file.")
    else:
        read = read_picture(draw_page(document.raw, number - 1))
        if not read.text.strip():
            document.leave_out(f"page {number}: OCR found no text in it", "look whether the page is blank.")
        built.include(read)
        document.alive()


def _form_values(reader: PdfReader) -> list[str]:
    """What was typed into the fields of a form: it is no part of the pages' own text."""
    lines = []
    for name, field in (reader.get_fields() or {}).items():
        value: Any = field.get("/V")
        if value in (None, "", "/Off"):
            continue
        chosen = value if isinstance(value, list) else [value]
        shown = dict(one for one in field.get("/Opt") or () if isinstance(one, list) and len(one) == 2)
        said = ", ".join(str(shown.get(one, one)).removeprefix("/") for one in chosen)
        lines.append(f"{field.get('/TU') or name}: {said}")
    return lines


def _notes(reader: PdfReader) -> list[str]:
    """Notes that a reader pinned to the pages, stamps, and text typed over them."""
    lines = []
    for page in reader.pages:
        for reference in page.get("/Annots") or ():
            note = reference.get_object()
            text = None if note.get("/Subtype") in _NOT_NOTES else note.get("/Contents")
            if isinstance(text, str) and text.strip():
                lines.append(text.strip())
    return lines


DOCUMENTS.add("pdf", DocumentReader(read_pdf, endings=(".pdf",), recognises=lambda start: b"%PDF-" in start[:1024]))
