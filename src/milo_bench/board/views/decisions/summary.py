"""A package's summary.md in, its headings, paragraphs, lists and tables out, as plain text for a page to show."""

from __future__ import annotations

import html
import re
from typing import Any, Final

_CELL: Final = re.compile(r"(?<!\\)\|")
_RULE: Final = re.compile(r"[\s|:-]+")
_CODE: Final = re.compile(r"(?<!\\)`([^`]+)`")
_ESCAPED: Final = re.compile(r"\\([\\_*|<>`#])")
_ENTITY: Final = re.compile(r"&(amp|lt|gt|quot);")


def text_blocks(text: str) -> list[dict[str, Any]]:
    """``{"kind": "heading" | "text" | "list" | "table"}`` with ``text``, ``items``, or ``head`` and ``rows``."""
    blocks: list[dict[str, Any]] = []
    for part in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in part.splitlines() if line.strip()]
        if not lines:
            continue
        if lines[0].startswith("#"):
            blocks.append({"kind": "heading", "text": _plain(lines.pop(0).lstrip("# "))})
        if lines and all(line.startswith("|") for line in lines):
            rows = [_cells(line) for line in lines if not _RULE.fullmatch(line)]
            blocks.append({"kind": "table", "head": rows[0] if rows else [], "rows": rows[1:]})
        elif lines and all(line.startswith(("- ", "* ")) for line in lines):
            blocks.append({"kind": "list", "items": [_plain(line[2:]) for line in lines]})
        elif lines:
            blocks.append({"kind": "text", "text": _plain(" ".join(lines))})
    return blocks


def _cells(line: str) -> list[str]:
    return [_plain(cell.strip()) for cell in _CELL.split(line.strip("|"))]


def _plain(text: str) -> str:
    plain = _ESCAPED.sub(r"\1", _CODE.sub(r"\1", text))
    return _ENTITY.sub(lambda found: html.unescape(found[0]), plain)
