"""A drawing as SVG in, whether it could run or fetch anything out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

# What a chart is made of; a script, a link, an image or HTML is none of it.
_TAGS = frozenset(
    {"svg", "g", "path", "line", "rect", "circle", "text", "tspan", "title", "desc", "defs", "clippath", "style"}
    | {"lineargradient", "radialgradient", "stop", "ellipse", "polygon", "polyline"}
)
_FETCHES = re.compile(r"url\(\s*[\"']?(?!#)|@import|expression\(", re.I)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.acts = False
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        self.acts |= tag not in _TAGS
        for name, value in attrs:
            self.acts |= name.startswith("on") or name.endswith("href") or name == "src"
            self.acts |= bool(_FETCHES.search(value or ""))

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        self.acts |= self._in_style and bool(_FETCHES.search(data))

    def handle_decl(self, decl: str) -> None:
        self.acts = True

    def handle_pi(self, data: str) -> None:
        self.acts = True


def is_active(svg: str) -> bool:
    """Whether ``svg`` holds anything but shapes, text and references to itself."""
    tags = _Tags()
    tags.feed(svg)
    tags.close()
    return tags.acts
