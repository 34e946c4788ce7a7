"""A text in, whether it is XML or HTML, or contains some, out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import Final
from xml.etree.ElementTree import Element

from milo_bench.suites.bounded.broken import DocumentBroken
from milo_bench.suites.bounded.xml_tree import children, read_xml

_MOST_CHARACTERS: Final = 200_000
_MOST_TRIES: Final = 50  # places of a text where XML may begin, and where it may end
_OPENING: Final = re.compile(r"<([A-Za-z_][\w.:-]{0,99})(?=[\s/>])")
_HTML_SIGNS: Final = (
    re.compile(r"<([A-Za-z][A-Za-z0-9]{0,20})\b[^<>]{0,1000}>[^<]{0,100000}</\1\s*>"),
    re.compile(r"<[A-Za-z][A-Za-z0-9]{0,20}(?:\s[^<>]{0,1000})?/>"),
    re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});"),
    re.compile(r"<[A-Za-z][^<>]{0,1000}\s[A-Za-z-]{1,40}\s?=\s?[\"'][^\"'<>]{0,1000}[\"']"),
    re.compile(r"<!doctype\b", re.IGNORECASE),
)
_SIGNS_NEEDED: Final = 2
_ELEMENTS: Final = frozenset((
    "a", "abbr", "address", "area", "article", "aside", "audio", "b", "base", "bdi", "bdo", "blockquote", "body",
    "br", "button", "canvas", "caption", "cite", "code", "col", "colgroup", "data", "datalist", "dd", "del",
    "details", "dfn", "dialog", "div", "dl", "dt", "em", "embed", "fieldset", "figcaption", "figure", "font",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "i", "iframe",
    "img", "input", "ins", "kbd", "label", "legend", "li", "link", "main", "map", "mark", "math", "menu", "meta",
    "meter", "nav", "noscript", "object", "ol", "optgroup", "option", "output", "p", "picture", "pre", "progress",
    "q", "rp", "rt", "ruby", "s", "samp", "script", "search", "section", "select", "slot", "small", "source", "span",
    "strong", "style", "sub", "summary", "sup", "svg", "table", "tbody", "td", "template", "textarea", "tfoot", "th",
    "thead", "time", "title", "tr", "track", "u", "ul", "var", "video", "wbr", "center", "path", "circle", "rect",
    "g", "line", "polyline", "polygon", "ellipse", "text",
))  # fmt: skip
_VOID: Final = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
))  # fmt: skip
_MAY_STAY_OPEN: Final = frozenset((
    "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup", "colgroup", "rp", "rt",
))  # fmt: skip


def xml_mistake(text: str, required: Sequence[str]) -> str:
    """Why the whole of ``text`` is not XML with an element at each path (``order.item.id``); "" if it is."""
    if len(text) > _MOST_CHARACTERS:
        return f"the answer is longer than {_MOST_CHARACTERS:,} characters"
    try:
        root = read_xml(text.strip().encode())
    except DocumentBroken as error:
        return f"the answer is not XML: {error}"
    return _missing(root, required)


def contained_xml_mistake(text: str, required: Sequence[str]) -> str:
    """Why ``text`` contains no XML with these elements; "" if it does."""
    said = "the answer contains no XML"
    for root in _roots(text[:_MOST_CHARACTERS]):
        said = _missing(root, required)
        if not said:
            return ""
    return said


def html_mistake(text: str) -> str:
    """Why ``text`` is not HTML and nothing else; "" if it is."""
    plain = text.strip()
    if len(plain) > _MOST_CHARACTERS:
        return f"the answer is longer than {_MOST_CHARACTERS:,} characters"
    if not plain.startswith("<") or not plain.endswith(">") or plain.startswith("<?xml"):
        return "the answer is not HTML alone"
    reader = _Reader()
    reader.feed(plain)
    reader.close()
    left = [tag for tag in reader.open if tag not in _MAY_STAY_OPEN]
    if left:
        return f"<{left[-1][:40]}> is not closed"
    if not reader.seen:
        return "the answer has no HTML element"
    return reader.mistake


def contained_html_mistake(text: str) -> str:
    """Why ``text`` has no HTML in it; "" if it has two of: paired tags, closed tags, entities, attributes, comments."""
    plain = text[:_MOST_CHARACTERS]
    found = sum(sign.search(plain) is not None for sign in _HTML_SIGNS)
    found += "<!--" in plain and plain.rfind("-->") > plain.find("<!--")
    return "" if found >= _SIGNS_NEEDED else "the answer contains no HTML"


class _Reader(HTMLParser):
    """Follows which elements are open, and text outside of all."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen = False
        self.mistake = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._known(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._known(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        while self.open and self.open[-1] != tag and self.open[-1] in _MAY_STAY_OPEN:
            self.open.pop()
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif not self.mistake:
            self.mistake = f"</{tag[:40]}> closes no element"

    def handle_data(self, data: str) -> None:
        if data.strip() and not self.open and not self.mistake:
            self.mistake = "the answer has text outside of HTML"

    def _known(self, tag: str) -> None:
        self.seen = True
        if tag not in _ELEMENTS and "-" not in tag and not self.mistake:
            self.mistake = f"<{tag[:40]}> is not an element of HTML"


def _roots(text: str) -> Iterator[Element]:
    at, budget = 0, _MOST_TRIES
    while budget > 0 and (begun := _OPENING.search(text, at)):
        at = begun.end()
        budget -= 1
        closed = re.compile(rf"</{re.escape(begun[1])}\s*>|^<{re.escape(begun[1])}[^<>]{{0,1000}}/>")
        ends = [match.end() for match in closed.finditer(text[begun.start() :])][:_MOST_TRIES]
        for end in reversed(ends):
            budget -= 1
            if budget < 0:
                return
            try:
                root = read_xml(text[begun.start() : begun.start() + end].encode())
            except DocumentBroken:
                continue
            yield root
            at = begun.start() + end
            break


def _missing(root: Element, required: Sequence[str]) -> str:
    for path in required:
        first, *rest = path.split(".")
        if root.tag != first or next(children(root, *rest), None) is None:
            return f"the XML has no element '{path[:100]}'"
    return ""
