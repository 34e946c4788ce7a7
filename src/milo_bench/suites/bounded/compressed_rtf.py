"""Rich Text as Outlook packs it in, the Rich Text out (MS-OXRTFCP)."""

from __future__ import annotations

import struct
from typing import Final

from milo_bench.suites.bounded.broken import DocumentBroken

UNPACKED_LIMIT_BYTES: Final = 64 * 1024 * 1024
_START: Final = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


def unpack_rtf(raw: bytes) -> bytes:
    """The Rich Text. Raises DocumentBroken."""
    if len(raw) < 16:
        raise DocumentBroken("its packed text is cut")
    _, size, kind, _ = struct.unpack_from("<IIII", raw)
    if size > UNPACKED_LIMIT_BYTES:
        raise DocumentBroken(f"its text unpacks to more than {UNPACKED_LIMIT_BYTES >> 20} MiB")
    if kind == 0x414C454D:  # MELA: not packed
        return raw[16 : 16 + size]
    if kind != 0x75465A4C:
        raise DocumentBroken("its packed text is of an unknown kind")
    window = bytearray(_START.ljust(4096, b"\0"))
    at, write = 16, len(_START)
    out = bytearray()
    while at < len(raw) and len(out) < size:
        control = raw[at]
        at += 1
        for bit in range(8):
            if control >> bit & 1:
                if at + 2 > len(raw):
                    return bytes(out[:size])
                (word,) = struct.unpack_from(">H", raw, at)
                at += 2
                read, count = word >> 4, (word & 15) + 2
                if read == write % 4096:
                    return bytes(out[:size])
                for step in range(count):
                    byte = window[(read + step) % 4096]
                    out.append(byte)
                    window[write % 4096] = byte
                    write += 1
            elif at < len(raw):
                out.append(raw[at])
                window[write % 4096] = raw[at]
                write += 1
                at += 1
    return bytes(out[:size])
