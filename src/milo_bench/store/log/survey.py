"""A run log in; its hash, everything but its attempts, and where those lie, out; one pass, attempts not decoded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from milo_bench.core.errors import DataError
from milo_bench.core.records import Attempt, Episode, Fixture, LoadWindow, ProbeResult, RunEnd, RunHeader, Telemetry
from milo_bench.store.log.lines import LogLines, decode_line, open_log
from milo_bench.store.log.row_check import RowCheck

ATTEMPT_START = b'{"type":"attempt"'


@dataclass
class LogSurvey:
    """One log without its attempts. Bytes ``start`` to ``end`` hold every attempt line, other lines among them.

    ``sha256`` is of the whole file, a torn last line included.
    """

    path: Path
    sha256: str
    header: RunHeader
    start: int = 0
    end: int = 0
    attempts: int = 0
    fixtures: dict[str, Fixture] = field(default_factory=dict)
    load_windows: list[LoadWindow] = field(default_factory=list)
    probes: list[ProbeResult] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    peak_memory_bytes: dict[str, int] = field(default_factory=dict)
    power_w: dict[str, list[float]] = field(default_factory=dict)
    last_end: RunEnd | None = None


def survey_log(path: Path) -> LogSurvey:
    """Read ``path`` once. Raises DataError for a line that is no record (attempts aside), with its number,
    and where its last line counts other attempts than stand in it; PrerequisiteError where it cannot be read.
    """
    digest = hashlib.sha256()
    survey: LogSurvey | None = None
    rows: RowCheck | None = None
    place = 0
    with open_log(path) as file:
        for number, line in enumerate(file, start=1):
            digest.update(line)
            begin, place = place, place + len(line)
            if not line.endswith(b"\n"):
                break
            if survey is None:
                # The first line says what the file is; LogLines has the words for what it may be instead.
                survey = LogSurvey(path, "", _header(path))
                rows = RowCheck(survey.header.plan, path)
            elif line.startswith(ATTEMPT_START):
                survey.start = survey.start or begin
                survey.end = place
                survey.attempts += 1
                survey.last_end = None
            else:
                assert rows is not None
                _keep(survey, decode_line(path, number, line), number, rows)
        for rest in iter(lambda: file.read(1 << 20), b""):
            digest.update(rest)
    if survey is None:
        _header(path)  # raises: it is empty, or ends inside its first line
        message = f"{path} ends inside its first line."
        raise DataError(message, hint="the run was killed at its start. Remove the file and run again.")
    end = survey.last_end
    if end is not None and end.attempts != survey.attempts + len(survey.episodes):
        message = f"{path}: its end line counts {end.attempts} attempts, but it contains {survey.attempts}."
        raise DataError(message, hint="rows were added or removed after the run. Restore the file.")
    survey.sha256 = digest.hexdigest()
    return survey


def _header(path: Path) -> RunHeader:
    with open_log(path) as file:
        for _, record in LogLines(file, path):
            assert isinstance(record, RunHeader)
            return record
    message = f"{path} ends inside its first line."
    raise DataError(message, hint="the run was killed at its start. Remove the file and run again.")


def _keep(survey: LogSurvey, record: object, number: int, rows: RowCheck) -> None:
    if isinstance(record, Fixture):
        rows.check_fixture(number, record)
        survey.fixtures[record.id] = record
    elif isinstance(record, LoadWindow):
        survey.load_windows.append(record)
    elif isinstance(record, ProbeResult):
        survey.probes.append(record)
    elif isinstance(record, Episode):
        rows.check_episode(number, record)
        survey.episodes.append(record)
        survey.last_end = None
    elif isinstance(record, Telemetry):
        if record.memory_bytes is not None and record.target:
            seen = survey.peak_memory_bytes.get(record.target, 0)
            survey.peak_memory_bytes[record.target] = max(seen, record.memory_bytes)
        if record.power_w is not None and record.target:
            survey.power_w.setdefault(record.target, []).append(record.power_w)
    elif isinstance(record, RunEnd):
        survey.last_end = record
    elif isinstance(record, (Attempt, RunHeader)):
        message = f"{survey.path} line {number}: a '{type(record).__name__.lower()}' record is out of place."
        raise DataError(message, hint="the file was edited, or two logs were joined. Restore it, or run again.")
