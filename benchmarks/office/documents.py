"""A title, lines and a table in, a document in one of the formats of an office out."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape

from benchmarks.office import pictures
from benchmarks.office.compound_file import compound_file


@dataclass(frozen=True)
class Page:
    """What a document says: every line and every cell must come out again."""

    title: str
    lines: tuple[str, ...]
    table: tuple[tuple[str, ...], ...] = ()

    @property
    def all_lines(self) -> list[str]:
        return [self.title, *self.lines, *("   ".join(row) for row in self.table)]

    @property
    def words(self) -> list[str]:
        """Every text that stands by itself: lines, and the cells of the table."""
        return [self.title, *self.lines, *(cell for row in self.table for cell in row)]


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            stored = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, compress_type=stored)
    return out.getvalue()


def docx(page: Page) -> bytes:
    def paragraph(text: str) -> str:
        return f'<w:p><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'

    rows = "".join(
        "<w:tr>" + "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) + "</w:tr>" for row in page.table
    )
    body = "".join(map(paragraph, (page.title, *page.lines))) + (f"<w:tbl>{rows}</w:tbl>" if rows else "")
    main = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return zipped(
        {
            "[Content_Types].xml": _content_types("/word/document.xml", "wordprocessingml.document.main"),
            "_rels/.rels": _root_relation("word/document.xml"),
            "word/document.xml": f'<w:document xmlns:w="{main}"><w:body>{body}</w:body></w:document>',
        }
    )


def pptx(page: Page) -> bytes:
    def shape(text: str) -> str:
        return f"<p:sp><p:txBody><a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p></p:txBody></p:sp>"

    cells = "".join(
        "<a:tr>"
        + "".join(f"<a:tc><a:txBody><a:p><a:r><a:t>{escape(c)}</a:t></a:r></a:p></a:txBody></a:tc>" for c in row)
        + "</a:tr>"
        for row in page.table
    )
    names = (
        'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    )
    shapes = "".join(map(shape, (page.title, *page.lines))) + f"<a:tbl>{cells}</a:tbl>"
    slide = f"<p:sld {names}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"
    relation = _relation("rId1", "slide", "slides/slide1.xml")
    return zipped(
        {
            "[Content_Types].xml": _content_types("/ppt/presentation.xml", "presentationml.presentation.main"),
            "_rels/.rels": _root_relation("ppt/presentation.xml"),
            "ppt/presentation.xml": f'<p:presentation {names}><p:sldIdLst><p:sldId id="256" r:id="rId1"/>'
            "</p:sldIdLst></p:presentation>",
            "ppt/_rels/presentation.xml.rels": relation,
            "ppt/slides/slide1.xml": slide,
        }
    )


def odt(page: Page) -> bytes:
    rows = "".join(
        "<table:table-row>"
        + "".join(f"<table:table-cell><text:p>{escape(cell)}</text:p></table:table-cell>" for cell in row)
        + "</table:table-row>"
        for row in page.table
    )
    body = "".join(f"<text:p>{escape(line)}</text:p>" for line in (page.title, *page.lines))
    return open_document("text", f"<office:text>{body}<table:table>{rows}</table:table></office:text>")


def open_document(kind: str, body: str) -> bytes:
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text", "table")
    )
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": f"<office:document-content {names}><office:body>{body}</office:body>"
            "</office:document-content>",
        }
    )


def rtf(page: Page) -> bytes:
    def plain(text: str) -> str:
        return "".join(
            character if ord(character) < 128 else f"\\u{_signed(ord(character))}?"
            for character in text.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}")
        )

    rows = "".join("\\trowd " + "".join(f"{plain(cell)}\\cell " for cell in row) + "\\row " for row in page.table)
    body = "".join(f"{plain(line)}\\par\n" for line in (page.title, *page.lines))
    fonts = "{\\fonttbl{\\f0\\fswiss\\fcharset0 Arial;}}"
    return f"{{\\rtf1\\ansi\\ansicpg1252\\deff0{fonts}\\f0 {body}{rows}}}".encode("ascii")


def _signed(number: int) -> int:
    return number - 65_536 if number > 32_767 else number


def html(page: Page) -> bytes:
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in page.table)
    body = "".join(f"<p>{escape(line)}</p>" for line in page.lines)
    head = '<head><meta charset="utf-8"><style>p { color: red }</style></head>'
    return (
        f"<!DOCTYPE html><html>{head}<body><h1>{escape(page.title)}</h1>{body}<table>{rows}</table></body></html>"
    ).encode()


def plain_text(page: Page) -> bytes:
    return "\n".join((page.title, *page.lines, *("\t".join(row) for row in page.table), "")).encode()


def markdown(page: Page) -> bytes:
    return "\n\n".join(
        (f"# {page.title}", *page.lines, *("| " + " | ".join(row) + " |" for row in page.table))
    ).encode()


def eml(page: Page) -> bytes:
    """A mail whose last lines are in an attached Word document."""
    message = EmailMessage()
    message["From"] = "Jo Roe <jo@customers.example>"
    message["To"] = "claims@insurer.example"
    message["Subject"] = page.title
    kept = len(page.lines) // 2
    message.set_content("\n".join(page.lines[:kept]) + "\n")
    rest = Page("More about it", page.lines[kept:], page.table)
    message.add_attachment(docx(rest), maintype="application", subtype="octet-stream", filename="more.docx")
    return message.as_bytes()


def msg(page: Page) -> bytes:
    """An Outlook message whose last lines are in an attached Rich Text file."""
    kept = len(page.lines) // 2
    rest = Page("More about it", page.lines[kept:], page.table)

    def text(value: str) -> bytes:
        return value.encode("utf-16-le")

    def fixed(header: int, *entries: tuple[int, int, int]) -> bytes:
        return bytes(header) + b"".join(struct.pack("<HHIQ", kind, prop, 6, value) for prop, kind, value in entries)

    attachment = "__attach_version1.0_#00000000"
    return compound_file(
        {
            "__properties_version1.0": fixed(32, (0x0039, 0x40, 134_114_418_000_000_000)),
            "__nameid_version1.0/__substg1.0_00020102": b"",
            "__substg1.0_001A001F": text("IPM.Note"),
            "__substg1.0_0037001F": text(page.title),
            "__substg1.0_1000001F": text("\r\n".join(page.lines[:kept]) + "\r\n"),
            "__substg1.0_0C1A001F": text("Jo Roe"),
            "__substg1.0_5D01001F": text("jo@customers.example"),
            "__substg1.0_0E04001F": text("Claims"),
            f"{attachment}/__properties_version1.0": fixed(8, (0x3705, 3, 1)),
            f"{attachment}/__substg1.0_3707001F": text("more.rtf"),
            f"{attachment}/__substg1.0_37010102": rtf(rest),
        }
    )


def zip_of_documents(page: Page) -> bytes:
    """Two documents with half of the lines each."""
    kept = len(page.lines) // 2
    first, second = Page(page.title, page.lines[:kept]), Page("The rest", page.lines[kept:], page.table)
    return zipped({"one/letter.odt": odt(first), "two/list.html": html(second)})


def _content_types(part: str, kind: str) -> str:
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="{part}" ContentType="application/vnd.openxmlformats-officedocument.{kind}+xml"/></Types>'
    )


def _relation(name: str, kind: str, target: str) -> str:
    place = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="{name}" Type="{place}/{kind}" Target="{target}"/></Relationships>'
    )


def _root_relation(target: str) -> str:
    return _relation("rId1", "officeDocument", target)


def _pictured(draw: Callable[[Sequence[str]], bytes]) -> Callable[[Page], bytes]:
    return lambda page: draw(page.all_lines)


TEXT_FORMATS: Mapping[str, Callable[[Page], bytes]] = {
    "docx": docx,
    "odt": odt,
    "rtf": rtf,
    "pptx": pptx,
    "html": html,
    "md": markdown,
    "txt": plain_text,
    "eml": eml,
    "msg": msg,
    "zip": zip_of_documents,
    "pdf": _pictured(pictures.pdf),
}
PICTURE_FORMATS: Mapping[str, Callable[[Page], bytes]] = {
    "scan.pdf": _pictured(pictures.scanned_pdf),
    "png": _pictured(pictures.png),
    "jpg": _pictured(pictures.jpeg),
    "tiff": _pictured(pictures.tiff),
}
