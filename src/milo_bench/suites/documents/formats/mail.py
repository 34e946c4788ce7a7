"""An e-mail in, its headers and text out, with the text of what is forwarded and attached."""

from __future__ import annotations

import base64
import email
import email.policy
import mimetypes
import re
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart
from typing import Final

from milo_bench.suites.bounded.armour import without_armour
from milo_bench.suites.bounded.charset import decode_by_letters
from milo_bench.suites.bounded.signed_content import is_signed_data, signed_content
from milo_bench.suites.documents.html_text import html_text
from milo_bench.suites.documents.pictures_inside import add_pictures
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentBroken, DocumentReader

HEADER_LIMIT_BYTES: Final = 16_384
MOST_HEADERS: Final = 1_000
MOST_FORWARDS: Final = 5  # mails in one another
_TEXTS: Final = ("text/plain", "text/html")
_SEALED: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted")
ENCRYPTED_MAIL: Final = "an encrypted mail (S/MIME or PGP)"
SEALED_HINT: Final = "decrypt it in your mail program, and save it as .eml."
_SIGNATURES: Final = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
WITHOUT_TEXT: Final = ("a mail without text: only its headers are read", "check that it was exported whole.")
_ENDINGS: Final = {"text/calendar": ".ics", "text/vcard": ".vcf", "text/x-vcard": ".vcf"}
_APPLE_LENGTH: Final = re.compile(rb"(\d{1,12})\s*\n(?=[A-Za-z-]+:)")  # before the mail in an .emlx of Apple
_POINTER_CHARS: Final = 300
# "This message requires an HTML viewer." "View it in your browser: https://…"
_POINTS_TO_HTML: Final = re.compile(
    r"\b(?:html|(?:web)?browsers?|web version|webversion|online-version|navigateur|navegador|przeglądar\w{1,5})\b", re.I
)
_ADDRESS: Final = re.compile(r"https?://\S+")
_SAYS_SOMETHING: Final = re.compile(r"[^\W_]")
_WESTERN: Final = ("iso-8859-1", "iso8859-1", "latin-1", "latin1", "windows-1252", "cp1252", "iso-8859-15")
_BEFORE_MAIL: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:[ \t]*\r?\n)*")
_SHOWN = ("From", "To", "Cc", "Date", "Subject")


def read_mail(document: Document) -> DocumentText:
    """Headers and text, then the attachments that can be read. Raises DocumentBroken for what is no mail."""
    try:
        # The policy makes the parser give an EmailMessage; its stub promises only a Message.
        apple = _APPLE_LENGTH.match(document.raw)
        raw = document.raw[apple.end() : apple.end() + int(apple[1])] if apple else _BEFORE_MAIL.sub(b"", document.raw)
        message = email.message_from_bytes(_bounded_headers(raw), policy=email.policy.default)
        if not isinstance(message, EmailMessage) or not message.keys():
            raise DocumentBroken("not an e-mail: it has no headers")
        built = TextBuilder()
        _add_mail(message, document, built, depth=0)
        return built.read()
    except DocumentBroken:
        raise
    except Exception as error:
        # The parser takes any bytes for a mail and fails anywhere in odd ones; one file must not stop the rest.
        raise DocumentBroken(f"not a readable e-mail: {type(error).__name__}") from None


def _bounded_headers(raw: bytes) -> bytes:
    """``raw`` with each header cut at ``HEADER_LIMIT_BYTES``: the parser's cost grows with the square of one."""
    end = re.search(rb"\r?\n\r?\n", raw)
    head, rest = (raw[: end.start()], raw[end.start() :]) if end else (raw, b"")
    if len(head) <= HEADER_LIMIT_BYTES:
        return raw
    fields = re.split(rb"\r?\n(?![ \t])", head)[:MOST_HEADERS]
    return b"\n".join(re.sub(rb"\r?\n[ \t]+", b" ", field[:HEADER_LIMIT_BYTES]) for field in fields) + rest


