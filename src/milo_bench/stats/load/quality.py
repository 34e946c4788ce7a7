"""Graded rows of load windows in, quality under load beside quality alone out. Pure.

The same documents are asked alone and under load, so that the comparison is in pairs: a server that halves the context
of each slot, or whose answers change with the batch, loses documents that it answered rightly alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from milo_bench.core.load_records import QualityUnderLoad
from milo_bench.core.records import LoadRequestRow, LoadWindow
from milo_bench.stats.paired import holm, mcnemar_exact, rate_difference

ERROR: Final = 0.05  # chance that any level of a run is said to change answers where none does


class _Graded(Protocol):
    @property
    def fixture(self) -> str: ...
    @property
    def outcome(self) -> str: ...


def first_outcomes(rows: Sequence[_Graded]) -> dict[str, bool]:
    """Whether the first answer to each document passed; without documents whose first graded answer is unjudged."""
    first: dict[str, str] = {}
    for row in rows:
        if row.outcome:
            first.setdefault(row.fixture, row.outcome)
    return {fixture: outcome == "passed" for fixture, outcome in first.items() if outcome != "unjudged"}


def measured_lines(window: LoadWindow, lines: Sequence[LoadRequestRow]) -> list[LoadRequestRow]:
    """The lines of the window's measured part, as ``WindowRows.measured`` has them."""
    said = window.rows
    if said is None:
        return []
    return [
        line
        for line in lines
        if (said.from_us <= line.due_us < said.to_us)
        or (said.from_flight and line.due_us < said.from_us <= line.end_us)
    ]


def with_quality(windows: Sequence[LoadWindow], lines: Sequence[Sequence[LoadRequestRow]]) -> tuple[LoadWindow, ...]:
    """``windows`` of one run with the comparison in each that has graded rows; the target's single window is alone."""
    outcomes = [first_outcomes(measured_lines(w, mine)) for w, mine in zip(windows, lines, strict=True)]
    alone = {w.target: found for w, found in zip(windows, outcomes, strict=True) if w.mode == "single" and found}
    pairs: dict[int, tuple[Mapping[str, bool], Mapping[str, bool]]] = {
        place: (alone[w.target], found)
        for place, (w, found) in enumerate(zip(windows, outcomes, strict=True))
        if w.mode != "single" and found and w.target in alone
    }
    counts = {place: _discordant(*pair) for place, pair in pairs.items()}
    adjusted = dict(zip(counts, holm([mcnemar_exact(*count) for count in counts.values()]), strict=True))
    told = list(windows)
    for place, (before, after) in pairs.items():
        lost, gained = counts[place]
        both = before.keys() & after.keys()
        interval = rate_difference(gained, lost, len(both))
        quality = QualityUnderLoad(
            documents=len(both),
            passed_alone=sum(before[one] for one in both),
            passed=sum(after[one] for one in both),
            lost=lost,
            gained=gained,
            difference=round((gained - lost) / len(both), 6) if both else None,
            interval=None if interval is None else (interval.low, interval.high),
            p_value=round(adjusted[place], 9),
            beyond_chance=adjusted[place] < ERROR,
        )
        figures = msgspec.structs.replace(windows[place].figures, quality=quality)
        told[place] = msgspec.structs.replace(windows[place], figures=figures)
    return tuple(told)


def _discordant(before: Mapping[str, bool], after: Mapping[str, bool]) -> tuple[int, int]:
    both = before.keys() & after.keys()
    return sum(before[one] and not after[one] for one in both), sum(after[one] and not before[one] for one in both)
