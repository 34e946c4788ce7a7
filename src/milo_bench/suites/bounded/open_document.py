"""An OpenDocument file in, what kind it is out; a paragraph of it in, its text out."""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import Element

from milo_bench.suites.bounded.archive import Archive, parts_of
from milo_bench.suites.bounded.broken import DocumentBroken
from milo_bench.suites.bounded.whole_number import whole_number

_NOT_SHOWN: Final = frozenset(("annotation", "tracked-changes", "note-citation", "annotation-end", "bookmark"))


def open_document_kind(raw: bytes) -> str:
    """``text``, ``spreadsheet``, ``presentation`` …; "" for what is no OpenDocument file."""
    if "content.xml" not in parts_of(raw):
        return ""
    try:
        archive = Archive(raw)
        for name in ("mimetype", "META-INF/manifest.xml"):
            said = archive.read(name)[:100_000] if name in archive else b""
            if found := re.search(rb"application/vnd\.oasis\.opendocument\.([a-z]+)", said):
                return found[1].decode("ascii")
    except DocumentBroken:
        pass
    return ""


def paragraph_text(element: Element) -> str:
    """The text of a paragraph, with its spaces, tabs and line breaks; notes and comments apart."""
    pieces = [element.text or ""]
    for child in element:
        if child.tag == "s":
            pieces.append(" " * min(whole_number(child.get("c"), 1), 1_000))
        elif child.tag == "tab":
            pieces.append("\t")
        elif child.tag == "line-break":
            pieces.append("\n")
        elif child.tag not in _NOT_SHOWN and child.tag not in ("note", "frame"):
            pieces.append(paragraph_text(child))
        pieces.append(child.tail or "")
    return "".join(pieces)
