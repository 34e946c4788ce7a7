"""An answer and the headings that it was asked for in, its sections with their items and exact offsets out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_BULLET = re.compile(r"[ \t]*(?:[-*+•–]|\d{1,2}[.)])[ \t]+")


class SectionItem(NamedTuple):
    """One bullet, or one line where a section has no bullets: ``text`` at ``start`` to ``end`` of the answer."""

    text: str
    start: int
    end: int


class AnswerSection(NamedTuple):
    """A section under the heading ``name``; ``start`` is where its heading begins."""

    name: str
    start: int
    end: int
    items: tuple[SectionItem, ...]

    @property
    def text(self) -> str:
        return "\n".join(item.text for item in self.items)


def read_sections(text: str, names: Sequence[str]) -> tuple[AnswerSection, ...]:
    """The sections in the order in which they stand; a heading may wear markdown, a number and a colon.

    A heading counts on a line of its own, or with its text behind a colon on the same line.
    """
    heads: list[tuple[str, int, int]] = []
    # Split at any run of spaces: a name with thirty of them would else be thirty repetitions that take turns.
    words = [name.split() for name in sorted(names, key=len, reverse=True)]
    alternatives = "|".join(r"\s+".join(map(re.escape, some)) for some in words if some) or "(?!)"
    heading = re.compile(
        rf"^[ \t]*+(?:#{{1,6}}[ \t]*+)?(?:\d[.)][ \t]*+)?[*_]{{0,3}}({alternatives})[*_]{{0,3}}"
        r"[ \t]*+(?::[*_]{0,3}|$)[ \t]*",
        re.IGNORECASE | re.MULTILINE,
    )
    by_fold = {" ".join(name.casefold().split()): name for name in names}
    for match in heading.finditer(text):
        heads.append((by_fold[" ".join(match[1].casefold().split())], match.start(), match.end()))
    ends = [*(start for _, start, _ in heads[1:]), len(text)][: len(heads)]
    return tuple(
        AnswerSection(name, start, end, _items(text, body, end))
        for (name, start, body), end in zip(heads, ends, strict=True)
    )


def section_named(sections: Sequence[AnswerSection], name: str) -> AnswerSection | None:
    """The first section of that name."""
    return next((section for section in sections if section.name.casefold() == name.casefold()), None)


def _items(text: str, start: int, end: int) -> tuple[SectionItem, ...]:
    found: list[SectionItem] = []
    bulleted = False
    for match in re.finditer(r"[^\n]+", text[start:end]):
        line = match[0]
        if not line.strip():
            continue
        at = start + match.start()
        mark = _BULLET.match(line)
        if found and bulleted and not mark:
            last = found.pop()
            stop = at + len(line.rstrip())
            found.append(SectionItem(text[last.start : stop], last.start, stop))
            continue
        bulleted = bulleted or mark is not None
        first = at + (mark.end() if mark else len(line) - len(line.lstrip()))
        stop = at + len(line.rstrip())
        if stop > first:
            found.append(SectionItem(text[first:stop], first, stop))
    return tuple(found)
