"""Prose that must cite in, the same without the sentences that make a claim and cite nothing, and those, out."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from milo_bench.guards.citations import cited_sentences
from milo_bench.guards.citing.lines import line_cited_sentences
from milo_bench.guards.sentences import Sentence

_EMPTY_BULLET: Final = re.compile(r"^[ \t>]*(?:[-*+•‣–—]|\d{1,2}[.)])?[ \t]*$")


def remove_uncited(text: str) -> tuple[str, tuple[str, ...]]:
    """``text`` without the sentences that make a claim and cite no event, and those sentences."""
    return _cut(text, [one.sentence for one in cited_sentences(text) if one.claim and not one.event_ids])


def remove_uncited_by_lines(text: str) -> tuple[str, tuple[str, ...]]:
    """As `remove_uncited`, for prose that cites numbered lines, ``[L12]``."""
    return _cut(text, [one.sentence for one in line_cited_sentences(text) if one.claim and not one.numbers])


def _cut(text: str, uncited: list[Sentence]) -> tuple[str, tuple[str, ...]]:
    if not uncited:
        return text, ()
    return without(text, [(one.start, one.end) for one in uncited]), tuple(one.text for one in uncited)


def without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """``text`` without ``spans``; lines that they emptied go too, other lines stay as they are."""
    marks = list(text)
    breaks = [at for at, mark in enumerate(marks) if mark == "\n"]
    touched = set()
    for start, end in spans:
        touched.add(bisect_left(breaks, start))
        while end < len(text) and text[end] in " \t":
            end += 1
        for i in range(start, end):
            marks[i] = "\n" if text[i] == "\n" else ""
        touched.update(range(bisect_left(breaks, start), bisect_left(breaks, end) + 1))
    if not touched:
        return text
    lines, before = "".join(marks).split("\n"), text.split("\n")
    kept = [
        line.rstrip() if number in touched else line
        for number, line in enumerate(lines)
        if not (number in touched and _EMPTY_BULLET.match(line) and before[number].strip())
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept))
