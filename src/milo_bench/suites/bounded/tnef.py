"""A winmail.dat in, the text and the attachments that Outlook packed into it out.

The form is that of MS-OXTNEF: attributes one after the other, some of which hold properties of MS-OXPROPS.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

SIGNATURE: Final = struct.pack("<I", 0x223E9F78)
_PLAIN, _RTF, _HTML = 0x1000, 0x1009, 0x1013
_SHOWN_NAME, _DATA_OBJECT, _SHORT_NAME, _LONG_NAME = 0x3001, 0x3701, 0x3704, 0x3707
_TEXT8, _TEXT16, _BINARY, _OBJECT = 0x001E, 0x001F, 0x0102, 0x000D
_SIZES: Final = {0x0002: 4, 0x0003: 4, 0x0004: 4, 0x000A: 4, 0x000B: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x0014: 8,
                 0x0040: 8, 0x0048: 16}  # fmt: skip
_SEVERAL: Final = 0x1000
_MOST: Final = 10_000  # attributes, properties and values of one file


@dataclass
class PackedAttachment:
    """``data`` is the file's, or a winmail.dat of its own where ``is_message`` is set."""

    name: str = ""
    data: bytes = b""
    is_message: bool = False


@dataclass
class PackedMail:
    """``plain``, ``html`` and compressed ``rtf`` are the forms of the text that it has."""

    subject: str = ""
    plain: str = ""
    html: bytes = b""
    rtf: bytes = b""
    codepage: str = "cp1252"
    attachments: list[PackedAttachment] = field(default_factory=list)
    is_whole: bool = True


def read_tnef(raw: bytes) -> PackedMail:
    """What the file holds; ``is_whole`` is False where it ends early. Raises ValueError for another form."""
    if not raw.startswith(SIGNATURE):
        raise ValueError("not in Outlook's form of attachments")
    mail = PackedMail()
    try:
        for kind, data in _attributes(raw):
            _take(mail, kind, data)
    except (struct.error, IndexError):
        mail.is_whole = False
    return mail


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    for _ in range(_MOST):
        if at >= len(raw):
            return
        _, kind, _, length = struct.unpack_from("<BHHI", raw, at)
        data = raw[at + 9 : at + 9 + length]
        if len(data) < length:
            raise IndexError("cut")
        yield kind, data
        at += 11 + length


def _take(mail: PackedMail, kind: int, data: bytes) -> None:
    last = mail.attachments[-1] if mail.attachments else PackedAttachment()
    match kind:
        case 0x9007 if len(data) >= 4:  # attOemCodepage
            mail.codepage = f"cp{struct.unpack_from('<I', data)[0]}"
        case 0x8004:  # attSubject
            mail.subject = _decoded(data, mail.codepage)
        case 0x800C:  # attBody
            mail.plain = _decoded(data, mail.codepage)
        case 0x9003:  # attMsgProps
            for name, value in _properties(data, mail.codepage):
                _take_property(mail, name, value)
        case 0x9002:  # attAttachRendData begins an attachment
            mail.attachments.append(PackedAttachment())
        case 0x8010:  # attAttachTitle
            last.name = last.name or _decoded(data, mail.codepage)
        case 0x800F:  # attAttachData
            last.data = data
        case 0x9005:  # attAttachment
            _name_attachment(last, dict(_properties(data, mail.codepage)))


def _take_property(mail: PackedMail, name: int, value: str | bytes) -> None:
    if name == _PLAIN and isinstance(value, str):
        mail.plain = mail.plain or value
    elif name == _HTML:
        mail.html = value if isinstance(value, bytes) else value.encode()
    elif name == _RTF and isinstance(value, bytes):
        mail.rtf = value


def _name_attachment(attachment: PackedAttachment, found: dict[int, str | bytes]) -> None:
    for name in (_LONG_NAME, _SHORT_NAME, _SHOWN_NAME):
        if isinstance(said := found.get(name), str) and said:
            attachment.name = said
            break
    packed = found.get(_DATA_OBJECT)
    if isinstance(packed, bytes) and packed and not attachment.data:
        attachment.is_message = packed[16:20] == SIGNATURE  # an id of the object's kind is before it
        attachment.data = packed[16:] if attachment.is_message else packed


def _properties(data: bytes, codepage: str) -> Iterator[tuple[int, str | bytes]]:
    """The properties that are texts or bytes, by number."""
    (count,) = struct.unpack_from("<I", data)
    at = 4
    for _ in range(min(count, _MOST)):
        form, name = struct.unpack_from("<HH", data, at)
        at = _after_name(data, at + 4) if name >= 0x8000 else at + 4
        plain_form = form & ~_SEVERAL
        values = 1
        if form & _SEVERAL or plain_form not in _SIZES:
            (values,) = struct.unpack_from("<I", data, at)
            at += 4
        for _ in range(min(values, _MOST)):
            if at > len(data):
                raise IndexError("cut")
            if plain_form in _SIZES:
                at += _SIZES[plain_form]
                continue
            (length,) = struct.unpack_from("<I", data, at)
            value = data[at + 4 : at + 4 + length]
            at += 4 + (length + 3) // 4 * 4
            if len(value) < length or plain_form not in (_TEXT8, _TEXT16, _BINARY, _OBJECT):
                raise IndexError("cut, or a form that is not known")
            if plain_form == _TEXT16:
                yield name, value.decode("utf-16-le", "replace").rstrip("\0")
            else:
                yield name, _decoded(value, codepage) if plain_form == _TEXT8 else value


def _after_name(data: bytes, at: int) -> int:
    """Where a property goes on that has a name of its own, by number or in words."""
    (by_words,) = struct.unpack_from("<I", data, at + 16)
    (number,) = struct.unpack_from("<I", data, at + 20)
    return int(at + 24 + ((number + 3) // 4 * 4 if by_words else 0))


def _decoded(raw: bytes, codepage: str) -> str:
    try:
        return raw.decode(codepage, "replace").rstrip("\0")
    except LookupError:
        return raw.decode("cp1252", "replace").rstrip("\0")
