"""An OpenDocument text or presentation in, its text out: headers, paragraphs, lists, tables, notes and comments."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from milo_bench.suites.bounded.archive import Archive
from milo_bench.suites.bounded.open_document import open_document_kind, paragraph_text
from milo_bench.suites.bounded.whole_number import whole_number
from milo_bench.suites.bounded.xml_tree import children, read_xml
from milo_bench.suites.documents.pictures_inside import add_pictures_of
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentReader

_FIRST: Final = 8_192  # bytes of a flat file, in which its kind is said


def read_open_document(document: Document) -> DocumentText:
    """The text. Deleted text of tracked changes is no part of it."""
    archive = None if _is_flat(document.raw) else Archive(document.raw)
    content = read_xml(document.raw if archive is None else archive.read("content.xml"))
    built = TextBuilder()
    around = _around(content if archive is None else _styles(archive))
    for text in around["header"]:
        built.add_line(text)
    reader = _Body(built)
    for kind in ("text", "presentation"):
        for part in children(content, "body", kind):
            reader.blocks(part)
    for text in around["footer"]:
        built.add_line(text)
    for title, lines in (("Notes:", reader.notes), ("Comments:", reader.comments)):
        if lines:
            built.begin("section", title.rstrip(":").lower())
            built.add_line("\n".join([title, *lines]))
    if archive is None:
        if any(True for _ in content.iter("binary-data")):
            document.leave_out("pictures in it", "save it as .odt.")
    else:
        pictures = (name for name in archive.names if name.startswith("Pictures/"))
        add_pictures_of(document, built, archive, pictures)
    return built.read()


class _Body:
    def __init__(self, built: TextBuilder) -> None:
        self._built = built
        self._slide = 0
        self.notes: list[str] = []
        self.comments: list[str] = []

    def blocks(self, parent: Element) -> None:
        for block in parent:
            if block.tag in ("p", "h"):
                self._paragraph(block)
            elif block.tag == "list-item":
                self._item(block)
            elif block.tag == "page":
                self._slide += 1
                self._built.begin("slide", str(self._slide))
                self.blocks(block)
            elif block.tag == "notes":
                self._built.add_line("Notes:")
                self.blocks(block)
            elif block.tag == "table-row":
                self._row(block)
            elif block.tag not in ("tracked-changes", "annotation", "forms", "sequence-decls"):
                self.blocks(block)

    def _paragraph(self, block: Element, mark: str = "") -> None:
        said = paragraph_text(block)
        self._built.add_line(mark + said if said.strip() else said)
        for note in block.iter("note"):
            self.notes.append(_plain(note, "note-body"))
        for comment in block.iter("annotation"):
            by = next((one.text for one in comment if one.tag == "creator" and one.text), "")
            said = " ".join(filter(None, (paragraph_text(one).strip() for one in comment if one.tag == "p")))
            self.comments.append(f"{by}: {said}" if by else said)
        for frame in block.iter("frame"):
            for box in frame.iter("text-box"):
                self.blocks(box)

    def _item(self, item: Element) -> None:
        for child in item:
            if child.tag in ("p", "h"):
                self._paragraph(child, "- ")
            else:
                self.blocks(child)

    def _row(self, row: Element) -> None:
        cells = []
        for cell in row:
            if cell.tag in ("table-cell", "covered-table-cell"):
                said = " ".join(" ".join(paragraph_text(one).split()) for one in cell.iter("p"))
                times = cell.get("number-columns-repeated", "1")
                cells.extend([said.strip()] * min(whole_number(times, 1), 1_000))
        self._built.add_line("\t".join(cells).rstrip())


def _plain(element: Element, tag: str) -> str:
    parts = (paragraph_text(one).strip() for body in element.iter(tag) for one in body.iter("p"))
    return " ".join(filter(None, parts))


def _styles(archive: Archive) -> Element | None:
    return read_xml(archive.read("styles.xml")) if "styles.xml" in archive else None


def _around(styles: Element | None) -> dict[str, list[str]]:
    """The different texts above and below the pages, from the styles of the pages."""
    found: dict[str, list[str]] = {"header": [], "footer": []}
    for page in children(styles, "master-styles", "master-page") if styles is not None else ():
        for part in page:
            kind = part.tag.partition("-")[0]
            if kind in found:
                text = "\n".join(filter(str.strip, (paragraph_text(one) for one in part.iter("p"))))
                if text.strip() and text not in found[kind]:
                    found[kind].append(text)
    return found


def _is_flat(raw: bytes) -> bool:
    """A text or a presentation as one XML file (.fodt, .fodp)."""
    start = raw[:_FIRST]
    return b"<office:document " in start and (b"opendocument.text" in start or b"opendocument.presentation" in start)


def _is_open_document(raw: bytes) -> bool:
    return _is_flat(raw) or open_document_kind(raw) in ("text", "presentation")


DOCUMENTS.add(
    "open_document",
    DocumentReader(
        read_open_document,
        endings=(".odt", ".odp", ".ott", ".otp", ".fodt", ".fodp"),
        recognises=_is_open_document,
        whole=True,
    ),
)
