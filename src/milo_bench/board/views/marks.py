"""Texts and the spans of verdicts in, the texts in pieces out: which are marked, and by which number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from milo_bench.core.records import Span, Verdict
from milo_bench.core.text import one_line, visible

_MOST_SPANS = 200


def numbered(verdicts: Iterable[Verdict]) -> list[tuple[int, Verdict]]:
    """Failed verdicts, then flags, each with the number that its marks carry; at most 40."""
    told = [one for one in verdicts if one.outcome == "fail"] + [one for one in verdicts if one.outcome == "flag"]
    return list(enumerate(told[:40], start=1))


def pieces(text: str, spans: Sequence[tuple[int, Span]]) -> list[dict[str, Any]]:
    """``text`` in pieces of ``{"text", "marks"}``; ``marks`` are the numbers of the verdicts that mark it.

    ``ends`` are the numbers whose mark ends with the piece. Spans may overlap or lie outside of the text.
    """
    kept = [
        (number, max(0, span.start), min(len(text), span.end))
        for number, span in spans[:_MOST_SPANS]
        if max(0, span.start) < min(len(text), span.end)
    ]
    edges = sorted({0, len(text), *(start for _, start, _ in kept), *(end for _, _, end in kept)})
    found = []
    for start, end in pairwise(edges):
        marks = sorted({number for number, first, last in kept if first <= start and end <= last})
        ends = sorted({number for number, _, last in kept if last == end})
        found.append({"text": visible(text[start:end]), "marks": marks, "ends": [n for n in ends if n in marks]})
    return found


def spans_in(where: str, verdicts: Sequence[tuple[int, Verdict]]) -> list[tuple[int, Span]]:
    """The spans of ``verdicts`` in one text."""
    return [(number, span) for number, verdict in verdicts for span in verdict.spans if span.where == where]


def first_mark(text: str, verdict: Verdict | None, most: int) -> tuple[str, str, str]:
    """A piece of ``text`` in three: before the verdict's first mark, the mark, after it."""
    span = next((one for one in verdict.spans if one.where == "output"), None) if verdict is not None else None
    if span is None or not 0 <= span.start < span.end <= len(text):
        return one_line(text, most), "", ""
    room = max(20, (most - (span.end - span.start)) // 2)
    start = max(0, span.start - room)
    before = ("… " if start else "") + one_line(text[start : span.start], None) + " "
    after = " " + one_line(text[span.end : span.end + room], None) + (" …" if span.end + room < len(text) else "")
    return before, one_line(text[span.start : span.end], None), after
