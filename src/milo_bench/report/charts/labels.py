"""Candidates, measures and figures in, their words on a chart and the ends of its axis out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from milo_bench.config.policy.measures import split_slice
from milo_bench.decide.records import Candidate, Figure
from milo_bench.report.figures import part_text, range_text


def candidate_text(candidate: Candidate) -> str:
    """The candidate without its workload: what tells the rows of one workload's chart apart."""
    return candidate.text.removeprefix(f"{candidate.workload}/")


def said_text(figure: Figure) -> str:
    """``87% (81–91%)``: the value and what the data bound."""
    inside = range_text(figure)
    return f"{part_text(figure)} ({inside})" if inside else part_text(figure)


def measure_text(name: str, slice: str) -> str:
    """``recall, escalate``; ``source spans, checked``: short, for a title."""
    kind, _, value = slice.partition("=")
    if name == "check_pass_rate" and kind == "check":
        return f"{value.replace('_', ' ')}, checked"
    said = name.removesuffix("_s").replace("_", " ")
    parts = [part if part.startswith("words") else part.partition("=")[2] for part in split_slice(slice)]
    return f"{said}, {', '.join(parts)}" if slice else said


@dataclass(frozen=True)
class AxisRange:
    """Ends of an axis in the figures' unit and how its ticks are written."""

    low: float
    high: float
    format: str


def scale_of(figures: Sequence[Figure]) -> AxisRange:
    """An axis that shows every value, interval and bound of ``figures`` with room at both sides."""
    numbers = [n for figure in figures for n in (figure.value, figure.low, figure.high) if n is not None]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    share = bool(figures) and figures[0].unit == "share"
    least = 0.02 if share else 1e-9
    room = max((high - low) * 0.12, least, abs(high) * 0.02)
    start, end = low - room, high + room
    if low >= 0 and (start < 0 or low < 0.25 * high):
        start = 0.0
    if share:
        end = min(end, 1.0)
    if end <= start:
        end = start + 1.0
    unit = figures[0].unit if figures else ""
    return AxisRange(start, end, "~%" if share else "$,~f" if unit == "USD" else ",~f")
