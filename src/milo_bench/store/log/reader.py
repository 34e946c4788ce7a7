"""A run log's path in, the whole run out: header, fixtures and every other record; attempts stay in the file."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct, field

from milo_bench.core.errors import DataError, MiloError
from milo_bench.core.records import (
    SCHEMA_VERSION,
    Episode,
    Execution,
    Fixture,
    JudgeLicence,
    LoadRequestRow,
    LoadWindow,
    ModelJudgement,
    ProbeResult,
    Record,
    RunEnd,
    RunHeader,
    SchemaChange,
    Seal,
    Telemetry,
    Warmup,
    WorkEnd,
)
from milo_bench.core.text import one_line
from milo_bench.store.log.attempts import ATTEMPT_START, LoggedAttempts, LogRange
from milo_bench.store.log.bad_rows import BadRows
from milo_bench.store.log.lift import list_unknown
from milo_bench.store.log.lines import (
    HEADER_START,
    changed_line_ends,
    decode_header,
    decode_line,
    not_a_log,
    open_log,
    other_schema,
    require_torn,
)
from milo_bench.store.log.row_check import RowCheck
from milo_bench.store.log.sealing import SEAL_START, Chain, is_erased, plan_digest


class RunLog(Struct):
    """One run log, read once and checked; its attempts are decoded and checked when they are asked for.

    ``sha256`` is of the whole file. ``end`` is None unless the last ``end`` line closes all rows: a run
    that was resumed has several in the file. ``whole_bytes`` is the length up to and including the last
    line that ends in a newline, ``torn_bytes`` what is left after it: what a kill left of a last write.
    ``chain`` holds the last seal, and the lines after it; ``seals`` the hash of each, which a log that grew still has.
    ``schemas`` are the numbers of the schemas that its rows were written under, in order; ``last_s`` is
    the latest time in the log, in seconds since the run's zero, attempts aside.
    """

    path: Path
    header: RunHeader
    attempts: LoggedAttempts
    sha256: str = ""
    fixtures: dict[str, Fixture] = field(default_factory=dict)
    load_windows: list[LoadWindow] = field(default_factory=list)
    load_rows: list[tuple[LoadRequestRow, ...]] = field(default_factory=list)  # of each window
    probes: list[ProbeResult] = field(default_factory=list)
    warmups: list[Warmup] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    judgements: list[ModelJudgement] = field(default_factory=list)
    licences: list[JudgeLicence] = field(default_factory=list)
    work_ends: list[WorkEnd] = field(default_factory=list)
    peak_memory_bytes: dict[str, int] = field(default_factory=dict)  # of each target
    others_at_s: dict[str, list[float]] = field(default_factory=dict)  # when a target's server worked for others too
    power_w: dict[str, list[float]] = field(default_factory=dict)  # of each target
    end: RunEnd | None = None
    schemas: list[int] = field(default_factory=list)
    last_s: float = 0.0
    whole_bytes: int = 0
    torn_bytes: int = 0
    chain: Chain = field(default_factory=Chain)
    erased_attempts: int = 0
    broken_seals: list[str] = field(default_factory=list)
    bad_rows: BadRows = field(default_factory=BadRows)  # grows while the attempts are read
    seals: set[str] = field(default_factory=set)

    @property
    def seal(self) -> str:
        """The hash of the last seal, "" where there is none."""
        return self.chain.last.hex() if self.chain.seals else ""

    @property
    def has_erased(self) -> bool:
        """Whether a text was erased from it."""
        if self.erased_attempts or any(fixture.erased for fixture in self.fixtures.values()):
            return True
        rows: list[Episode | Execution | ModelJudgement] = [*self.episodes, *self.executions, *self.judgements]
        return any(row.erased for row in rows)

    @property
    def unsealed(self) -> int:
        """How many whole lines come after the last seal; all of them where there is none."""
        return self.chain.unsealed

    def variant_of(self, fixture: Fixture) -> str:
        """Which variant of its workload the run used, "" for the shipped contract."""
        return self.header.plan.variants.get(fixture.workload, "")

    @property
    def unknown(self) -> tuple[str, ...]:
        """What the log cannot tell because some of its rows are of an older schema, a sentence each."""
        return list_unknown(min(self.schemas))


def read_run_log(path: Path, *, check_seals: bool = True, strict: bool = False) -> RunLog:
    """Read the log at ``path`` once. Holds everything but its attempts.

    A line that is not the one that was sealed is a DataError; without ``check_seals`` it stands in ``broken_seals``.

    A line that is no record is left out: ``bad_rows`` names it, and so does a ``RowLeftOut`` warning. Its seal still
    vouches for the lines beside it. A ``strict`` reader, who changes or vouches for the log, gets a DataError instead.

    Raises DataError for a fixture or episode that is there twice or not in the plan, and an end that counts other
    rows than there are; PrerequisiteError where the file cannot be read.
    """
    with open_log(path) as file:
        log = read_open_log(path, file, check_seals=check_seals, strict=strict)
    if log is None:
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty.", hint="remove it and run again.")
        message = f"{path} ends inside its first line."
        raise DataError(message, hint="the run was killed at its start. Remove the file and run again.")
    log.chain.drop_open()
    return log


def last_seal(path: Path) -> str:
    """The hash of the seal that ends the log at ``path``; "" where it ends in no seal, or cannot be read."""
    try:
        with open_log(path) as file:
            size = file.seek(0, os.SEEK_END)
            block = 4096
            while True:
                file.seek(max(0, size - block))
                tail = file.read()
                start = tail.rstrip(b"\n").rfind(b"\n")
                if start >= 0 or block >= size:
                    break
                block *= 4
        line = tail[start + 1 :]
        return msgspec.json.decode(line, type=Seal).hash if line.startswith(SEAL_START) else ""
    except (MiloError, OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def read_open_log(path: Path, file: BinaryIO, *, check_seals: bool = True, strict: bool = False) -> RunLog | None:
    """The log in ``file``; None where a kill left nothing but a part of its first line, or not even that."""
    fold: _Fold | None = None
    digest = hashlib.sha256()
    for number, line in enumerate(file, start=1):
        digest.update(line)
        if not line.endswith(b"\n"):
            require_torn(path, number, line)
            if fold is not None:
                fold.log.torn_bytes = len(line)
            elif not HEADER_START.startswith(line[: len(HEADER_START)]):
                raise not_a_log(path)
            break
        if fold is None:
            if line.endswith(b"\r\n"):
                raise changed_line_ends(path, number)
            fold = _Fold(path, decode_header(path, line), check_seals=check_seals, strict=strict)
            fold.take(1, line)
        else:
            fold.add(number, line)
        fold.log.whole_bytes += len(line)
    if fold is None:
        return None
    fold.log.sha256 = digest.hexdigest()
    fold.finish()
    return fold.log


class _Fold:
    """Takes the lines of a log after its first one and keeps what they say."""

    def __init__(self, path: Path, header: RunHeader, *, check_seals: bool, strict: bool) -> None:
        self._check_seals = check_seals
        fixtures: dict[str, Fixture] = {}
        bad = BadRows(strict)
        attempts = LoggedAttempts(path, header.plan, fixtures, bad=bad)
        self.log = RunLog(path, header, attempts, fixtures=fixtures, bad_rows=bad)
        self._block = (1, 0)  # number and place in the file of the first line after the last seal
        self._unknown_rows = 0  # lines that are no records, and do not begin as one
        self.log.schemas.append(header.schema_version)
        self._workloads = frozenset(workload.name for workload in header.workloads)
        self._of_unknown_work: tuple[int, str] | None = None  # the first fixture that belongs to no known workload
        self._rows = RowCheck(header.plan, path)
        self._first_attempt: tuple[int, int] | None = None  # where its line starts, and the line's number
        self._attempts_end = 0
        self._load_rows: list[LoadRequestRow] = []

    def add(self, number: int, line: bytes) -> None:
        if line.startswith(SEAL_START):
            self._check_seal(number, line)
            return
        self.take(number, line)
        if line.startswith(ATTEMPT_START):
            self._add_attempt(number, len(line))
            self.log.erased_attempts += is_erased(line)
            return
        try:
            record = decode_line(self.log.path, number, line, self.log.schemas[-1])
        except DataError as error:
            self._unknown_rows += 1
            self.log.bad_rows.leave_out(number, error)
        else:
            self._keep(number, record)

    def take(self, number: int, line: bytes) -> None:
        """A line that a seal will vouch for."""
        self.log.chain.add(line[:-1])

    def _check_seal(self, number: int, line: bytes) -> None:
        seal = decode_line(self.log.path, number, line)
        assert isinstance(seal, Seal)
        self.log.seals.add(seal.hash)
        block, self._block = self._block, (number + 1, self.log.whole_bytes + len(line))
        if not self.log.bad_rows.strict and self._only_unreadable_differ(block, seal):
            self.log.chain.go_on(number, seal)
            return
        try:
            self.log.chain.check(self.log.path, number, seal)
            if seal.plan and seal.plan != plan_digest(self.log.header.plan):
                message = f"{self.log.path} line {number}: the plan is not the one sealed before the first answer."
                raise DataError(message, hint="the file was edited. Restore it, or run again.")
        except DataError as error:
            if self._check_seals:
                raise
            self.log.broken_seals.append(error.message)
            self.log.chain.go_on(number, seal)

    def _only_unreadable_differ(self, block: tuple[int, int], seal: Seal) -> bool:
        """Whether each line that is not as it was sealed is no record any more: damaged, and so no other answer.

        Such lines are left out. The lines beside them are known by the digits of their digests in the seal.
        """
        differing = self.log.chain.differing(seal)
        if not differing:
            return False
        found: list[tuple[int, DataError, bool]] = []
        for number, line in self._lines_at(block, differing):
            try:
                decode_line(self.log.path, number, line, self.log.schemas[-1])
            except DataError as error:
                found.append((number, error, line.startswith(ATTEMPT_START)))
            else:
                return False
        for number, wrong, attempt in found:
            self.log.bad_rows.leave_out(number, wrong, attempt=attempt)
        if not self._check_seals:  # who looks for every fault is told of the seal too
            self.log.broken_seals += [wrong.message for _, wrong, _ in found]
        return True

    def _lines_at(self, block: tuple[int, int], places: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """The lines at ``places`` of a block, with their numbers, read again: they are not kept."""
        first, start = block
        wanted = set(places)
        with open_log(self.log.path) as file:
            file.seek(start)
            for place, line in enumerate(itertools.islice(file, max(places) + 1)):
                if place in wanted:
                    yield first + place, line

    def _add_attempt(self, number: int, length: int) -> None:
        log = self.log
        if self._first_attempt is None:
            self._first_attempt = (log.whole_bytes, number)
        self._attempts_end = log.whole_bytes + length
        log.attempts.count += 1
        log.end = None

    def _close_range(self) -> None:
        if self._first_attempt is not None:
            start, number = self._first_attempt
            self.log.attempts.ranges.append(LogRange(start, self._attempts_end, self.log.schemas[-1], number))
            self._first_attempt = None

    def _end_window(self, number: int, window: LoadWindow) -> None:
        rows, self._load_rows = tuple(self._load_rows), []
        if len(rows) != (0 if window.rows is None else window.rows.count):
            wanted = 0 if window.rows is None else window.rows.count
            message = (
                f"{self.log.path} line {number}: the window has {wanted} requests, but {len(rows)} rows come before it."
            )
            raise DataError(message, hint="the file was edited. Restore it, or run again.")
        self.log.load_windows.append(window)
        self.log.load_rows.append(rows)

    def _keep(self, number: int, record: Record) -> None:
        log = self.log
        if isinstance(record, Telemetry):
            log.last_s = max(log.last_s, record.at_s)
            if record.target and record.memory_bytes is not None:
                seen = log.peak_memory_bytes.get(record.target, 0)
                log.peak_memory_bytes[record.target] = max(seen, record.memory_bytes)
            if record.target and record.others_requests:
                log.others_at_s.setdefault(record.target, []).append(record.at_s)
            if record.target and record.power_w is not None:
                log.power_w.setdefault(record.target, []).append(record.power_w)
        elif isinstance(record, Fixture):
            self._rows.check_fixture(number, record)
            if record.workload not in self._workloads:
                self._of_unknown_work = self._of_unknown_work or (number, record.workload)
            log.fixtures[record.id] = record
        elif isinstance(record, Episode):
            self._rows.check_episode(number, record)
            log.episodes.append(record)
            log.last_s = max(log.last_s, record.ended_s)
            log.end = None
        elif isinstance(record, Execution):
            self._rows.check_execution(number, record)
            log.executions.append(record)
        elif isinstance(record, ModelJudgement):
            self._rows.check_judgement(number, record)
            log.judgements.append(record)
        elif isinstance(record, JudgeLicence):
            log.licences.append(record)
        elif isinstance(record, WorkEnd):
            self._rows.check_work_end(number, record)
            log.work_ends.append(record)
        elif isinstance(record, LoadRequestRow):
            self._load_rows.append(record)
        elif isinstance(record, LoadWindow):
            self._end_window(number, record)
            log.last_s = max(log.last_s, record.ended_s)
        elif isinstance(record, Warmup):
            log.warmups.append(record)
            log.last_s = max(log.last_s, record.ended_s)
        elif isinstance(record, ProbeResult):
            log.probes.append(record)
        elif isinstance(record, RunEnd):
            log.last_s = max(log.last_s, record.ended_s)
            log.end = record
        elif isinstance(record, SchemaChange):
            if record.schema_version > SCHEMA_VERSION:
                raise other_schema(log.path, record.schema_version)
            self._close_range()
            log.schemas.append(record.schema_version)
        elif isinstance(record, RunHeader):
            message = f"{log.path} line {number}: a second run starts inside the log."
            raise DataError(message, hint="split the file at that line and use the two logs separately.")
        else:
            message = f"{log.path} line {number}: an attempt that Milo Bench did not write."
            raise DataError(message, hint="the file was edited. Restore it, or run again.")

    def finish(self) -> None:
        self._close_range()
        log = self.log
        unknown = sorted(set(log.header.plan.targets) - {target.name for target in log.header.targets})
        if unknown and len(log.attempts):
            message = f"{log.path} line 1: the plan's target '{one_line(unknown[0])}' is not described."
            raise DataError(message, hint="the file was edited. Restore it, or run again.")
        if self._of_unknown_work is not None and len(log.attempts):  # an attempt on it cannot be graded
            number, workload = self._of_unknown_work
            message = f"{log.path} line {number}: the workload '{one_line(workload)}' is not in the run line."
            raise DataError(message, hint="the file was edited, or two logs were joined. Restore it, or run again.")
        if self._unknown_rows:  # one of them may have been a fixture's
            log.attempts.lost = frozenset(log.header.plan.fixtures) - log.fixtures.keys()
        if not self._agrees_with_its_end():
            for _ in log.attempts:  # the line that does not belong, where one gives itself away
                pass
            if self._agrees_with_its_end():
                return
            assert log.end is not None
            noun = "episodes" if log.episodes else "attempts"
            rows = len(log.attempts) + len(log.episodes)
            message = f"{log.path}: its end line counts {log.end.attempts} {noun}, but it contains {rows}."
            raise DataError(message, hint="rows were added or removed after the run. Restore the file.")

    def _agrees_with_its_end(self) -> bool:
        """Whether the end counts as many rows as there are; one that cannot be read may be any of them, or none."""
        log = self.log
        rows = len(log.attempts) + len(log.episodes)
        return log.end is None or rows <= log.end.attempts <= rows + len(log.bad_rows)
