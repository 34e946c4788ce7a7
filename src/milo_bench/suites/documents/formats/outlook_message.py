"""An Outlook message (.msg) in, its headers and text with those of its attachments out; needs olefile.

The properties are those of MS-OXMSG and MS-OXPROPS.
"""

from __future__ import annotations

import datetime
import io
import struct
from typing import Any, Final

from milo_bench.suites.bounded.armour import without_armour
from milo_bench.suites.bounded.broken import PackageMissing
from milo_bench.suites.bounded.compressed_rtf import unpack_rtf
from milo_bench.suites.bounded.rtf import rtf_text
from milo_bench.suites.documents.formats.mail import (
    ENCRYPTED_MAIL,
    SEALED_HINT,
    WITHOUT_TEXT,
    add_attachment,
    decode_text,
)
from milo_bench.suites.documents.html_text import html_text
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentBroken, DocumentReader

MOST_MESSAGES: Final = 5  # in one another
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SUBJECT, _BODY, _HTML, _RTF = "0037", "1000", "1013", "1009"
_SENDER, _SENDER_ADDRESS, _SENDER_SMTP = "0C1A", "0C1F", "5D01"
_TO, _CC, _SENT, _DELIVERED = "0E04", "0E03", 0x0039, 0x0E06
_LONG_NAME, _SHORT_NAME, _DATA, _SHOWN_NAME = "3707", "3704", "3701", "3001"
_CLASS, _SEALED_CLASS = "001A", "IPM.NOTE.SMIME"
_FIXED: Final = "__properties_version1.0"


def read_outlook_message(document: Document) -> DocumentText:
    """Headers, text and attachments. Raises PackageMissing without olefile."""
    try:
        import olefile
    except ImportError:
        raise PackageMissing("an Outlook .msg file", "office") from None
    built = TextBuilder()
    try:
        with olefile.OleFileIO(io.BytesIO(document.raw)) as ole:
            if not ole.exists(_FIXED):
                raise DocumentBroken("not an Outlook message")
            _add_message(_Store(ole, ()), document, built, depth=0)
    except DocumentBroken:
        raise
    except Exception as error:
        # The container's tables are believed while they are followed; a damaged one fails anywhere.
        raise DocumentBroken(f"not a readable Outlook message: {type(error).__name__}") from None
    return built.read()


class _Store:
    """The properties of a message, or of one of its attachments, below ``at``."""

    def __init__(self, ole: Any, at: tuple[str, ...]) -> None:
        self.ole = ole
        self.at = at
        self._names = {
            "/".join(entry[len(at) :]): entry
            for entry in ole.listdir()
            if tuple(entry[: len(at)]) == at and len(entry) > len(at)
        }

    def stream(self, name: str) -> bytes:
        entry = self._names.get(name)
        return bytes(self.ole.openstream(entry).read()) if entry is not None else b""

    def text(self, prop: str) -> str:
        raw = self.stream(f"__substg1.0_{prop}001F")
        if raw:
            return raw.decode("utf-16-le", "replace").rstrip("\0")
        return decode_text(self.stream(f"__substg1.0_{prop}001E"), self.codepage()).rstrip("\0")

    def binary(self, prop: str) -> bytes:
        return self.stream(f"__substg1.0_{prop}0102")

    def codepage(self) -> str:
        number = self.fixed(0x3FFD) or self.fixed(0x3FDE) or 1252
        return "utf-8" if number == 65001 else f"cp{number}"

    def fixed(self, prop: int) -> int:
        """A property that is a number or a time, 0 if it is not there."""
        raw = self.stream(_FIXED)
        header = 8 if "#" in "".join(self.at[-1:]) and "attach" in self.at[-1] else 24 if self.at else 32
        for offset in range(header, len(raw) - 15, 16):
            kind, number, _, value = struct.unpack_from("<HHIQ", raw, offset)
            if number == prop:
                return int(value) if kind == 0x40 else int(value & 0xFFFFFFFF)
        return 0

    def below(self, start: str) -> list[str]:
        return sorted({name.partition("/")[0] for name in self._names if name.startswith(start)})


def _add_message(store: _Store, document: Document, built: TextBuilder, *, depth: int) -> None:
    sender = store.text(_SENDER)
    address = store.text(_SENDER_SMTP) or store.text(_SENDER_ADDRESS)
    if "@" in address and address != sender:
        sender = f"{sender} <{address}>".strip()
    head = {
        "From": sender,
        "To": store.text(_TO),
        "Cc": store.text(_CC),
        "Date": _time(store.fixed(_SENT) or store.fixed(_DELIVERED)),
        "Subject": store.text(_SUBJECT),
    }
    built.add("\n".join(f"{name}: {value}" for name, value in head.items() if value))
    content, encrypted = without_armour(_body(store))
    if encrypted:
        document.leave_out("a part that is encrypted with PGP", SEALED_HINT)
    built.add("\n\n" + content.replace("\r\n", "\n").strip() + "\n")
    begun = built.length
    for name in store.below("__attach_version1.0_"):
        attachment = _Store(store.ole, (*store.at, name))
        shown = attachment.text(_LONG_NAME) or attachment.text(_SHORT_NAME) or attachment.text(_SHOWN_NAME)
        inner = attachment.below(f"__substg1.0_{_DATA}000D")
        if inner and depth < MOST_MESSAGES:
            built.add("\n----- Forwarded message -----\n")
            built.begin("attachment", shown or "forwarded mail")
            _add_message(_Store(store.ole, (*attachment.at, inner[0])), document, built, depth=depth + 1)
        elif inner:
            document.leave_out(f"attachment '{shown}': nested too deep", "import it as a separate document.")
        else:
            add_attachment(document, built, shown or "attachment", attachment.binary(_DATA))
    if content.strip() or built.length > begun:
        return
    if depth == 0 and (encrypted or store.text(_CLASS).upper().startswith(_SEALED_CLASS)):
        raise DocumentBroken(ENCRYPTED_MAIL, hint=SEALED_HINT)
    document.leave_out(*WITHOUT_TEXT)


def _body(store: _Store) -> str:
    plain = store.text(_BODY)
    if plain.strip():
        return plain
    html = store.binary(_HTML)
    if html or store.text(_HTML):
        return html_text(decode_text(html, store.codepage()) if html else store.text(_HTML))
    packed = store.binary(_RTF)
    return rtf_text(unpack_rtf(packed)) if packed else ""


def _time(value: int) -> str:
    """Tenths of microseconds since 1601 as a time of day in UTC."""
    if not value:
        return ""
    try:
        moment = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(microseconds=value // 10)
    except OverflowError:
        return ""
    return moment.strftime("%Y-%m-%d %H:%M UTC")


DOCUMENTS.add(
    "outlook_message",
    DocumentReader(
        read_outlook_message,
        endings=(".msg",),
        recognises=lambda raw: raw.startswith(_OLE) and _FIXED.encode("utf-16-le") in raw,
        whole=True,
    ),
)
