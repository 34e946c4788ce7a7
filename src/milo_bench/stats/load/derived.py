"""A window's rows in, their lines in a run log out, and back: every figure that rows give is worked out again. Pure."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast, overload

import msgspec

from milo_bench.core.load_records import LoadFigures
from milo_bench.core.records import LoadRequestRow, LoadRows, LoadWindow, Telemetry
from milo_bench.run.load.rows import LoadRow, RowFailure, WindowRows, microseconds
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.stats.load.figures import RULES, load_window, window_figures
from milo_bench.stats.load.machine import MachineFigures

# What meters gave, and the client's own error, come from the log's telemetry and the client's timers, not from rows.
FROM_METERS: Final = frozenset({*MachineFigures.__annotations__, "client"})
_TOLERANCE: Final = 1e-9  # another processor may add in another order


def measured_window(
    target: str, rows: WindowRows, *, level: ServiceLevel, samples: Sequence[Telemetry]
) -> tuple[LoadWindow, Sequence[LoadRequestRow]]:
    """A window's record, and the line of each of its requests, from which the record can be worked out again."""
    rows = to_microseconds(rows)
    window = load_window(target, rows, level=level, samples=samples, rows=rows_record(rows, level))
    return window, _Lines(rows.rows)


class _Lines(Sequence[LoadRequestRow]):
    """Lines that are made as they are read: all of them take three times the memory of their rows."""

    def __init__(self, rows: Sequence[LoadRow]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> LoadRequestRow: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[LoadRequestRow]: ...

    def __getitem__(self, place: int | slice) -> LoadRequestRow | Sequence[LoadRequestRow]:
        if isinstance(place, slice):
            return _Lines(self._rows[place])
        return line_of_row(self._rows[place])


def to_microseconds(window: WindowRows) -> WindowRows:
    """``window`` with every time on a whole microsecond, as its lines will say it: figures are made of these."""
    return msgspec.structs.replace(
        window,
        began_s=_round(window.began_s),
        from_s=_round(window.from_s),
        to_s=_round(window.to_s),
        ended_s=_round(window.ended_s),
        rows=tuple(row_from_line(line_of_row(row)) for row in window.rows),
    )


def line_of_row(row: LoadRow) -> LoadRequestRow:
    return LoadRequestRow(
        fixture=row.fixture,
        due_us=microseconds(row.intended_s),
        sent_us=microseconds(row.started_s),
        end_us=microseconds(row.ended_s),
        first_us=None if row.first_content_s is None else microseconds(row.first_content_s),
        late_us=microseconds(row.late_s),
        gaps_us=tuple(microseconds(gap) for gap in row.gaps_s),
        chunk_tokens=tuple(row.chunk_tokens),
        prompt=row.prompt_tokens,
        completion=row.completion_tokens,
        cached=row.cached_tokens,
        warm=row.is_warm,
        repeated=row.is_repeated,
        failure=row.failure or "",
        lag_max_us=None if row.lag_max_s is None else round(row.lag_max_s * 1e6, 3),
        lag_mean_us=None if row.lag_mean_s is None else round(row.lag_mean_s * 1e6, 3),
        server=dict(row.server_timings),
        outcome=row.outcome,
        output=row.output,
    )


def row_from_line(line: LoadRequestRow) -> LoadRow:
    return LoadRow(
        fixture=line.fixture,
        intended_s=line.due_us / 1e6,
        started_s=line.sent_us / 1e6,
        ended_s=line.end_us / 1e6,
        late_s=line.late_us / 1e6,
        first_content_s=None if line.first_us is None else line.first_us / 1e6,
        gaps_s=array("d", [gap / 1e6 for gap in line.gaps_us]),
        chunk_tokens=array("L", line.chunk_tokens),
        prompt_tokens=line.prompt,
        completion_tokens=line.completion,
        cached_tokens=line.cached,
        is_warm=line.warm,
        is_repeated=line.repeated,
        failure=cast(RowFailure, line.failure) if line.failure else None,
        lag_max_s=None if line.lag_max_us is None else line.lag_max_us / 1e6,
        lag_mean_s=None if line.lag_mean_us is None else line.lag_mean_us / 1e6,
        server_timings=line.server,
        outcome=line.outcome,
        output=line.output,
    )


def rows_record(window: WindowRows, level: ServiceLevel) -> LoadRows:
    """What the window's own line keeps, so that its rows are enough to work its figures out."""
    return LoadRows(
        count=len(window.rows),
        from_us=microseconds(window.from_s),
        to_us=microseconds(window.to_s),
        began_us=microseconds(window.began_s),
        ended_us=microseconds(window.ended_s),
        warmup_rule=window.warmup_rule,
        cooldown_rule=window.cooldown_rule,
        scheduled=window.scheduled,
        held_back=window.held_back,
        most_in_flight=window.most_in_flight,
        ended_early=window.ended_early,
        from_flight=window.from_flight,
        level=msgspec.structs.asdict(level),
        rules=RULES,
    )


def derived_figures(window: LoadWindow, lines: Sequence[LoadRequestRow]) -> LoadFigures | None:
    """The figures of ``window`` from its rows, those of meters as they stand; None where it kept no rows."""
    said = window.rows
    if said is None:
        return None
    rows = WindowRows(
        mode=window.mode,
        level=window.level,
        began_s=said.began_us / 1e6,
        from_s=said.from_us / 1e6,
        to_s=said.to_us / 1e6,
        ended_s=said.ended_us / 1e6,
        rows=tuple(row_from_line(line) for line in lines),
        warmup_rule=said.warmup_rule,
        cooldown_rule=said.cooldown_rule,
        scheduled=said.scheduled,
        held_back=said.held_back,
        most_in_flight=said.most_in_flight,
        ended_early=said.ended_early,
        from_flight=said.from_flight,
    )
    figures = window_figures(rows, level=ServiceLevel(**said.level), rules=said.rules)
    return msgspec.structs.replace(figures, **{name: getattr(window.figures, name) for name in FROM_METERS})


def find_difference(window: LoadWindow, lines: Sequence[LoadRequestRow]) -> str:
    """The first figure of ``window`` that is not what its rows give, "" where every one is."""
    derived = derived_figures(window, lines)
    if derived is None:
        return ""
    return _difference(msgspec.to_builtins(derived), msgspec.to_builtins(window.figures), "")


def _difference(one: Any, other: Any, place: str) -> str:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in {**one, **other}:
            if found := _difference(one.get(name), other.get(name), f"{place}.{name}".lstrip(".")):
                return found
        return ""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            return place
        return next((found for a, b in zip(one, other, strict=True) if (found := _difference(a, b, place))), "")
    if isinstance(one, float | int) and isinstance(other, float | int):
        return "" if math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE) else place
    return "" if one == other else place


def _round(value_s: float) -> float:
    return microseconds(value_s) / 1e6
