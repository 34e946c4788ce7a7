"""An EPUB book in, the text of its chapters in their order out."""

from __future__ import annotations

import posixpath
from typing import Final
from urllib.parse import unquote

from milo_bench.suites.bounded.archive import Archive, is_zip, parts_of
from milo_bench.suites.bounded.xml_tree import children, read_xml
from milo_bench.suites.documents.formats.mail import decode_text
from milo_bench.suites.documents.html_text import html_text
from milo_bench.suites.documents.pictures_inside import add_pictures_of
from milo_bench.suites.documents.read_text import DocumentText, TextBuilder
from milo_bench.suites.documents.reader import DOCUMENTS, Document, DocumentBroken, DocumentReader

_CONTAINER: Final = "META-INF/container.xml"
_LOCKS: Final = "META-INF/rights.xml"
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".webp")


def read_epub(document: Document) -> DocumentText:
    """The chapters that the book's own list names. Raises DocumentBroken for a damaged or protected one."""
    archive = Archive(document.raw)
    if _LOCKS in archive:
        raise DocumentBroken("protected against copying", hint="ask for a copy that is not protected.")
    built = TextBuilder()
    for number, name in enumerate(_chapters(archive), start=1):
        built.add("\n\n" if number > 1 else "")
        built.begin("chapter", str(number))
        built.add(html_text(decode_text(archive.read(name), None)))
        document.alive()
    pictures = (name for name in archive.names if name.lower().endswith(_PICTURES))
    add_pictures_of(document, built, archive, pictures)
    return built.read()


def _chapters(archive: Archive) -> list[str]:
    """The parts of the book in the order of its spine."""
    container = read_xml(archive.read(_CONTAINER))
    listing = next((one.get("full-path", "") for one in children(container, "rootfiles", "rootfile")), "")
    package = read_xml(archive.read(listing))
    items = {one.get("id", ""): one.get("href", "") for one in children(package, "manifest", "item")}
    folder = posixpath.dirname(listing)
    named = [items.get(one.get("idref", ""), "") for one in children(package, "spine", "itemref")]
    paths = [posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0]))) for href in named if href]
    return [path for path in dict.fromkeys(paths) if path in archive]


def _is_epub(raw: bytes) -> bool:
    return is_zip(raw) and _CONTAINER in parts_of(raw)


DOCUMENTS.add("epub", DocumentReader(read_epub, endings=(".epub",), recognises=_is_epub, whole=True))
