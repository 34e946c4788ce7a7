"""A PDF in, the text of its pages, of the fields of its form and of its notes out."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any, Final

from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentBroken, DocumentReader

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_PAGES: Final = 5_000


def read_pdf(document: Document) -> str:
    """The text. Raises DocumentBroken for a locked file, a damaged one and a scan."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it would warn of is reported by us, once
    try:
        reader = PdfReader(io.BytesIO(document.raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentBroken("locked with a password")
        if len(reader.pages) > MOST_PAGES:
            raise DocumentBroken(f"more than {MOST_PAGES:,} pages")
        pages = [page.extract_text() for page in reader.pages]
        text = "\n\n".join([*pages, *_form_values(reader), *_notes(reader)])
    except DocumentBroken:
        raise
    except (PyPdfError, OSError, RecursionError) as error:
        raise DocumentBroken(f"not a readable PDF: {error}") from None
    except Exception as error:
        # A damaged file can make the parser fail anywhere in it, with any error; one file must not stop the rest.
        raise DocumentBroken(f"not a readable PDF: {type(error).__name__}: {error}") from None
    if not text.strip():
        raise DocumentBroken("contains no text (if it is a scan, run OCR first)")
    return text


def _form_values(reader: PdfReader) -> list[str]:
    """What was typed into the fields of a form: it is no part of the pages' own text."""
    lines = []
    for name, field in (reader.get_fields() or {}).items():
        value: Any = field.get("/V")
        if value in (None, "", "/Off"):
            continue
        said = ", ".join(str(one).removeprefix("/") for one in (value if isinstance(value, list) else [value]))
        lines.append(f"{field.get('/TU') or name}: {said}")
    return ["\n".join(["Form fields:", *lines])] if lines else []


def _notes(reader: PdfReader) -> list[str]:
    """Notes that a reader pinned to the pages, and text typed over them."""
    lines = []
    for page in reader.pages:
        for reference in page.get("/Annots") or ():
            note = reference.get_object()
            text = note.get("/Contents") if note.get("/Subtype") in ("/Text", "/FreeText", "/Highlight") else None
            if isinstance(text, str) and text.strip():
                lines.append(text.strip())
    return ["\n".join(["Notes:", *lines])] if lines else []


DOCUMENTS.add("pdf", DocumentReader(read_pdf, endings=(".pdf",), recognises=lambda start: b"%PDF-" in start[:1024]))
