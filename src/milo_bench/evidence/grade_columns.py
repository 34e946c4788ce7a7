"""A run log's attempt lines in, graded and turned into columns, out; large logs in several processes.

``python -m milo_bench.evidence.grade_columns`` is such a process: a job as JSON on standard input, its
columns on standard output. A plain child process, because one that multiprocessing starts imports
the caller's own program again.
"""

from __future__ import annotations

import itertools
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from milo_bench.core.errors import DataError, MiloError
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Frozen, Graded, RunHeader
from milo_bench.decide.records import Candidate
from milo_bench.grade.engine import grade_attempt
from milo_bench.stats.cases.columns import Cases, CasesBuilder, join_cases
from milo_bench.store.log.lines import decode_line
from milo_bench.store.log.row_check import RowCheck
from milo_bench.store.log.survey import ATTEMPT_START, LogSurvey
from milo_bench.store.verdicts import read_verdicts, verdicts_path

# Below this a second process costs more than it saves: it takes about half a second to start.
LEAST_BYTES_FOR_A_PROCESS = 16 << 20


class Job(Frozen, frozen=True, omit_defaults=False):
    """Bytes ``start`` to ``end`` of a log, both ends of lines; ``numbers`` are the places of fixtures in the table."""

    path: str
    start: int
    end: int
    header: RunHeader
    fixtures: dict[str, Fixture]
    numbers: dict[str, int]


