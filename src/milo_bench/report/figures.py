"""A figure of a decision and the part asked for in, its text on a page out; ``core.units`` writes the number."""

from __future__ import annotations

from collections.abc import Mapping

from milo_bench.core.units import NOTHING, between, sample, two_digits_up
from milo_bench.core.units import figure as amount
from milo_bench.decide.records import Figure, FigurePart, LinkedText, Ref


def part_text(figure: Figure, part: FigurePart = "value") -> str:
    """``94%``; an em dash where the data give no such part, ``endless`` where a sum never ends."""
    match part:
        case "n" | "k":
            count = figure.n if part == "n" else figure.k
            return NOTHING if count is None else f"{count:,}"
        case "low":
            return amount(figure.low, figure.unit)
        case "high":
            return amount(figure.high, figure.unit)
        case "about" if figure.value is not None:
            return amount(two_digits_up(figure.value), figure.unit)
        case _:
            if figure.value is None:
                return "endless" if figure.note == "endless" else NOTHING
            return amount(figure.value, figure.unit)


def whole_text(figure: Figure) -> str:
    """``84% (71–92%, n = 50)``; for a stated range ``$9,750 ($7,500–$12,000)``."""
    inside = [part for part in (range_text(figure), sample(figure.n) if figure.n is not None else "") if part]
    text = part_text(figure)
    return f"{text} ({', '.join(inside)})" if inside else text


def range_text(figure: Figure) -> str:
    """``71–92%``; empty where neither end is known or both are the value itself."""
    return "" if figure.low == figure.high == figure.value else between(figure.low, figure.high, figure.unit)


def plain_text(figures: Mapping[str, Figure], text: LinkedText) -> str:
    """A sentence with its figures written out: ``Keep 94% (88–97%, n = 70) …``."""
    return "".join(part if isinstance(part, str) else _reference_text(figures, part) for part in text)


def _reference_text(figures: Mapping[str, Figure], reference: Ref) -> str:
    figure = figures[reference.figure]
    return whole_text(figure) if reference.whole else part_text(figure, reference.part)


def source_text(figure: Figure) -> str:
    """``measure recall[class=escalate] of escalation/local_8b``: where the figure comes from, in one line."""
    source = figure.source
    joined = " = " if source.kind == "economics" else ": " if source.kind == "assumption" else " of "
    return f"{source.kind} {source.key}{joined}{source.of}" if source.of else f"{source.kind} {source.key}"
