"""A Word document in, its text out: headers, paragraphs, tables, text boxes, notes and comments, as finally shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from milo_bench.suites.bounded.archive import Archive, parts_of
from milo_bench.suites.bounded.relations import relations_of
from milo_bench.suites.bounded.xml_tree import children, read_xml
from milo_bench.suites.documents.pictures_inside import add_pictures_of
from milo_bench.suites.documents.read_text import DocumentText, Position, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentReader

_SKIPPED: Final = frozenset(("del", "moveFrom", "instrText", "delText", "rPr", "pPr", "footnoteRef", "Fallback"))
_BREAKS: Final = {"tab": "\t", "cr": "\n", "noBreakHyphen": "\u2011", "ptab": "\t"}


def read_docx(document: Document) -> DocumentText:
    """The text. Pages begin where Word last broke them; deleted text is left out, which is said."""
    archive = Archive(document.raw)
    body = read_xml(archive.read("word/document.xml"))
    built = TextBuilder()
    for text in _around(archive, "header"):
        built.add_line(text)
    reader = _Body(built)
    for part in children(body, "body"):
        reader.blocks(part)
    for text in _around(archive, "footer"):
        built.add_line(text)
    for name, title, skipped in (("footnotes", "Notes:", "separator"), ("endnotes", "Notes:", "separator")):
        _notes(archive, f"word/{name}.xml", title, built, skipped)
    _notes(archive, "word/comments.xml", "Comments:", built, "")
    if reader.deleted:
        document.leave_out("text that a tracked change deletes", "accept or reject the changes and save it again.")
    if reader.hidden:
        document.leave_out("hidden text", "show it in Word and save it again if the model needs it.")
    for name in (name for name in archive.names if "/embeddings/" in name):
        document.leave_out(f"the embedded file '{name.rpartition('/')[2]}'", "import it as a separate document.")
    inserted = [chunk.get("id", "") for chunk in body.iter("altChunk")]
    targets = relations_of(archive, "word/document.xml") if inserted else {}
    for chunk in inserted:
        name = targets.get(chunk, chunk).rpartition("/")[2]
        document.leave_out(f"the inserted file '{name}'", "open it in Word and save it again.")
    add_pictures_of(document, built, archive, (name for name in archive.names if "/media/" in name))
    return built.read()


class _Body:
    def __init__(self, built: TextBuilder) -> None:
        self._built = built
        self._page = 1
        self.deleted = False
        self.hidden = False

    def blocks(self, parent: Element) -> None:
        for block in parent:
            if block.tag == "p":
                self._left_out(block)
                self._pages(block)
                self._built.add_line(paragraph(block))
                for box in _boxes(block):
                    self.blocks(box)
            elif block.tag == "tbl":
                self._table(block)
            elif block.tag in ("sdt", "sdtContent", "customXml", "ins", "smartTag", "AlternateContent", "Choice"):
                self.blocks(block)

    def _pages(self, block: Element) -> None:
        for one in block.iter():
            if one.tag == "lastRenderedPageBreak" or (one.tag == "br" and one.get("type") == "page"):
                if self._page == 1:
                    self._built.positions.insert(0, Position(0, "page", "1"))
                self._page += 1
                self._built.begin("page", str(self._page))
                return

    def _left_out(self, block: Element) -> None:
        """Note what a reader of the final text does not see."""
        self.deleted |= any(one.tag in ("delText", "moveFrom") for one in block.iter())
        self.hidden |= any(one.tag == "r" and _is_hidden(one) and "".join(_runs(one)).strip() for one in block.iter())

    def _table(self, table: Element) -> None:
        self._left_out(table)
        for row in table.iter("tr"):
            cells = [_cell(cell) for cell in _cells(row)]
            self._built.add_line("\t".join(cells))


def _cells(row: Element) -> Iterator[Element]:
    for child in row:
        if child.tag == "tc":
            yield child
        elif child.tag in ("sdt", "sdtContent", "ins", "customXml"):
            yield from _cells(child)


def _cell(cell: Element) -> str:
    return " ".join(" ".join(paragraph(one).split()) for one in _own(cell, "p")).strip()


def _own(element: Element, tag: str) -> Iterator[Element]:
    """Elements of that tag in a cell, those of tables inside it excepted: they are rows of their own."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag not in ("tbl", "AlternateContent"):
            yield from _own(child, tag)


def paragraph(element: Element) -> str:
    """A paragraph's text; an item of a list begins with a hyphen."""
    said = "".join(_runs(element))
    listed = any(True for _ in children(element, "pPr", "numPr"))
    return f"- {said}" if listed and said.strip() else said


def _runs(element: Element) -> Iterator[str]:
    for child in element:
        if child.tag == "t":
            yield child.text or ""
        elif child.tag in _BREAKS:
            yield _BREAKS[child.tag]
        elif child.tag == "br":
            yield "\n" if child.get("type") != "page" else ""
        elif child.tag == "checkBox":
            state = [one.get("val", "1") for one in child if one.tag in ("checked", "default")]
            yield "[x] " if state and state[-1] in ("1", "true", "on") else "[ ] "
        elif child.tag == "txbxContent":
            continue  # a text box is read after its paragraph
        elif child.tag not in _SKIPPED and not (child.tag == "r" and _is_hidden(child)):
            yield from _runs(child)


def _is_hidden(run: Element) -> bool:
    return any(one.get("val", "1") not in ("0", "false", "off") for one in children(run, "rPr", "vanish"))


def _boxes(block: Element) -> Iterator[Element]:
    for child in block:
        if child.tag == "txbxContent":
            yield child
        elif child.tag != "Fallback":
            yield from _boxes(child)


def _around(archive: Archive, kind: str) -> list[str]:
    """The different texts above or below the pages."""
    texts = []
    for name in sorted(archive.names):
        if name.startswith(f"word/{kind}") and name.endswith(".xml"):
            texts.append(
                "\n".join(filter(str.strip, (paragraph(one) for one in read_xml(archive.read(name)).iter("p"))))
            )
    return list(dict.fromkeys(text for text in texts if text.strip()))


def _notes(archive: Archive, name: str, title: str, built: TextBuilder, skipped: str) -> None:
    if name not in archive:
        return
    lines = []
    for note in read_xml(archive.read(name)):
        if skipped and note.get("type", "").lower().endswith(skipped):
            continue
        said = " ".join(filter(None, (paragraph(one).strip() for one in note.iter("p"))))
        if said:
            by = note.get("author", "")
            lines.append(f"{by}: {said}" if by else said)
    if lines:
        built.begin("section", title.rstrip(":").lower())
        built.add_line("\n".join([title, *lines]))


DOCUMENTS.add(
    "docx",
    DocumentReader(
        read_docx, endings=(".docx", ".docm"), recognises=lambda raw: "word/document.xml" in parts_of(raw), whole=True
    ),
)
