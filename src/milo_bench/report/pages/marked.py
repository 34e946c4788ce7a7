"""An untrusted text and spans in, HTML out: everything escaped, spans marked with their labels, overlaps and all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

from markupsafe import Markup

from milo_bench.core.records import Span
from milo_bench.core.text import one_line, visible
from milo_bench.decide.examples.text import CUT_MARK

_MOST_SPANS = 200
_LEFT_OUT = Markup('<span class="left-out">{}</span>')
_MARK = Markup("<mark>{}</mark>")
_KEYED = re.compile(r"(?m)^([A-Za-z_][\w.]{0,60}: )(.+)$")
_LABEL = Markup('<span class="mark-label">{}</span>')


def mark_spans(text: str, spans: Sequence[Span]) -> Markup:
    """``text`` with ``<mark>`` around what any span covers and the spans' labels behind it.

    Spans may overlap, touch, be empty, reversed or lie outside of the text: what lies inside is
    marked. Places are those of the raw text; hidden characters are shown as what they are.
    """
    kept = _inside(text, spans)
    edges = sorted({0, len(text), *(span.start for span in kept), *(span.end for span in kept)})
    shown: list[Markup] = []
    for start, end in _runs(kept):
        edges = [edge for edge in edges if not start < edge < end]
    starts = {start for start, _ in _runs(kept)}
    for start, end in pairwise(edges):
        piece = text[start:end]
        if start not in starts:
            shown.extend(_plain(piece))
            continue
        shown.append(_MARK.format(Markup("").join(_plain(piece))))
        labels = dict.fromkeys(one_line(span.label, 40) for span in kept if start <= span.start < end and span.label)
        if labels:
            shown.append(_LABEL.format(", ".join(labels)))
    return Markup("").join(shown)


def is_right_to_left(text: str) -> bool:
    """Whether some of ``text`` is written from right to left."""
    return any(unicodedata.bidirectional(mark) in ("R", "AL") for mark in text)


def values_isolated(shown: Markup) -> Markup:
    """Lines such as "document: …" with the value in an element of its own, so that the key does not order its words."""
    return Markup(_KEYED.sub(_isolated, str(shown)))  # noqa: S704  # its parts were escaped


def _isolated(match: re.Match[str]) -> str:
    key, value = match[1], match[2]
    whole = all(value.count(f"<{tag}") == value.count(f"</{tag}>") for tag in ("mark", "span"))
    return f"{key}<bdi>{value}</bdi>" if whole else match[0]


def _inside(text: str, spans: Iterable[Span]) -> list[Span]:
    found = []
    for span in spans:
        start, end = max(0, span.start), min(len(text), span.end)
        if start < end:
            found.append(Span(span.where, start, end, span.label))
    return sorted(found, key=lambda span: (span.start, span.end, span.label))[:_MOST_SPANS]


def _runs(spans: Sequence[Span]) -> list[tuple[int, int]]:
    """The stretches that one or several overlapping spans cover; those that only touch stay apart."""
    runs: list[tuple[int, int]] = []
    for span in spans:
        if runs and span.start < runs[-1][1]:
            runs[-1] = (runs[-1][0], max(runs[-1][1], span.end))
        else:
            runs.append((span.start, span.end))
    return runs


def _plain(piece: str) -> list[Markup]:
    """Escaped text; the marks of cutting told apart from what the text itself says."""
    parts = piece.split(CUT_MARK)
    shown: list[Markup] = []
    for number, part in enumerate(parts):
        if number:
            shown.append(_LEFT_OUT.format(CUT_MARK))
        shown.append(Markup.escape(visible(part)))
    return shown
