"""Lines of text in, pictures of a page and PDFs with and without text out; drawn by the package that draws charts."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from html import escape

import vl_convert

WIDTH, HEIGHT = 620, 877  # an A4 page at 75 dots per inch


def page_svg(lines: Sequence[str]) -> str:
    drawn = "".join(
        f'<text x="50" y="{70 + 30 * number}" font-family="sans-serif" font-size="15">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>{drawn}</svg>'
    )


def png(lines: Sequence[str]) -> bytes:
    return bytes(vl_convert.svg_to_png(page_svg(lines), scale=2))


def jpeg(lines: Sequence[str]) -> bytes:
    return bytes(vl_convert.svg_to_jpeg(page_svg(lines), scale=2, quality=90))


def pdf(lines: Sequence[str]) -> bytes:
    """A page with its text."""
    return bytes(vl_convert.svg_to_pdf(page_svg(lines)))


def scanned_pdf(lines: Sequence[str]) -> bytes:
    """A page that is only a picture."""
    picture = jpeg(lines)
    width, height = 2 * WIDTH, 2 * HEIGHT
    draw = b"q 595 0 0 842 0 0 cm /P Do Q"
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</P 4 0 R>>>>/Contents 5 0 R>>",
        f"<</Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceRGB/BitsPerComponent 8"
        f"/Filter/DCTDecode/Length {len(picture)}>>stream\n".encode()
        + picture
        + b"\nendstream",
        f"<</Length {len(draw)}>>stream\n".encode() + draw + b"\nendstream",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + part + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    return bytes(out + f"trailer<</Size {len(parts) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode())


def tiff(lines: Sequence[str]) -> bytes:
    """A grey picture without compression, from the rows of the PNG."""
    width, height, rows = _grey_rows(png(lines))
    pixels = b"".join(rows)
    tags = [
        (256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1),
        (273, 4, 8), (277, 3, 1), (278, 4, height), (279, 4, len(pixels)),
    ]  # fmt: skip
    table = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, kind, 1, v) for tag, kind, v in tags)
    return b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + table + bytes(4)


def _grey_rows(picture: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and rows of an 8 bit RGBA PNG, a byte for each point."""
    width, height = struct.unpack(">II", picture[16:24])
    at, packed = 8, b""
    while at < len(picture):
        (size,) = struct.unpack(">I", picture[at : at + 4])
        if picture[at + 4 : at + 8] == b"IDAT":
            packed += picture[at + 8 : at + 8 + size]
        at += 12 + size
    raw = zlib.decompress(packed)
    step = (len(raw) // height - 1) // width
    line = width * step
    above, rows = bytearray(line), []
    for number in range(height):
        begin = number * (line + 1)
        kind, row = raw[begin], bytearray(raw[begin + 1 : begin + 1 + line])
        for index in range(line):
            left = row[index - step] if index >= step else 0
            corner = above[index - step] if index >= step else 0
            row[index] = (row[index] + _foretold(kind, left, above[index], corner)) & 255
        rows.append(bytes(row[::step]))
        above = row
    return width, height, rows


def _foretold(kind: int, left: int, up: int, corner: int) -> int:
    """What a PNG filter adds to a byte (W3C PNG, section 9.2)."""
    if kind == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda one: abs(guess - one))
    return (0, left, up, (left + up) // 2)[kind]
