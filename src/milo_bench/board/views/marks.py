"""Texts and the spans of verdicts in, the texts in pieces out: which are marked, and by which number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from milo_bench.core.records import Span, Verdict
from milo_bench.core.text import one_line, visible
from milo_bench.guards.sentences import split_sentences

_MOST_SPANS = 200
_LONGEST_IN_LINES = 20_000  # characters
_MOST_LINES = 400
_LONGEST_MARKER = 12  # characters
_MARKER = re.compile(r"\n[ \t]*(?:[-*+•‣–—]|#{1,6}|>|\d{1,3}[.)]|[a-zA-Z][.)])[ \t]+\Z")


def numbered(verdicts: Iterable[Verdict]) -> list[tuple[int, Verdict]]:
    """Failed verdicts, those left unjudged, then flags, each with the number that its marks carry; at most 40."""
    kept = list(verdicts)
    told = [one for outcome in ("fail", "unjudged", "flag") for one in kept if one.outcome == outcome]
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


def answer_lines(text: str, told: Sequence[tuple[int, Verdict]]) -> list[dict[str, Any]]:
    """An answer sentence by sentence, records of JSON line by line: ``{"pieces", "notes"}`` each.

    ``notes`` are the numbers of the verdicts whose first mark begins in the line. Empty where nothing is marked, or
    the answer is too long to be read so.
    """
    spans = spans_in("output", told)
    if not spans or len(text) > _LONGEST_IN_LINES:
        return []
    if is_data(text):
        starts = [at + 1 for at, char in enumerate(text) if char == "\n"]
    else:
        starts = [_with_marker(text, sentence.start) for sentence in split_sentences(text)[1:]]
    edges = sorted({0, len(text), *starts})
    if len(edges) > _MOST_LINES:
        return []
    first = {number: min(span.start for n, span in spans if n == number) for number, _ in spans}
    found = []
    for start, end in pairwise(edges):
        line = text[start:end].rstrip()
        within = [
            (number, Span(span.where, span.start - start, span.end - start))
            for number, span in spans
            if span.start < start + len(line) and span.end > start
        ]
        notes = sorted(n for n, at in first.items() if start <= at < end)
        if line or notes:
            found.append({"pieces": pieces(line, within), "notes": notes})
    return found


def _with_marker(text: str, start: int) -> int:
    """Where the line of a sentence begins: at its bullet, number or heading sign, if it has one."""
    found = _MARKER.search(text, max(0, start - _LONGEST_MARKER), start)
    return start if found is None else found.start() + 1


def is_data(text: str) -> bool:
    """Whether an answer reads as lines of JSON rather than sentences."""
    return text.lstrip()[:1] in ("{", "[", "`")


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
