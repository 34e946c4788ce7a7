"""HTML in, its text out: a line for each block, a tab between two cells of a row, a form with what was filled in."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Final

_LINES: Final = frozenset(
    ("p", "div", "tr", "table", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "hr", "dt")
) | frozenset(("section", "article", "header", "footer", "dd", "option", "title"))
_HIDDEN: Final = frozenset(("script", "style", "template", "noscript"))

_KEPT: Final = frozenset(("pre", "textarea"))
_SHOWN_FIELDS: Final = frozenset(("text", "email", "tel", "number", "date", "time", "url", "search", "month", "week"))
_APART: Final = re.compile(
    r"(?:margin|padding)(?:-(?:left|right))?\s*:|display\s*:\s*(?:inline-block|inline-flex|table-cell|block|flex|grid)",
    re.I,
)
_MOST_ALT: Final = 500
_TAG: Final = re.compile(r"<[^<>]*>")


class _TextOnly(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = 0
        self._kept = 0  # elements around in which lines of the source are lines
        self._options: list[tuple[int, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        self._kept += tag in _KEPT
        if tag == "input":
            self._filled_in(dict(attrs))
        if tag == "select":
            self._options = []
        if tag == "option":
            self._break()
            self._options.append((len(self.pieces), "selected" in dict(attrs)))
        if tag == "img":
            self._pictured(dict(attrs))
        if tag not in _LINES and _APART.search(dict(attrs).get("style") or ""):
            self.handle_data(" ")  # 2 and 45.00 that a margin parts are two values
        if tag == "br":
            self.pieces.append("\n")
        elif tag in _LINES:
            self._break()
        elif tag in ("td", "th") and self.pieces and not self.pieces[-1].endswith("\n"):
            self.pieces.append("\t")  # two cells are two values

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in _HIDDEN and self._hidden > 0
        self._kept -= tag in _KEPT and self._kept > 0
        if tag == "select":
            self._choose()
        if tag in _LINES:
            self._break()

    def _filled_in(self, attrs: dict[str, str | None]) -> None:
        """What a person reads in a field of a form."""
        kind = (attrs.get("type") or "text").lower()
        if kind in ("checkbox", "radio"):
            self.pieces.append("[x] " if "checked" in attrs else "[ ] ")
        elif kind in _SHOWN_FIELDS and attrs.get("value"):
            self.handle_data(f" {attrs['value']} ")

    def _pictured(self, attrs: dict[str, str | None]) -> None:
        """What is read where a picture is not shown."""
        said = " ".join((attrs.get("alt") or "").split())
        if said:
            self.handle_data(f" [{said[:_MOST_ALT]}] ")

    def _choose(self) -> None:
        """Keep the chosen options of a list, the first where none is: that is what is shown."""
        starts = [start for start, _ in self._options]
        chosen = [at for at, (_, selected) in enumerate(self._options) if selected] or [0]
        ends = [*starts[1:], len(self.pieces)]
        parts = [self.pieces[start:end] for start, end in zip(starts, ends, strict=True)] if starts else []
        if parts:
            self.pieces[starts[0] :] = [piece for at, part in enumerate(parts) if at in chosen for piece in part]
        self._options = []

    def _break(self) -> None:
        if self.pieces and not self.pieces[-1].endswith("\n"):
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            # White space of the source means nothing in HTML; a tab or line of ours does.
            said = re.sub(r"[^\S\n]+", " ", data) if self._kept else re.sub(r"\s+", " ", data)
            if said != " " or (self.pieces and not self.pieces[-1].endswith("\n")):
                self.pieces.append(said)


def html_text(html: str) -> str:
    """The text of ``html``, without scripts and styles."""
    parser = _TextOnly()
    parser.feed(html)
    # What is left was begun and never ended, such as a tag with an open quotation mark. The parser would try each "<"
    # in it to the end of the text, which takes the square of its length.
    rest, parser.rawdata = parser.rawdata, ""
    parser.close()
    parser.handle_data(unescape(_TAG.sub(" ", rest)))
    lines = "".join(parser.pieces).split("\n")
    plain = "\n".join("\t".join(" ".join(cell.split()) for cell in line.split("\t")).strip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", plain).strip() + "\n"