def attempt_columns(
    survey: LogSurvey, numbers: Mapping[str, int], *, processes: int | None = None
) -> dict[Candidate, Cases]:
    """Grade every attempt of a surveyed log; columns by candidate, retries included.

    A log stored without its full text is not graded again: the verdicts beside it are read.
    Raises DataError for a line that is no record or does not agree with the plan.
    """
    if not survey.attempts:  # a log of load windows, probes or operator episodes has no verdicts beside it
        return {}
    if survey.header.store_text != "full":
        return _from_verdicts(survey, numbers)
    count = processes or min(os.cpu_count() or 1, 1 + (survey.end - survey.start) // LEAST_BYTES_FOR_A_PROCESS)
    jobs = [
        Job(str(survey.path), start, end, survey.header, survey.fixtures, dict(numbers))
        for start, end in _ranges(survey, count)
    ]
    try:
        pieces = _in_processes(jobs) if len(jobs) > 1 else [run_job(job) for job in jobs]
    except _BadRange:
        _say_which_line(survey)
        raise
    found: dict[Candidate, list[Cases]] = {}
    for piece in pieces:
        for candidate, cases in piece.items():
            found.setdefault(candidate, []).append(cases)
    return {candidate: join_cases(cases) for candidate, cases in found.items()}


class _BadRange(DataError):
    """A line of a range is no good; which number it has in the file is found by reading the file from its start."""


def run_job(job: Job) -> dict[Candidate, Cases]:
    """The columns of one range."""
    builders = _Builders(job.header, job.fixtures, job.numbers)
    workloads = {workload.name: workload for workload in job.header.workloads}
    rows = RowCheck(job.header.plan, Path(job.path))
    for fixture in job.fixtures.values():
        rows.check_fixture(1, fixture)
    decoder = msgspec.json.Decoder(Attempt)
    with Path(job.path).open("rb") as file:
        for line in _lines(file, job.start, job.end):
            if not line.startswith(ATTEMPT_START):
                continue
            try:
                attempt = decoder.decode(line)
                rows.check_agrees(1, attempt.key)
            except (msgspec.MsgspecError, UnicodeDecodeError, DataError) as error:
                raise _BadRange(f"{job.path}: {error}", hint="the file was changed after it was written.") from None
            if attempt.timings.ended_s < attempt.timings.intended_s:
                key = attempt.key
                message = f"{job.path}: the attempt at {key.fixture} on {key.target} ends before it starts."
                raise _BadRange(message, hint="the file was changed after it was written; restore it, or run again.")
            fixture = job.fixtures[attempt.key.fixture]
            builders.add(attempt, grade_attempt(workloads[fixture.workload], fixture, attempt))
    return builders.build()


class _Builders:
    def __init__(self, header: RunHeader, fixtures: Mapping[str, Fixture], numbers: Mapping[str, int]) -> None:
        self._header, self._fixtures, self._numbers = header, fixtures, numbers
        self._targets = {target.name: target for target in header.targets}
        self._by_place: dict[tuple[str, str, str], CasesBuilder] = {}

    def add(self, attempt: Attempt, graded: Graded) -> None:
        key, fixture = attempt.key, self._fixtures[attempt.key.fixture]
        place = (fixture.workload, key.target, key.decoding)
        builder = self._by_place.get(place)
        if builder is None:
            variant = self._header.plan.variants.get(fixture.workload, "")
            price = self._targets[key.target].price
            builder = CasesBuilder(fixture.workload, key.target, variant, key.decoding, price)
            self._by_place[place] = builder
        builder.add(attempt, graded, self._numbers[key.fixture])

    def build(self) -> dict[Candidate, Cases]:
        built = [builder.build() for builder in self._by_place.values()]
        return {Candidate(cases.workload, cases.target, cases.variant, cases.decoding): cases for cases in built}


def _from_verdicts(survey: LogSurvey, numbers: Mapping[str, int]) -> dict[Candidate, Cases]:
    verdicts = read_verdicts(verdicts_path(survey.path))
    builders = _Builders(survey.header, survey.fixtures, numbers)
    for attempt in read_attempts(survey):
        builders.add(attempt, stored_verdict(verdicts, survey.path, attempt.key))
    return builders.build()


def stored_verdict(verdicts: Mapping[AttemptKey, Graded], path: Path, key: AttemptKey) -> Graded:
    """The verdict that a run wrote beside its log; DataError where it is not there."""
    if key not in verdicts:
        message = f"{verdicts_path(path)} has no verdict on {key.fixture} for {key.target}."
        raise DataError(message, hint="a log stored without its full text cannot be judged again; run it once more.")
    return verdicts[key]


def read_attempts(survey: LogSurvey) -> Iterator[Attempt]:
    """The attempts of a surveyed log, in the order they were written."""
    with survey.path.open("rb") as file:
        for line in _lines(file, survey.start, survey.end):
            if line.startswith(ATTEMPT_START):
                record = decode_line(survey.path, 0, line)
                assert isinstance(record, Attempt)
                yield record


def _lines(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    place = start
    while place < end:
        line = file.readline()
        place += len(line)
        yield line


def _ranges(survey: LogSurvey, count: int) -> Sequence[tuple[int, int]]:
    """About equal parts of the attempt bytes, cut after whole lines."""
    if survey.end == survey.start:
        return []
    step = (survey.end - survey.start) // count
    cuts = [survey.start]
    with survey.path.open("rb") as file:
        for part in range(1, count):
            file.seek(max(survey.start + part * step, cuts[-1]))
            file.readline()
            cuts.append(min(file.tell(), survey.end))
    cuts.append(survey.end)
    return [(start, end) for start, end in itertools.pairwise(cuts) if end > start]


def _in_processes(jobs: Sequence[Job]) -> list[dict[Candidate, Cases]]:
    """All but the first job in child processes, the first one here."""
    command = [sys.executable, "-m", "milo_bench.evidence.grade_columns"]
    children = []
    try:
        for job in jobs[1:]:
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  our own module
            children.append(child)
            assert child.stdin is not None
            child.stdin.write(msgspec.json.encode(job))
            child.stdin.close()
        found = [run_job(jobs[0])]
        for child in children:
            assert child.stdout is not None
            found.append(_answer(child.stdout.read()))
            child.wait()
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
                child.wait()
    return found


def _answer(data: bytes) -> dict[Candidate, Cases]:
    if not data:
        message = "A process that grades a part of the log ended without an answer."
        raise MiloError(message, hint="it may have been killed for memory; give the logs one at a time.")
    kind, content = pickle.loads(data)  # noqa: S301  written by our own child process, from our own memory
    if kind == "columns":
        columns: dict[Candidate, Cases] = content
        return columns
    raise _BadRange(content[0], hint=content[1]) if kind == "bad" else MiloError(content[0], hint=content[1])


def _say_which_line(survey: LogSurvey) -> None:
    """Raise the error of the first line that is no good, with its number."""
    rows = RowCheck(survey.header.plan, survey.path)
    with survey.path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            record = decode_line(survey.path, number, line)
            if isinstance(record, Fixture):
                rows.check_fixture(number, record)
            elif isinstance(record, Attempt):
                rows.check_attempt(number, record)


def _main() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    try:
        answer: object = ("columns", run_job(job))
    except _BadRange as error:
        answer = ("bad", (error.message, error.hint))
    except MiloError as error:
        answer = ("error", (error.message, error.hint))
    sys.stdout.buffer.write(pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL))


if __name__ == "__main__":
    _main()
