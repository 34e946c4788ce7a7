"""A paragraph of an OpenDocument file in, its text out."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

_NOT_SHOWN: Final = frozenset(("annotation", "tracked-changes", "note-citation", "annotation-end", "bookmark"))


def paragraph_text(element: Element) -> str:
    """The text of a paragraph, with its spaces, tabs and line breaks; notes and comments apart."""
    pieces = [element.text or ""]
    for child in element:
        if child.tag == "s":
            pieces.append(" " * min(int(child.get("c", "1")) if child.get("c", "1").isdecimal() else 1, 1_000))
        elif child.tag == "tab":
            pieces.append("\t")
        elif child.tag == "line-break":
            pieces.append("\n")
        elif child.tag not in _NOT_SHOWN and child.tag not in ("note", "frame"):
            pieces.append(paragraph_text(child))
        pieces.append(child.tail or "")
    return "".join(pieces)
