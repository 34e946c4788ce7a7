"""A run log in, its index out: each line read once, each answer judged once; a log that grew is taken up where it was.

``python -m milo_bench.board.index.indexing LOG`` does this in a process of its own, whose memory goes back to the
system when it is done; it prints how many bytes it has read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, get_args

import msgspec

from milo_bench.board.index.checks_version import judged_by
from milo_bench.board.index.judge import AnswerJudge
from milo_bench.board.index.place import index_folder, read_index, write_index
from milo_bench.board.index.records import INDEX_SCHEMA, NAMED_ROWS, EpisodeRow, FixtureRow, IndexRow, Kind, LogIndex
from milo_bench.board.index.rows import fold, kind_of, searched_text, texts_of
from milo_bench.board.index.segments import ROWS_IN_SEGMENT, SegmentWriter, merge_segments
from milo_bench.board.index.source import log_source
from milo_bench.core.errors import DataError, MiloError
from milo_bench.core.records import (
    Attempt,
    Episode,
    Execution,
    Fixture,
    LoadWindow,
    ProbeResult,
    Record,
    RunEnd,
    RunHeader,
    SchemaChange,
)
from milo_bench.evidence.until_decided.work import will_be_retried
from milo_bench.run.plan import count_planned
from milo_bench.store.board_index import index_stem
from milo_bench.store.log.lines import decode_header, decode_line

_MOST_SEGMENTS: Final = 24
_RATE_SAMPLES: Final = 240
_PROGRESS_ROWS: Final = 2_000
_READ: Final = tuple(
    b'{"type":"%s"' % name.encode()
    for name in ("attempt", "fixture", "episode", "execution", "end", "probe", "load", "schema")
)
_KNOWN: Final = tuple(b'{"type":"%s"' % kind.__struct_config__.tag.encode() for kind in get_args(Record))

AnswerListener = Callable[[Attempt, Fixture, Kind], None]


class LogIndexer:
    """Reads a log from where its index ends. ``advance`` may be called again and again while a run goes on."""

    def __init__(self, path: Path, known: LogIndex | None = None) -> None:
        self.path = path
        self._source = log_source(path)
        first = self._source.first()
        if not first.endswith(b"\n"):
            raise DataError(f"{path} ends inside its first line.", hint="the run is only starting, or was killed.")
        self.header: RunHeader = decode_header(path, first)
        self.index = known or _new_index(self.header, len(first))
        self._kinds: dict[Kind, int] = {kind: n for n, kind in enumerate(self.index.kinds)}
        self._counts = list(self.index.counts)
        self.fixtures: dict[str, Fixture] = {}
        self._workloads = {workload.name for workload in self.header.workloads}
        self._segments = SegmentWriter(index_folder(path), index_stem(path))
        self._judge = AnswerJudge(path, self.header)
        if known is not None:
            self._take_up()

    def is_of_its_log(self) -> bool:
        """Whether what was read is still how the log begins. A run may have been started anew in the same file."""
        read = self.index.read_bytes
        return not self.index.tail or (self._source.size() >= read and self._source.digest(read) == self.index.tail)

    def _take_up(self) -> None:
        """Fixtures and executions that were read before."""
        read = 0
        for _, line in self._source.after(0, 0):
            read += len(line)
            if read > self.index.read_bytes:
                break
            if line.startswith((b'{"type":"fixture"', b'{"type":"execution"')):
                try:
                    record = decode_line(self.path, 0, line, self.header.schema_version)
                except DataError:
                    continue  # it was named when it was read first
                if isinstance(record, Fixture):
                    self.fixtures[record.id] = record
                elif isinstance(record, Execution):
                    self._judge.add_execution(record)

    def advance(self, say: Callable[[int], None] | None = None, listen: AnswerListener | None = None) -> LogIndex:
        """Read what was written since; the index as it is now, on the disk too."""
        state = _Reading(self.index)
        self._judge.look_again()
        modified = self._source.modified_ns()
        for place, line in self._source.after(state.at, state.lines):
            state.lines += 1
            if line.startswith(_READ):
                try:
                    self._take(state, place, line, listen)
                except DataError as error:
                    state.leave_out(error)
            elif not line.startswith(_KNOWN):
                state.leave_out(DataError(f"{self.path} line {state.lines}: not a row of a run log."))
            state.at += len(line)
            if self._segments.waiting >= ROWS_IN_SEGMENT:
                state.segments.append(self._segments.flush())
            if say is not None and state.attempts % _PROGRESS_ROWS == 0:
                say(state.at)
        if state.at == self.index.read_bytes and self.index.tail:
            return self.index
        return self._finish(state, modified)

    def _finish(self, state: _Reading, modified_ns: int) -> LogIndex:
        if name := self._segments.flush():
            state.segments.append(name)
        if name := self._segments.flush_fixtures():
            state.fixture_segments.append(name)
        if len(state.segments) > _MOST_SEGMENTS and state.attempts < ROWS_IN_SEGMENT:
            merged = merge_segments(index_folder(self.path), index_stem(self.path), state.segments)
            state.segments = [merged]
        self.index = msgspec.structs.replace(
            self.index,
            judged_by=self.index.judged_by if self._judge.is_whole else "",
            read_bytes=state.at,
            modified_ns=modified_ns,
            tail=self._source.digest(state.at),
            read_lines=state.lines,
            left_out=state.left_out,
            bad_rows=tuple(state.bad_rows),
            line_schema=state.schema,
            attempts=state.attempts,
            failures=state.failures,
            kinds=tuple(self._kinds),
            counts=tuple(self._counts),
            segments=tuple(state.segments),
            fixture_segments=tuple(state.fixture_segments),
            executions={key: tuple(places) for key, places in state.executions.items()},
            episodes=tuple(state.episodes),
            probes=tuple(state.probes),
            loads=tuple(state.loads),
            end=state.end,
            last_s=state.last_s,
            ends_s=tuple(state.ends_s[-_RATE_SAMPLES:]),
            erased=state.erased,
        )
        write_index(self.path, self.index)
        return self.index

    def _take(self, state: _Reading, place: int, line: bytes, listen: AnswerListener | None) -> None:
        record = decode_line(self.path, state.lines, line, state.schema)
        if isinstance(record, Attempt):
            self._take_attempt(state, record, place, len(line), listen)
        elif isinstance(record, Fixture):
            self.fixtures[record.id] = record
            self._segments.add_fixture(
                FixtureRow(record.id, place, len(line), record.tags, fold(texts_of(record.input)))
            )
            state.erased |= bool(record.erased)
        elif isinstance(record, Execution):
            self._judge.add_execution(record)
            state.executions.setdefault(record.key.text, []).append((place, len(line)))
        else:
            state.take(record, place, len(line))

    def _take_attempt(
        self, state: _Reading, attempt: Attempt, place: int, size: int, listen: AnswerListener | None
    ) -> None:
        fixture = self.fixtures.get(attempt.key.fixture)
        if fixture is None or fixture.workload not in self._workloads:
            message = f"{self.path} line {state.lines}: an attempt on a fixture that the log does not have."
            raise DataError(message, hint="the file was edited. Restore it, or run again.")
        graded = self._judge.judge(attempt, fixture)
        failure = attempt.failure.kind if attempt.failure is not None else None
        retried = will_be_retried(failure, attempt.key.retry, self.header.plan)
        kind = kind_of(attempt, fixture, graded, retried=retried)
        number = self._kinds.setdefault(kind, len(self._kinds))
        if number == len(self._counts):
            self._counts.append(0)
        self._counts[number] += 1
        at, length = self._judge.place(attempt.key)
        self._segments.add(
            IndexRow(
                state.attempts, place, size, number, attempt.key.fixture, attempt.key.repeat,
                len(attempt.output.split()), round(attempt.timings.latency_s, 4), searched_text(attempt), at, length,
            )
        )  # fmt: skip
        state.note_attempt(attempt)
        if listen is not None and not retried:
            listen(attempt, fixture, kind)


class _Reading:
    """What changes while lines are read."""

    def __init__(self, index: LogIndex) -> None:
        self.at = index.read_bytes
        self.lines = index.read_lines
        self.left_out = index.left_out
        self.bad_rows = list(index.bad_rows)
        self.schema = index.line_schema
        self.attempts = index.attempts
        self.failures = index.failures
        self.segments = list(index.segments)
        self.fixture_segments = list(index.fixture_segments)
        self.executions = {key: list(places) for key, places in index.executions.items()}
        self.episodes = list(index.episodes)
        self.probes = list(index.probes)
        self.loads = list(index.loads)
        self.end = index.end
        self.last_s = index.last_s
        self.ends_s = list(index.ends_s)
        self.erased = index.erased

    def note_attempt(self, attempt: Attempt) -> None:
        self.attempts += 1
        self.failures += attempt.failure is not None
        self.last_s = max(self.last_s, attempt.timings.ended_s)
        self.ends_s.append(attempt.timings.ended_s)
        if len(self.ends_s) > 4 * _RATE_SAMPLES:
            del self.ends_s[:-_RATE_SAMPLES]
        self.end = None
        self.erased |= bool(attempt.erased)

    def leave_out(self, error: DataError) -> None:
        """Name a row that cannot be read; the rest of the log is read on."""
        self.left_out += 1
        if len(self.bad_rows) < NAMED_ROWS:
            self.bad_rows.append(error.message)

    def take(self, record: Record, place: int, size: int) -> None:
        if isinstance(record, Episode):
            self.episodes.append(
                EpisodeRow(
                    len(self.episodes), place, size, record.task, record.form, record.key.target, record.ending,
                    record.points, len(record.minefields), bool(record.void),
                )
            )  # fmt: skip
            self.end = None
        elif isinstance(record, ProbeResult):
            self.probes.append(record)
        elif isinstance(record, LoadWindow):
            self.loads.append(record)
        elif isinstance(record, RunEnd):
            self.end = record
        elif isinstance(record, SchemaChange):
            self.schema = record.schema_version


def _new_index(header: RunHeader, first_line: int) -> LogIndex:
    plans_attempts = bool(header.plan.fixtures)
    return LogIndex(
        index_schema=INDEX_SCHEMA,
        judged_by=judged_by(),
        run_id=header.run_id,
        created_at=header.created_at,
        suite=header.suite.name,
        suite_version=header.suite.version,
        workloads={workload.name: workload.title for workload in header.workloads},
        targets=tuple(target.name for target in header.targets),
        models={target.name: target.model for target in header.targets},
        store_text=header.store_text,
        planned=count_planned(header.plan) if plans_attempts else 0,
        read_bytes=first_line,
        modified_ns=0,
        tail="",
        line_schema=header.schema_version,
    )


def bring_up_to_date(path: Path, say: Callable[[int], None] | None = None) -> LogIndex:
    """The index of ``path``, taken up where it was left, or made anew."""
    known = read_index(path, judged_by())
    if known is not None and known.read_bytes == log_source(path).size():
        return known
    return LogIndexer(path, known).advance(say)


if __name__ == "__main__":
    try:
        bring_up_to_date(Path(sys.argv[1]), lambda read: print(read, flush=True))  # noqa: T201  what the board waits for
    except MiloError as error:
        print(error.message)  # noqa: T201  so is this
        sys.exit(error.exit_code)
