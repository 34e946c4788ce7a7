"""A packet with numbered lines and an answer's ``[L12]`` citations in, lines by number and citations by place out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from milo_bench.core.records import Fixture
from milo_bench.guards.citing.lines import find_line_citations, numbered_lines, without_line_citations
from milo_bench.guards.facts import Fact, unsupported_facts

_HEADING: Final = "==="


def packet_lines(fixture: Fixture, field: str = "packet") -> Mapping[int, str]:
    """The lines of ``input.packet`` by number; empty where there is no such text."""
    text = fixture.input.get(field)
    return numbered_lines(text) if isinstance(text, str) else {}


def cited(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(number for one in find_line_citations(text) for number in one.numbers))


def unsupported_by_lines(
    text: str, numbers: Iterable[int], lines: Mapping[int, str], *, day_first: bool = True, expected: str = ""
) -> tuple[Fact, ...]:
    """Facts of ``text`` that the lines do not state, each read with its document's heading and the packet's front."""
    sources = dict.fromkeys([lines.get(1, "")])
    for number in numbers:
        sources[lines.get(number, "")] = None
        sources[_heading_of(number, lines)] = None
    return unsupported_facts(without_line_citations(text), tuple(sources), day_first=day_first, expected=expected)


def _heading_of(number: int, lines: Mapping[int, str]) -> str:
    for above in range(number, 0, -1):
        if lines.get(above, "").startswith(_HEADING):
            return lines[above]
    return ""