def _add_mail(message: EmailMessage, document: Document, built: TextBuilder, *, depth: int) -> None:
    outer = message
    for _ in range(MOST_FORWARDS):
        message = _signed_mail(message) or message
    head = [f"{name}: {said}" for name in _SHOWN if (said := outer[name] or message[name])]
    content, encrypted = without_armour(_body(message))
    sealed = message.get_content_type() in (*_SEALED, "multipart/encrypted")
    if depth == 0 and (sealed or (encrypted and not content.strip() and not any(message.iter_attachments()))):
        raise DocumentBroken(ENCRYPTED_MAIL, hint=SEALED_HINT)
    if encrypted:
        document.leave_out("a part that is encrypted with PGP", SEALED_HINT)
    begun = built.length
    built.add("\n".join(head) + "\n\n" + content.replace("\r\n", "\n").strip() + "\n")
    attached: set[int] = set()
    for part in _calendars(message):
        _add_part(part, document, built)
    if not message.is_multipart() and message.get_content_type() not in _TEXTS and not content.strip():
        _add_part(message, document, built)
    forwarded = [message] if message.get_content_type() == "message/rfc822" else []
    for part in [*forwarded, *message.iter_attachments()]:
        inner = _forwarded(part)
        if isinstance(inner, EmailMessage) and depth >= MOST_FORWARDS:
            document.leave_out(f"a mail inside {MOST_FORWARDS} forwarded mails", "import it as a document.")
            continue
        if isinstance(inner, EmailMessage):
            built.add("\n----- Forwarded message -----\n")
            built.begin("attachment", "forwarded mail")
            _add_mail(inner, document, built, depth=depth + 1)
            continue
        _add_part(part, document, built)
        attached.add(id(part))
    add_pictures(document, built, _inline_pictures(message, attached))
    if not content.strip() and built.length <= begun + sum(map(len, head)) + len(head) + 2:
        document.leave_out(*WITHOUT_TEXT)


def _forwarded(part: MIMEPart) -> EmailMessage | None:
    """The mail in an attachment that is one; None for any other. Some programs encode it, which no standard allows."""
    inner = part.get_payload(0) if part.get_content_type() == "message/rfc822" and part.is_multipart() else None
    if not isinstance(inner, EmailMessage):
        return None
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64" and not inner.keys():
        try:
            raw = base64.b64decode(str(inner.get_payload()).encode("ascii", "ignore"))
        except ValueError:
            return inner
        decoded = email.message_from_bytes(raw, policy=email.policy.default)
        return decoded if isinstance(decoded, EmailMessage) else inner
    return inner


def _signed_mail(message: EmailMessage) -> EmailMessage | None:
    """The mail inside one that is signed as a whole (S/MIME, "opaque"); None for any other."""
    raw = message.get_payload(decode=True) if message.get_content_type() in _SEALED[:2] else None
    content = signed_content(raw) if isinstance(raw, bytes) else None
    inner = email.message_from_bytes(content, policy=email.policy.default) if content else None
    return inner if isinstance(inner, EmailMessage) else None


def _body(message: EmailMessage) -> str:
    """The text of a mail: its plain part, or the HTML part where the plain one is blank or only points to it."""
    if not message.is_multipart() and message.get_content_maintype() == "multipart":
        return _part_text(message)  # its parts are not parted: it is read as one text
    plain, html = (message.get_body(preferencelist=(kind,)) for kind in ("plain", "html"))
    content = _part_text(plain) if plain is not None else ""
    said = _ADDRESS.sub("", content)
    if html is not None and (
        not _SAYS_SOMETHING.search(said) or (len(said) < _POINTER_CHARS and _POINTS_TO_HTML.search(said))
    ):
        written = html_text(_part_text(html))
        return written if written.strip() else content
    return content


