"""A run log's attempt lines in, graded and turned into columns, out; large logs in several processes, or by a pool.

``python -m milo_bench.evidence.grade_columns`` is such a process: a job as JSON on standard input, its
columns on standard output. A plain child process, because one that multiprocessing starts imports
the caller's own program again.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal, Protocol, TypeAlias

import msgspec

from milo_bench.config.routing.rule import CUT_UNCITED
from milo_bench.core.errors import DataError, MiloError
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import Attempt, Decoding, Fixture, Frozen, Graded, ModelJudgement, RunHeader, Workload
from milo_bench.core.records.judgements import LatestJudgements, latest_judgements
from milo_bench.decide.records import Candidate
from milo_bench.evidence.judging import choose_judge, without_retry
from milo_bench.evidence.remembered import remembered_verdicts
from milo_bench.grade.engine import grade_attempt
from milo_bench.grade.uncited import citation_form, cut_uncited
from milo_bench.stats.cases.cache import cache_rule
from milo_bench.stats.cases.columns import Cases, CasesBuilder
from milo_bench.stats.cases.joining import join_cases
from milo_bench.store.log.attempts import LogRange, attempt_lines, decode_attempt
from milo_bench.store.log.reader import RunLog
from milo_bench.store.log.row_check import RowCheck
from milo_bench.store.verdicts import read_cut_verdicts, verdicts_path

PartKind: TypeAlias = Literal["columns", "graded"]

# Below this a second process costs more than it saves: it takes about half a second to start.
LEAST_BYTES_FOR_A_PROCESS = 16 << 20


class Job(Frozen, frozen=True, omit_defaults=False):
    """A part of a log to grade; ``numbers`` are the places of fixtures in the table."""

    path: str
    part: LogRange
    header: RunHeader
    fixtures: dict[str, Fixture]
    numbers: dict[str, int]
    cut: bool = False
    lost: frozenset[str] = frozenset()  # fixtures whose line cannot be read
    judgements: tuple[ModelJudgement, ...] = ()


class BadPart(DataError):
    """A line of a part is not usable; its number in the file is found by reading the file from its start."""


class GradingPool(Protocol):
    """Other machines that judge parts of a log."""

    def parts(self, size: int) -> int:
        """Into how many parts ``size`` bytes of attempts are cut."""
        ...

    def results(self, kind: PartKind, job: Job, parts: Sequence[LogRange]) -> Iterator[Any]:
        """What ``judge_part`` returns for each of ``parts``, in their order; ``job`` is what they have in common."""
        ...


def is_judged_in_parts(log: RunLog) -> bool:
    """Whether verdicts on each attempt follow from its own line: nothing was erased, hashed or executed."""
    return not log.erased_attempts and is_judged_by_text(log)


def is_judged_by_text(log: RunLog) -> bool:
    """Whether verdicts follow from the texts of a log: it was stored with them, and no code of its suite judges."""
    return not (
        log.executions
        or log.header.store_text != "full"
        or any(workload.own is not None for workload in log.header.workloads)
    )


def grade_to_columns(
    log: RunLog,
    numbers: Mapping[str, int],
    *,
    processes: int | None = None,
    cut: bool = False,
    pool: GradingPool | None = None,
) -> dict[Candidate, Cases]:
    """Grade every attempt of a log; columns by candidate, retries included.

    A log stored without its full text is not graded again: the verdicts beside it are read.
    Raises DataError for a line that is no record or does not agree with the plan, and IncompleteRun where a
    suite's own check was not executed on every answer.
    """
    if not log.attempts:  # a log of load windows, probes or operator episodes has no verdicts beside it
        return {}
    if not is_judged_in_parts(log):
        return _one_by_one(log, numbers, cut=cut)
    size = sum(part.end - part.start for part in log.attempts.ranges)
    whole = Job(
        str(log.path),
        log.attempts.ranges[0],
        log.header,
        log.fixtures,
        dict(numbers),
        cut,
        log.attempts.lost,
        tuple(log.judgements),
    )
    try:
        if pool is not None:
            pieces = list(pool.results("columns", whole, log.attempts.parts(pool.parts(size))))
        else:
            count = processes or min(os.cpu_count() or 1, 1 + size // LEAST_BYTES_FOR_A_PROCESS)
            jobs = [msgspec.structs.replace(whole, part=part) for part in log.attempts.parts(count)]
            pieces = _in_processes(jobs) if len(jobs) > 1 else [run_job(job) for job in jobs]
    except BadPart:
        find_bad_line(log)
        raise
    if sum(len(cases) for piece in pieces for one, cases in piece.items() if one.variant != CUT_UNCITED) < len(
        log.attempts
    ):
        find_bad_line(log)  # names the rows that were left out
    found: dict[Candidate, list[Cases]] = {}
    while pieces:  # what is joined is let go, so that a million attempts are there once
        for cases in pieces.pop(0).values():
            cases = msgspec.structs.replace(cases, decoding=_ours(cases.decoding))
            candidate = Candidate(cases.workload, cases.target, cases.variant, cases.decoding)
            found.setdefault(candidate, []).append(cases)
    return {candidate: join_cases(found.pop(candidate)) for candidate in list(found)}


def _ours(decoding: Decoding) -> Decoding:
    """The word as this process has it. Records leave out a default by its identity, which no other process knows."""
    return "free" if decoding == "free" else "constrained"


def find_bad_line(log: RunLog) -> None:
    """Raise the error of a part again, or name the rows left out, with the numbers of their lines in the file."""
    for _ in log.attempts:
        pass


def run_job(job: Job) -> dict[Candidate, Cases]:
    """The columns of one part."""
    return _columns(job, attempt_lines(Path(job.path), job.part))


def judge_part(kind: PartKind, job: Job, lines: Iterable[tuple[int, bytes]]) -> Any:
    """The columns of ``lines``, or a ``Graded`` for each of them. Raises BadPart."""
    if kind == "columns":
        return _columns(job, lines)
    return [graded for _, _, _, graded in _graded(job, lines, latest_judgements(job.judgements))]


def _columns(job: Job, lines: Iterable[tuple[int, bytes]]) -> dict[Candidate, Cases]:
    judgements = latest_judgements(job.judgements)
    builders = _Builders(job.header, job.fixtures, job.numbers, judgements)
    to_cut = {workload.name for workload in job.header.workloads if job.cut and can_cut(workload)}
    for workload, fixture, attempt, graded in _graded(job, lines, judgements):
        builders.add(attempt, graded)
        if workload.name in to_cut:
            builders.add(attempt, cut_graded(workload, fixture, attempt, graded), variant=CUT_UNCITED)
    return builders.build()


def _graded(
    job: Job, lines: Iterable[tuple[int, bytes]], judgements: LatestJudgements
) -> Iterator[tuple[Workload, Fixture, Attempt, Graded]]:
    workloads = {workload.name: workload for workload in job.header.workloads}
    path = Path(job.path)
    rows = RowCheck(job.header.plan, path, job.fixtures)
    for number, line in lines:
        try:
            attempt = decode_attempt(path, number, line, job.part.schema)
        except DataError:
            continue
        if attempt.key.fixture in job.lost:
            continue
        try:
            rows.check_attempt_alone(number, attempt)
        except DataError as error:
            raise BadPart(error.message, hint=error.hint) from None
        fixture = job.fixtures[attempt.key.fixture]
        workload = workloads[fixture.workload]
        said = judgements.get(without_retry(attempt.key)) if judgements else None
        graded = (
            grade_attempt(workload, fixture, attempt, judgements=said)
            if said
            else remembered_verdicts(workload, fixture, attempt)
        )
        yield workload, fixture, attempt, graded


def can_cut(workload: Workload) -> bool:
    """Whether answers of ``workload`` are judged without their uncited sentences as well."""
    return not workload.variant and citation_form(workload) is not None


def cut_graded(workload: Workload, fixture: Fixture, attempt: Attempt, graded: Graded) -> Graded:
    """The verdicts on the answer without its uncited sentences, as the gateway lets it through."""
    form = citation_form(workload)
    if form is None or attempt.failure is not None or attempt.bypass or not attempt.output:
        return graded
    left, cut = cut_uncited(attempt.output, form)
    if not cut:
        return graded
    return remembered_verdicts(workload, fixture, msgspec.structs.replace(attempt, output=left))


class _Builders:
    def __init__(
        self,
        header: RunHeader,
        fixtures: Mapping[str, Fixture],
        numbers: Mapping[str, int],
        judgements: LatestJudgements,
    ) -> None:
        self._header, self._fixtures, self._numbers = header, fixtures, numbers
        self._judgements = judgements
        self._targets = {target.name: target for target in header.targets}
        self._by_place: dict[tuple[str, str, str, str], CasesBuilder] = {}

    def add(self, attempt: Attempt, graded: Graded, *, variant: str = "") -> None:
        """``variant`` is that of answers that a rail changed, "" for answers as they came."""
        key, fixture = attempt.key, self._fixtures[attempt.key.fixture]
        place = (fixture.workload, key.target, key.decoding, variant)
        builder = self._by_place.get(place)
        if builder is None:
            variant = variant or self._header.plan.variants.get(fixture.workload, "")
            target = self._targets[key.target]
            rule = cache_rule(self._header.plan, target)
            builder = CasesBuilder(fixture.workload, key.target, variant, key.decoding, target.price, rule)
            self._by_place[place] = builder
        builder.add(attempt, graded, self._numbers[key.fixture])
        if self._judgements and not (variant == CUT_UNCITED or attempt.failure is not None):
            builder.judge(_of_this_answer(self._judgements.get(without_retry(key), {}), attempt))

    def build(self) -> dict[Candidate, Cases]:
        built = [self._by_place.pop(place).build() for place in list(self._by_place)]
        return {Candidate(cases.workload, cases.target, cases.variant, cases.decoding): cases for cases in built}


def _of_this_answer(said: Mapping[str, ModelJudgement], attempt: Attempt) -> dict[str, ModelJudgement]:
    """The judgements of the answer that the attempt has, and not of an earlier try; of an erased one as they are."""
    if attempt.erased:
        return dict(said)
    answer_hash = attempt.output_hash or sha256_text(attempt.output)
    return {name: one for name, one in said.items() if one.answer_hash == answer_hash}


def _one_by_one(log: RunLog, numbers: Mapping[str, int], *, cut: bool) -> dict[Candidate, Cases]:
    builders = _Builders(log.header, log.fixtures, numbers, latest_judgements(log.judgements))
    judge = choose_judge(log)
    workloads = {one.name: one for one in log.header.workloads if cut and is_judged_by_text(log) and can_cut(one)}
    kept = read_cut_verdicts(verdicts_path(log.path)) if workloads and log.erased_attempts else {}
    all_kept = True
    for attempt in log.attempts:
        graded = judge(attempt)
        builders.add(attempt, graded)
        fixture = log.fixtures[attempt.key.fixture]
        workload = workloads.get(fixture.workload)
        if workload is None:
            continue
        if attempt.erased and attempt.failure is None:
            all_kept = all_kept and attempt.key in kept  # an erasure by an older version kept none
            graded = kept.get(attempt.key, graded)
        else:
            graded = cut_graded(workload, fixture, attempt, graded)
        builders.add(attempt, graded, variant=CUT_UNCITED)
    built = builders.build()
    return built if all_kept else {one: cases for one, cases in built.items() if one.variant != CUT_UNCITED}


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
            found.append(_answer(child.stdout))
            child.wait()
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
                child.wait()
    return found


def _answer(stream: IO[bytes]) -> dict[Candidate, Cases]:
    try:
        kind, content = pickle.load(stream)  # noqa: S301  written by our own child process, from our own memory
    except (EOFError, pickle.UnpicklingError):
        message = "A grading process ended without a result."
        raise MiloError(message, hint="it may have run out of memory: give the logs one at a time.") from None
    if kind == "columns":
        columns: dict[Candidate, Cases] = content
        return columns
    raise BadPart(content[0], hint=content[1]) if kind == "bad" else MiloError(content[0], hint=content[1])


def _main() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    try:
        answer: object = ("columns", run_job(job))
    except BadPart as error:
        answer = ("bad", (error.message, error.hint))
    except MiloError as error:
        answer = ("error", (error.message, error.hint))
    pickle.dump(answer, sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    _main()
