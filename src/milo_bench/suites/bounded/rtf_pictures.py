"""Rich Text in, the PNG and JPEG pictures in it out, and how many there are of other kinds."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_PICTURE: Final = re.compile(rb"\{\\pict\b|\{\\pict(?=\\)")
_FOR_OLD_READERS: Final = re.compile(rb"\{\\nonshppict\s*\Z")
_KINDS: Final = {b"pngblip": "png", b"jpegblip": "jpg"}
_TOKEN: Final = re.compile(rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|\\[^a-zA-Z]|([{}])|([0-9a-fA-F]+)|[^\\{}0-9a-fA-F]+")


class RtfPictures(NamedTuple):
    """``found`` are name and bytes; ``others`` counts pictures in forms that only print, such as WMF."""

    found: tuple[tuple[str, bytes], ...]
    others: int


def rtf_pictures(raw: bytes) -> RtfPictures:
    """The pictures of a Rich Text file; one that is there again for old readers is left out."""
    found: list[tuple[str, bytes]] = []
    others = 0
    at = 0
    while (match := _PICTURE.search(raw, at)) is not None:
        kind, data, at = _picture(raw, match.end())
        if _FOR_OLD_READERS.search(raw[max(0, match.start() - 40) : match.start()]):
            continue
        if kind and data:
            found.append((f"picture {len(found) + others + 1}.{kind}", data))
        else:
            others += 1
    return RtfPictures(tuple(found), others)


def _picture(raw: bytes, at: int) -> tuple[str, bytes, int]:
    """The kind, the bytes and the end of the picture whose group is open at ``at``."""
    kind, depth = "", 1
    digits: list[bytes] = []
    while depth and (token := _TOKEN.match(raw, at)) is not None:
        at = token.end()
        word, number, brace, hexadecimal = token.groups()
        if brace:
            depth += 1 if brace == b"{" else -1
        elif word == b"bin":
            size = max(int(number or 0), 0)
            digits.append(raw[at : at + size].hex().encode())
            at += size
        elif word in _KINDS and depth == 1:
            kind = _KINDS[word]
        elif hexadecimal and depth == 1:
            digits.append(hexadecimal)
    written = b"".join(digits)
    return kind, bytes.fromhex(written[: len(written) // 2 * 2].decode("ascii")), at
