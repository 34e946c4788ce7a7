"""A packet with numbered lines and an answer's ``[L12]`` citations in, lines by number and citations by place out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from milo_bench.core.records import Fixture
from milo_bench.guards.facts import Fact, unsupported_facts

_LINE = re.compile(r"^\[L(\d{1,6})\] ?(.*)$", re.MULTILINE)
_HEADING: Final = "==="
_ONE = r"L\s?\d{1,6}(?:\s?[-–]\s?L?\s?\d{1,6})?"
_CITATION = re.compile(rf"[\[(]\s?{_ONE}(?:\s?(?:,|;|&|and)?\s{{0,2}}{_ONE}){{0,30}}\s?[\])]", re.IGNORECASE)
_NUMBERS = re.compile(r"(\d{1,6})(?:\s?[-–]\s?L?\s?(\d{1,6}))?")
_MAX_RANGE: Final = 60


class LineCitation(NamedTuple):
    """``[L12, L15-L17]`` at ``start`` to ``end`` of a text: the lines 12, 15, 16 and 17."""

    numbers: tuple[int, ...]
    start: int
    end: int


def packet_lines(fixture: Fixture, field: str = "packet") -> Mapping[int, str]:
    """The lines of ``input.packet`` by number; empty where there is no such text."""
    text = fixture.input.get(field)
    return _lines(text) if isinstance(text, str) else {}


@lru_cache(maxsize=128)
def _lines(text: str) -> Mapping[int, str]:
    return {int(match[1]): match[2] for match in _LINE.finditer(text)}


def find_line_citations(text: str) -> tuple[LineCitation, ...]:
    """Citations in order. A range is written out; one that is longer than 60 lines cites its ends only."""
    found = []
    for match in _CITATION.finditer(text):
        numbers: list[int] = []
        for one in _NUMBERS.finditer(match[0]):
            first, last = int(one[1]), int(one[2] or one[1])
            numbers += range(first, last + 1) if 0 <= last - first <= _MAX_RANGE else (first, last)
        found.append(LineCitation(tuple(dict.fromkeys(numbers)), *match.span()))
    return tuple(found)


def without_line_citations(text: str) -> str:
    """``text`` with its citations as spaces, so that offsets hold and no line number counts as a fact."""
    for one in find_line_citations(text):
        text = f"{text[: one.start]}{' ' * (one.end - one.start)}{text[one.end :]}"
    return text


def cited(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(number for one in find_line_citations(text) for number in one.numbers))


def unsupported_by_lines(
    text: str, numbers: Iterable[int], lines: Mapping[int, str], *, day_first: bool = True
) -> tuple[Fact, ...]:
    """Facts of ``text`` that the lines do not state, each read with its document's heading and the packet's front."""
    sources = dict.fromkeys([lines.get(1, "")])
    for number in numbers:
        sources[lines.get(number, "")] = None
        sources[_heading_of(number, lines)] = None
    return unsupported_facts(without_line_citations(text), tuple(sources), day_first=day_first)


def _heading_of(number: int, lines: Mapping[int, str]) -> str:
    for above in range(number, 0, -1):
        if lines.get(above, "").startswith(_HEADING):
            return lines[above]
    return ""
