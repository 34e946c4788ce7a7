"""A title, lines and a table in, a Word document of 1997 to 2003 out (MS-DOC)."""

from __future__ import annotations

import struct

from benchmarks.office.compound_file import compound_file
from benchmarks.office.documents import Page

_TEXT_AT = 0x800
_HEADER_BYTES = 0x200


def doc(page: Page, *, notes: str = "", flags: int = 0) -> bytes:
    """Two pieces, one in Windows-1252 and one in UTF-16, as Word writes them after a change."""
    rows = "".join("".join(f"{cell}\x07" for cell in row) + "\x07" for row in page.table)
    first = f"{page.title}\r"
    rest = "".join(f"{line}\r" for line in page.lines) + rows
    narrow = first.encode("cp1252")
    wide = (rest + notes).encode("utf-16-le")
    main = bytearray(_TEXT_AT)
    struct.pack_into("<HH", main, 0, 0xA5EC, 193)
    struct.pack_into("<H", main, 0x0A, 0x0200 | flags)
    struct.pack_into("<2i", main, 0x4C, len(first) + len(rest), len(notes))
    places = (0, len(first), len(first) + len(rest) + len(notes))
    pieces = struct.pack("<3I", *places)
    pieces += struct.pack("<HIH", 0, _TEXT_AT * 2 | 0x40000000, 0)
    pieces += struct.pack("<HIH", 0, _TEXT_AT + len(narrow), 0)
    formatting = b"\x01" + struct.pack("<H", 4) + b"\0" * 4
    clx = formatting + b"\x02" + struct.pack("<I", len(pieces)) + pieces
    struct.pack_into("<II", main, 0x1A2, 0, len(clx))
    return compound_file({"WordDocument": bytes(main) + narrow + wide, "1Table": clx})
