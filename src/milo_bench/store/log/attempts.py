"""Where the attempts of a log lie in, the attempts out: one at a time, checked, as often as they are asked for."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, field

from milo_bench.core.errors import DataError
from milo_bench.core.records import Attempt, Fixture, Frozen, Plan
from milo_bench.store.log.bad_rows import BadRows
from milo_bench.store.log.lines import decode_line, open_log
from milo_bench.store.log.row_check import RowCheck

ATTEMPT_START = b'{"type":"attempt"'


class LogRange(Frozen, frozen=True, omit_defaults=False):
    """Bytes ``start`` to ``end`` of a log, both ends of lines; all its rows are of one ``schema``.

    ``line`` is the number of its first line, 0 where nobody counted.
    """

    start: int
    end: int
    schema: int
    line: int = 0


class LoggedAttempts(Struct):
    """The attempts of one log, in the order they were written. They stay in the file: a pass over them reads it."""

    path: Path
    plan: Plan
    fixtures: dict[str, Fixture]
    ranges: list[LogRange] = field(default_factory=list)
    count: int = 0
    bad: BadRows = field(default_factory=BadRows)
    lost: frozenset[str] = frozenset()  # fixtures whose line cannot be read: what was answered to them is left out

    def __len__(self) -> int:
        """How many there are, without those that were found to be unreadable."""
        return self.count - self.bad.attempts

    def __iter__(self) -> Iterator[Attempt]:
        """Each attempt, checked against the plan and the attempts before it.

        A line that is no attempt is left out, and named in ``bad``. Raises DataError, with the line's number, for a
        key that is there twice, or a row that the plan does not know.
        """
        rows = RowCheck(self.plan, self.path, self.fixtures)
        for range in self.ranges:
            for number, line in attempt_lines(self.path, range):
                attempt = self._read(number, line, range.schema)
                if attempt is not None:
                    rows.check_attempt(number, attempt)
                    yield attempt

    def _read(self, number: int, line: bytes, schema: int) -> Attempt | None:
        try:
            attempt = decode_attempt(self.path, number, line, schema)
            if attempt.key.fixture in self.lost:
                raise of_lost_fixture(self.path, number)
        except DataError as error:
            self.bad.leave_out(number, error, attempt=True)
            return None
        return attempt

    def on_fixtures(self, names: Collection[str]) -> Iterator[Attempt]:
        """The attempts on the named fixtures; no others are decoded, and none is checked."""
        wanted = set(names)
        for range in self.ranges:
            for number, line in attempt_lines(self.path, range):
                if not _may_be_on(line, wanted):
                    continue
                attempt = self._read(number, line, range.schema)
                if attempt is not None and attempt.key.fixture in wanted:
                    yield attempt

    def parts(self, count: int) -> Sequence[LogRange]:
        """The same lines in about ``count`` ranges of equal length."""
        size = sum(range.end - range.start for range in self.ranges)
        step = max(1, size // count)
        return [part for range in self.ranges for part in self._parts_of(range, step)]

    def _parts_of(self, range: LogRange, step: int) -> Iterator[LogRange]:
        cuts = [range.start]
        with open_log(self.path) as file:
            while cuts[-1] + step < range.end:
                file.seek(cuts[-1] + step)
                file.readline()
                cuts.append(min(file.tell(), range.end))
        if cuts[-1] < range.end:
            cuts.append(range.end)
        for start, end in itertools.pairwise(cuts):
            yield LogRange(start, end, range.schema, range.line if start == range.start else 0)


def attempt_lines(path: Path, range: LogRange) -> Iterator[tuple[int, bytes]]:
    """The attempt lines within ``range``, with their numbers where its first line has one."""
    place = range.start
    with open_log(path) as file:
        file.seek(place)
        for number, line in enumerate(file, start=range.line):
            place += len(line)
            if line.startswith(ATTEMPT_START):
                yield number, line
            if place >= range.end:
                return


def decode_attempt(path: Path, number: int, line: bytes, schema: int) -> Attempt:
    """The attempt of one line. Raises DataError with the line's number where it is none."""
    record = decode_line(path, number, line, schema)
    if not isinstance(record, Attempt):
        raise DataError(f"{path} line {number}: not an attempt.", hint="restore the file, or run again.")
    return record


def of_lost_fixture(path: Path, number: int) -> DataError:
    """What is wrong with an attempt on a fixture whose own line cannot be read."""
    message = f"{path} line {number}: the line of its fixture cannot be read."
    return DataError(message, hint="restore the file, or run again.")


def _may_be_on(line: bytes, wanted: Collection[str]) -> bool:
    try:
        return _NAMED.decode(line).key.fixture in wanted
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return True  # who reads it says what is wrong


class _Key(msgspec.Struct):
    fixture: str


class _Named(msgspec.Struct):
    key: _Key


_NAMED: Final = msgspec.json.Decoder(_Named)  # reads the name and skips the rest
