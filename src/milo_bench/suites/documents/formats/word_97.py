"""A Word document of 1997 to 2003 (.doc) in, its text out; needs olefile.

The layout is that of MS-DOC: the file's header (FIB), and a table of pieces that says where each stretch of text is.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from milo_bench.suites.bounded.broken import PackageMissing, locked
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentBroken, DocumentReader

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STREAM: Final = "WordDocument"
_MAGIC: Final = 0xA5EC
_WORD_97: Final = 193  # nFib of the first version with this layout
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_COUNTS: Final = 0x4C  # where the header says how many characters each part of the text has
_CLX: Final = 0x1A2  # where it says where the pieces are
_COMPRESSED: Final = 0x40000000
_MOST_PIECES: Final = 1_000_000
# The parts in their order, and the title of each; None for the text itself, "" for what is left out.
_PARTS: Final = (None, "Notes:", "Headers and footers:", "", "Comments:", "Notes:", "Text boxes:", "")
_FIELD: Final = re.compile(r"\x13[^\x13\x14\x15]*(?:\x14(?P<shown>[^\x13\x15]*))?\x15")
_MOST_FIELDS: Final = 5  # in one another
_MARKS: Final = {0x0B: "\n", 0x0C: "\n", 0x0D: "\n", 0x1E: "\u2011", 0x1F: "", 0xA0: "\u00a0"}
_NOT_SHOWN: Final = dict.fromkeys([*range(0x09), *range(0x0E, 0x20)], "")


class _Header(NamedTuple):
    table: str
    counts: tuple[int, ...]
    clx: tuple[int, int]


def read_word_97(document: Document) -> DocumentText:
    """The text with its tables, notes, comments and text boxes. Raises PackageMissing without olefile."""
    try:
        import olefile
    except ImportError:
        raise PackageMissing("a Word .doc file", "office") from None
    try:
        with olefile.OleFileIO(io.BytesIO(document.raw)) as ole:
            main = _stream(ole, _STREAM)
            header = _header(main)
            text = "".join(_pieces(main, _stream(ole, header.table), header.clx))
            if any(entry[0] in ("ObjectPool", "Macros") for entry in ole.listdir()):
                document.leave_out("embedded objects or macros in it", "save what they show as a separate document.")
    except DocumentBroken:
        raise
    except Exception as error:
        # The container's tables are believed while they are followed; a damaged one fails anywhere.
        raise DocumentBroken(f"not a readable Word document: {type(error).__name__}", hint=_ANEW) from None
    if "\x01" in text or "\x08" in text:
        document.leave_out("pictures in it", "save it as .docx, or import them as separate documents.")
    return _laid_out(text, header.counts)


_ANEW: Final = "save it as .docx."


def _stream(ole: Any, name: str) -> bytes:
    if not ole.exists(name):
        raise DocumentBroken(f"a Word document without its part '{name}'", hint=_ANEW)
    return bytes(ole.openstream(name).read())


def _header(main: bytes) -> _Header:
    if len(main) < _CLX + 8:
        raise DocumentBroken("a Word document that is cut off", hint=_ANEW)
    magic, version = struct.unpack_from("<HH", main, 0)
    (flags,) = struct.unpack_from("<H", main, 0x0A)
    if magic != _MAGIC or version < _WORD_97:
        raise DocumentBroken("a document of Word 95 or older", hint=_ANEW)
    if flags & _ENCRYPTED:
        raise locked()
    counts = struct.unpack_from("<8i", main, _COUNTS)
    table = "1Table" if flags & _SECOND_TABLE else "0Table"
    return _Header(table, tuple(max(0, one) for one in counts), struct.unpack_from("<II", main, _CLX))


def _pieces(main: bytes, table: bytes, clx: tuple[int, int]) -> Iterator[str]:
    """The text of every piece, in order. Each is in Windows-1252 or in UTF-16, which its own mark says."""
    start, size = clx
    data = table[start : start + size]
    at = 0
    while at < len(data) and data[at] == 1:  # properties of formatting
        at += 3 + int(struct.unpack_from("<H", data, at + 1)[0])
    if at >= len(data) or data[at] != 2:
        raise DocumentBroken("a Word document without its table of pieces", hint=_ANEW)
    (length,) = struct.unpack_from("<I", data, at + 1)
    count = (length - 4) // 12
    if not 0 < count <= _MOST_PIECES:
        raise DocumentBroken("a Word document with a damaged table of pieces", hint=_ANEW)
    places = struct.unpack_from(f"<{count + 1}I", data, at + 5)
    descriptions = at + 5 + 4 * (count + 1)
    for number in range(count):
        (place,) = struct.unpack_from("<I", data, descriptions + 8 * number + 2)
        characters = places[number + 1] - places[number]
        if characters < 0:
            raise DocumentBroken("a Word document with a damaged table of pieces", hint=_ANEW)
        if place & _COMPRESSED:
            begin = (place & ~_COMPRESSED & 0x3FFFFFFF) // 2
            yield main[begin : begin + characters].decode("cp1252", "replace")
        else:
            yield main[place : place + 2 * characters].decode("utf-16-le", "replace")


def _laid_out(text: str, counts: tuple[int, ...]) -> DocumentText:
    built = TextBuilder()
    at = 0
    for title, count in zip(_PARTS, counts, strict=True):
        part = _plain(text[at : at + count])
        at += count
        if title is None:
            built.add(part)
        elif title and part.strip():
            built.add("\n")
            built.begin("section", title.rstrip(":").lower())
            built.add(f"{title}\n{part.strip()}\n")
    return built.read()


def _plain(text: str) -> str:
    """The text as it is shown: fields by their results, cells parted by tabs, rows and paragraphs by line ends."""
    for _ in range(_MOST_FIELDS):
        shown = _FIELD.sub(lambda field: field["shown"] or "", text)
        if shown == text:
            break
        text = shown
    # A mark ends each cell, and one more ends the row.
    text = text.replace("\x07\x07", "\n").replace("\x07", "\t")
    return text.translate(_MARKS | {key: value for key, value in _NOT_SHOWN.items() if key not in _MARKS})


def _is_word_97(raw: bytes) -> bool:
    return raw.startswith(_OLE) and _STREAM.encode("utf-16-le") in raw


DOCUMENTS.add("word_97", DocumentReader(read_word_97, endings=(), recognises=_is_word_97, whole=True))
