"""A run log's path in, the whole run out: header, fixtures, one attempt a key, in the order written.

Writing and resuming are in ``log_writer``, line reading in ``log_lines``; this module hands both on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from milo_bench.core.errors import DataError
from milo_bench.core.records import (
    Attempt,
    Episode,
    Fixture,
    LoadWindow,
    ProbeResult,
    Record,
    RunEnd,
    RunHeader,
    Telemetry,
)
from milo_bench.store.log.lines import LogLines, iter_records, open_log
from milo_bench.store.log.row_check import RowCheck
from milo_bench.store.log.writer import Resumed, RunLogWriter, require_new_log
from milo_bench.store.stored_text import TextPolicy

__all__ = [
    "Resumed",
    "RunLog",
    "RunLogWriter",
    "TextPolicy",
    "iter_records",
    "read_run_log",
    "require_new_log",
]


@dataclass(frozen=True)
class RunLog:
    """One run log, checked. ``end`` is None unless the last ``end`` line closes all attempts.

    ``torn`` says that a last line without an end was left out. A run that was resumed has
    several ``end`` lines in the file; only the one after the last attempt counts.
    """

    header: RunHeader
    fixtures: dict[str, Fixture]
    attempts: tuple[Attempt, ...]
    path: Path
    load_windows: tuple[LoadWindow, ...] = ()
    probes: tuple[ProbeResult, ...] = ()
    telemetry: tuple[Telemetry, ...] = ()
    episodes: tuple[Episode, ...] = ()
    end: RunEnd | None = None
    torn: bool = False


@dataclass
class _Gathered:
    fixtures: dict[str, Fixture] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    load_windows: list[LoadWindow] = field(default_factory=list)
    probes: list[ProbeResult] = field(default_factory=list)
    telemetry: list[Telemetry] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    end: RunEnd | None = None


def read_run_log(path: Path) -> RunLog:
    """Read and check the log at ``path``.

    Raises DataError for a line that is no record, a key that stands there twice, or a row that
    its plan does not know, each with the line number; PrerequisiteError where it cannot be read.
    """
    header: RunHeader | None = None
    rows: RowCheck | None = None
    got = _Gathered()
    with open_log(path) as file:
        lines = LogLines(file, path)
        for number, record in lines:
            if isinstance(record, Attempt):
                if rows is not None:
                    rows.check_attempt(number, record)
                got.attempts.append(record)
                got.end = None
            elif isinstance(record, Episode):
                if rows is not None:
                    rows.check_episode(number, record)
                got.episodes.append(record)
                got.end = None
            elif isinstance(record, RunHeader):
                header, rows = record, RowCheck(record.plan, path)
            elif isinstance(record, Fixture):
                if rows is not None:
                    rows.check_fixture(number, record)
                got.fixtures[record.id] = record
            else:
                _gather(got, record)
    if header is None:
        message = f"{path} ends inside its first line."
        raise DataError(message, hint="the run was killed at its start. Remove the file and run again.")
    _check_end(path, got)
    return RunLog(
        header=header,
        fixtures=got.fixtures,
        attempts=tuple(got.attempts),
        path=path,
        load_windows=tuple(got.load_windows),
        probes=tuple(got.probes),
        telemetry=tuple(got.telemetry),
        episodes=tuple(got.episodes),
        end=got.end,
        torn=lines.torn_bytes > 0,
    )


def _gather(got: _Gathered, record: Record) -> None:
    if isinstance(record, Telemetry):
        got.telemetry.append(record)
    elif isinstance(record, LoadWindow):
        got.load_windows.append(record)
    elif isinstance(record, ProbeResult):
        got.probes.append(record)
    elif isinstance(record, RunEnd):
        got.end = record


def _check_end(path: Path, got: _Gathered) -> None:
    rows = len(got.attempts) + len(got.episodes)
    if got.end is not None and got.end.attempts != rows:
        noun = "episodes" if got.episodes else "attempts"
        message = f"{path}: its end line counts {got.end.attempts} {noun}, but it contains {rows}."
        raise DataError(message, hint="rows were added or removed after the run. Restore the file.")
