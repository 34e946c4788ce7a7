"""A signed file in (.p7m), the text of what it signs out: a mail, or a document such as ``invoice.pdf.p7m``."""

from __future__ import annotations

import re
from typing import Final

from milo_bench.suites.bounded.signed_content import is_signed_data, signed_content
from milo_bench.suites.documents.read_text import DocumentText
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentBroken, DocumentReader

_MAIL: Final = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)+\r?\n")


def read_signed(document: Document) -> DocumentText:
    """The text. Raises DocumentBroken for a file that is encrypted, and for one whose content is elsewhere."""
    if not is_signed_data(document.raw):
        raise DocumentBroken("an encrypted file (S/MIME)", hint="decrypt it in your mail program, and save it as .eml.")
    content = signed_content(document.raw)
    if content is None:
        raise DocumentBroken("a signature without the file that it signs", hint="import the file itself.")
    name = document.path.stem or "signed"
    is_mail = _MAIL.match(content[:16_384]) and re.search(rb"(?mi)^content-type:", content[:16_384])
    read = document.read_inside(f"{name}.eml" if is_mail else name, content)
    if read is None:
        raise DocumentBroken("its signed content is not a document that can be read")
    return read


DOCUMENTS.add("signed", DocumentReader(read_signed, endings=(".p7m",), recognises=is_signed_data))