def _add_part(part: MIMEPart, document: Document, built: TextBuilder) -> None:
    """The text of an attachment; what cannot be read is named as left out."""
    kind = part.get_content_type()
    name = part.get_filename() or f"attachment{_ENDINGS.get(kind) or mimetypes.guess_extension(kind) or ''}"
    raw = part.get_payload(decode=True)
    if kind in _SEALED and isinstance(raw, bytes) and is_signed_data(raw):
        add_attachment(document, built, name if name.lower().endswith(".p7m") else f"{name}.p7m", raw)
    elif kind in _SEALED:
        document.leave_out(f"an encrypted part ({kind})", SEALED_HINT)
    elif kind == "message/delivery-status":
        text = "\n".join(str(one) for one in part.get_payload()) if part.is_multipart() else ""
        add_attachment(document, built, "delivery-status.txt", text.encode())
    elif kind not in _SIGNATURES:
        add_attachment(document, built, name, raw if isinstance(raw, bytes) else b"")


def _calendars(message: EmailMessage) -> Iterator[MIMEPart]:
    """Invitations that are another form of the mail's text: they say when and where, and the text may not."""
    if message.get_content_type() == "multipart/alternative":
        holders: list[EmailMessage | MIMEPart] = [message]
    else:
        inner = [part for part in message.iter_parts() if isinstance(part, MIMEPart)] if message.is_multipart() else []
        holders = [part for part in inner if part.get_content_type() == "multipart/alternative"]
    for holder in holders:
        for part in holder.iter_parts():
            if isinstance(part, MIMEPart) and part.get_content_type() in _ENDINGS:
                yield part


def _inline_pictures(message: MIMEPart, attached: set[int]) -> Iterator[tuple[str, bytes]]:
    """Pictures that the text of the mail shows, those of forwarded mails excepted."""
    if message.get_content_maintype() == "image" and id(message) not in attached:
        raw = message.get_payload(decode=True)
        if isinstance(raw, bytes) and raw:
            yield message.get_filename() or "picture", raw
    elif message.is_multipart() and message.get_content_type() != "message/rfc822":
        for part in message.iter_parts():
            if isinstance(part, MIMEPart):
                yield from _inline_pictures(part, attached)


def add_attachment(document: Document, built: TextBuilder, name: str, raw: bytes) -> None:
    """The text of an attachment under its name; one that cannot be read is named as left out."""
    read = document.read_inside(name, raw)
    if read is not None:
        built.add(f"\n----- Attachment: {' '.join(name.split())[:200]} -----\n")
        built.begin("attachment", " ".join(name.split())[:200])
        built.include(read)
        built.add("" if read.text.endswith("\n") else "\n")


def _part_text(part: MIMEPart) -> str:
    raw = part.get_payload(decode=True)
    return decode_text(raw, part.get_content_charset()) if isinstance(raw, bytes) else ""


def decode_text(raw: bytes, charset: str | None) -> str:
    """The text of ``raw`` in ``charset``; where that is absent, unknown or wrong, UTF-8, else what its letters tell.

    UTF-8 that is declared as a Western set is UTF-8, and ISO 8859-1 is read as Windows-1252, as browsers do.
    """
    names: tuple[str | None, ...] = (charset, "utf-8")
    if charset and charset.lower() in _WESTERN:
        names = ("utf-8", charset if charset.lower().endswith("15") else "cp1252", charset)
    for name in names:
        try:
            if name and name.lower() not in ("us-ascii", "ascii"):
                return raw.decode(name)
        except (LookupError, ValueError):
            continue
    return decode_by_letters(raw)[0]


_FIRST_HEADER = re.compile(
    rb"(?:from |(?:return-path|received|delivered-to|from|to|subject|date|message-id|mime-version|x-[\w-]{1,40}):)",
    re.I,
)


def _is_mail(start: bytes) -> bool:
    start = _BEFORE_MAIL.sub(b"", start)
    return (
        _FIRST_HEADER.match(start) is not None and re.search(rb"(?mi)^(?:from|subject|message-id):", start) is not None
    )


DOCUMENTS.add("mail", DocumentReader(read_mail, endings=(".eml", ".emlx", ".mht", ".mhtml"), recognises=_is_mail))
