"""The bytes of an XML file in, its elements out: no DTD, no entities, no more than so many elements and levels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from milo_bench.suites.bounded.broken import DocumentBroken

MOST_ELEMENTS: Final = 4_000_000
DEEPEST: Final = 400


def read_xml(raw: bytes) -> Element:
    """The root element; names are local (``p``, not ``w:p``), since each format has one meaning for each.

    An attribute keeps its local name as well. Raises DocumentBroken for a document type (which office files
    never have, and in which entities could be declared), for damage and for more than the limits.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    count = depth = 0

    def start(tag: str, attributes: list[str]) -> None:
        nonlocal count, depth
        count += 1
        depth += 1
        if count > MOST_ELEMENTS or depth > DEEPEST:
            raise DocumentBroken(f"XML of more than {MOST_ELEMENTS:,} elements or {DEEPEST} levels")
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        builder.start(tag.rpartition("}")[2], {name.rpartition("}")[2]: value for name, value in pairs})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag.rpartition("}")[2])

    def refuse(*_: object) -> None:
        raise DocumentBroken("XML with a document type, which office files do not have")

    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(raw, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, ValueError, LookupError) as error:
        raise DocumentBroken(f"damaged XML: {error}") from None


def children(element: Element, *path: str) -> Iterator[Element]:
    """The elements at ``path`` below ``element``, such as ``children(book, "sheets", "sheet")``."""
    if not path:
        yield element
        return
    for child in element:
        if child.tag == path[0]:
            yield from children(child, *path[1:])
