"""A winmail.dat of Outlook in, its text with that of the attachments packed into it out."""

from __future__ import annotations

from typing import Final

from milo_bench.suites.bounded.compressed_rtf import unpack_rtf
from milo_bench.suites.bounded.rtf import rtf_text
from milo_bench.suites.bounded.tnef import SIGNATURE, PackedMail, read_tnef
from milo_bench.suites.documents.formats.mail import add_attachment, decode_text
from milo_bench.suites.documents.html_text import html_text
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentBroken, DocumentReader

_NAME: Final = "winmail.dat"


def read_winmail(document: Document) -> DocumentText:
    """Text and attachments. Raises DocumentBroken for a damaged file."""
    try:
        mail = read_tnef(document.raw)
    except ValueError as error:
        raise DocumentBroken(str(error)) from None
    if not mail.is_whole:
        document.leave_out("the end of it: it is cut", "save the mail as .msg in Outlook.")
    built = TextBuilder()
    body = _body(mail).replace("\r\n", "\n").strip()
    built.add("\n\n".join(part for part in (mail.subject and f"Subject: {mail.subject}", body) if part) + "\n")
    for attachment in mail.attachments:
        name = _NAME if attachment.is_message else attachment.name or "attachment"
        add_attachment(document, built, name, attachment.data)
    return built.read()


def _body(mail: PackedMail) -> str:
    if mail.plain.strip():
        return mail.plain
    if mail.html:
        return html_text(decode_text(mail.html, mail.codepage))
    return rtf_text(unpack_rtf(mail.rtf)) if mail.rtf else ""


DOCUMENTS.add(
    "winmail", DocumentReader(read_winmail, endings=(".tnef",), recognises=lambda raw: raw.startswith(SIGNATURE))
)
