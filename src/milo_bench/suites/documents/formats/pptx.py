"""A PowerPoint presentation in, the text of its slides and of the speaker's notes out."""

from __future__ import annotations

import posixpath
from xml.etree.ElementTree import Element

from milo_bench.suites.bounded.archive import Archive, parts_of
from milo_bench.suites.bounded.relations import relations_of
from milo_bench.suites.bounded.xml_tree import children, read_xml
from milo_bench.suites.documents.pictures_inside import add_pictures_of
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentReader


def read_pptx(document: Document) -> DocumentText:
    """The text, slide by slide in their order; a hidden slide is read and said."""
    archive = Archive(document.raw)
    main = "ppt/presentation.xml"
    targets = relations_of(archive, main)
    built = TextBuilder()
    for number, entry in enumerate(children(read_xml(archive.read(main)), "sldIdLst", "sldId"), start=1):
        # Both the slide's own number and its relation are called id; the relation is the one that names a file.
        path = next((targets[value] for value in entry.attrib.values() if value in targets), "")
        if path not in archive:
            continue
        slide = read_xml(archive.read(path))
        if slide.get("show") in ("0", "false"):
            document.leave_out(f"nothing: the hidden slide {number} is read as well", "delete it if it must not be.")
        built.begin("slide", str(number))
        _add_blocks(slide, built)
        for target in relations_of(archive, path).values():
            if "/notesSlides/" in target and target in archive:
                built.add_line("Notes:")
                _add_blocks(read_xml(archive.read(target)), built)
    for name in archive.names:
        if "/embeddings/" in name:
            document.leave_out(f"the embedded file '{posixpath.basename(name)}'", "import it as a separate document.")
    add_pictures_of(document, built, archive, (name for name in archive.names if "/media/" in name))
    return built.read()


def _add_blocks(element: Element, built: TextBuilder) -> None:
    for child in element:
        if child.tag == "p":
            built.add_line(_paragraph(child))
        elif child.tag == "tr":
            cells = [
                " ".join(" ".join(_paragraph(p).split()) for p in cell.iter("p")) for cell in children(child, "tc")
            ]
            built.add_line("\t".join(cells))
        elif child.tag != "Fallback":
            _add_blocks(child, built)


def _paragraph(element: Element) -> str:
    pieces: list[str] = []
    for child in element:
        if child.tag in ("r", "fld"):
            pieces.extend(one.text or "" for one in child if one.tag == "t")
        elif child.tag == "br":
            pieces.append("\n")
        elif child.tag == "AlternateContent":
            pieces.extend(_paragraph(choice) for choice in children(child, "Choice"))
    return "".join(pieces)


DOCUMENTS.add(
    "pptx",
    DocumentReader(
        read_pptx,
        endings=(".pptx", ".pptm"),
        recognises=lambda raw: "ppt/presentation.xml" in parts_of(raw),
        whole=True,
    ),
)
