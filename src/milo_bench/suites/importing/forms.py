"""A document and the forms that are wanted of it in, its input in each form out: its text, its OCR, its pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

from milo_bench.core.hashing import sha256_bytes
from milo_bench.suites.bounded.broken import DocumentBroken
from milo_bench.suites.documents.ocr import read_pictures
from milo_bench.suites.documents.pages import page_pictures
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import Document, read_bytes

DocumentForm: TypeAlias = Literal["text", "ocr", "picture"]
FORMS: Final[tuple[DocumentForm, ...]] = get_args(DocumentForm)
INPUTS: Final[dict[DocumentForm, str]] = {"text": "document", "ocr": "document", "picture": "image"}


@dataclass(frozen=True)
class FormInput:
    """``value`` is what a fixture's input says; ``files`` are kept in the suite's folder beside it."""

    value: Any
    read: DocumentText = field(default_factory=lambda: DocumentText(""))
    files: dict[str, bytes] = field(default_factory=dict)


def document_in_form(document: Document, form: DocumentForm) -> FormInput:
    """Raises DocumentBroken for a document that has no such form."""
    if form == "picture":
        files = {f"pictures/{sha256_bytes(data)}{ending}": data for ending, data in page_pictures(document)}
        return FormInput(list(files), files=files)
    read = read_bytes(document) if form == "text" else _by_ocr(document)
    return FormInput(read.text, read)


def _by_ocr(document: Document) -> DocumentText:
    """The text as OCR reads it from the document's pages, also where there is text beneath them."""
    built = TextBuilder()
    for number, (_, data) in enumerate(page_pictures(document), start=1):
        built.begin("page", str(number))
        for read in read_pictures(data):
            built.include(read)
            document.alive()
    if not built.length:
        raise DocumentBroken("OCR found no text in it")
    return built.read()
