"""A place in a log's index in, the attempt itself out, with its fixture, workload and verdicts; reads single lines."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from milo_bench.board.index.catalog import BoardLog
from milo_bench.board.index.search import FoundAttempt, Search
from milo_bench.board.index.source import log_source
from milo_bench.core.errors import DataError, MiloError
from milo_bench.core.records import Attempt, Episode, Execution, Fixture, Graded, RunHeader, Workload
from milo_bench.grade.engine import grade_attempt
from milo_bench.store.log.lines import decode_header, decode_line
from milo_bench.store.verdicts import verdicts_path

_MOST_HEADERS: Final = 32
_GRADED: Final = msgspec.json.Decoder(Graded)


@dataclass(frozen=True)
class OpenedAttempt:
    """One attempt whole. ``graded`` is None where it cannot be judged; ``why_not`` then says why."""

    found: FoundAttempt
    attempt: Attempt
    fixture: Fixture
    workload: Workload
    graded: Graded | None
    why_not: str = ""

    @property
    def log(self) -> BoardLog:
        return self.found.log

    @property
    def has_text(self) -> bool:
        """Whether it is an answer of a model to an input, both with their text: one that people can review."""
        attempt = self.attempt
        return attempt.failure is None and not attempt.bypass and bool(self.fixture.input) and bool(attempt.output)


class Opener:
    """Reads single lines of logs; keeps the headers of the last few."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._headers: OrderedDict[tuple[str, Path], RunHeader] = OrderedDict()
        self._lock = Lock()

    def header(self, log: BoardLog) -> RunHeader:
        key = (log.id, log.path)  # another run in the same file has another address
        with self._lock:
            if key in self._headers:
                self._headers.move_to_end(key)
                return self._headers[key]
        try:
            header = decode_header(log.path, log_source(log.path).first())
        except OSError as error:
            raise DataError(f"Cannot read {log.name}: {error.strerror}.", hint="restore the log.") from None
        with self._lock:
            self._headers[key] = header
            while len(self._headers) > _MOST_HEADERS:
                self._headers.popitem(last=False)
        return header

    def open(self, found: FoundAttempt) -> OpenedAttempt:
        """Raises DataError where the log is no longer what was indexed."""
        log, row = found.log, found.row
        attempt = self._record(log, row.start, row.size)
        if not isinstance(attempt, Attempt):
            raise _changed(log)
        fixture = self.fixture(log, row.fixture)
        workloads = {workload.name: workload for workload in self.header(log).workloads}
        workload = workloads[fixture.workload]
        graded, why_not = self._judge(found, attempt, fixture, workload)
        return OpenedAttempt(found, attempt, fixture, workload, graded, why_not)

    def fixture(self, log: BoardLog, id: str) -> Fixture:
        place = self._search.fixture_place(log, id)
        fixture = self._record(log, *place) if place is not None else None
        if not isinstance(fixture, Fixture):
            raise _changed(log)
        return fixture

    def episode(self, log: BoardLog, n: int) -> Episode | None:
        """The ``n``th operator episode of a log, None where there is none."""
        if log.index is None or not 0 <= n < len(log.index.episodes):
            return None
        row = log.index.episodes[n]
        record = self._record(log, row.start, row.size)
        return record if isinstance(record, Episode) else None

    def _judge(
        self, found: FoundAttempt, attempt: Attempt, fixture: Fixture, workload: Workload
    ) -> tuple[Graded | None, str]:
        log, row = found.log, found.row
        if row.verdict_at >= 0:
            with verdicts_path(log.path).open("rb") as file:
                file.seek(row.verdict_at)
                return _GRADED.decode(file.read(row.verdict_size)), ""
        if attempt.failure is None and (self.header(log).store_text != "full" or attempt.erased):
            return None, "The text of this answer is not in the log, and neither are its verdicts."
        try:
            return grade_attempt(workload, fixture, attempt, self._executions(log, attempt)), ""
        except MiloError as error:
            return None, error.message

    def _executions(self, log: BoardLog, attempt: Attempt) -> dict[str, Execution]:
        places = log.index.executions.get(attempt.key.text, ()) if log.index is not None else ()
        records = [self._record(log, *place) for place in places]
        return {record.program: record for record in records if isinstance(record, Execution)}

    def _record(self, log: BoardLog, start: int, size: int) -> object:
        try:
            line = log_source(log.path).at(start, size)
        except OSError as error:
            raise DataError(f"Cannot read {log.name}: {error.strerror}.", hint="restore the log.") from None
        if not line.startswith(b'{"type":"') or not line.endswith(b"\n"):
            raise _changed(log)
        return decode_line(log.path, 0, line, self.header(log).schema_version)


def _changed(log: BoardLog) -> DataError:
    return DataError(f"{log.name} was changed while the board was reading it.", hint="load the page again.")
