"""Run logs in, attempts beside their fixtures and verdicts out. No model is called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from milo_bench.core.errors import DataError, IncompleteRun, UsageError
from milo_bench.core.paths import AnyPaths, as_paths
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Graded
from milo_bench.core.records.judgements import latest_judgements
from milo_bench.core.suggest import closest
from milo_bench.core.version import __version__
from milo_bench.evidence.remembered import remembered_verdicts
from milo_bench.grade.engine import grade_attempt
from milo_bench.grade.own_check import LatestExecutions, NotExecuted, latest_executions
from milo_bench.store.log.reader import RunLog, read_run_log
from milo_bench.store.verdicts import VerdictHeader, read_verdicts, verdicts_path, write_verdicts

Judge = Callable[[Attempt], Graded]


class GradedAttempt(Struct, frozen=True):
    """One attempt beside its fixture and its verdicts."""

    attempt: Attempt
    fixture: Fixture
    graded: Graded


def grade_logs(
    paths: AnyPaths, *, fixture: str | None = None, judge_all: JudgeAll | None = None
) -> Iterator[GradedAttempt]:
    """Grade the attempts of one or more run logs with the checks of this version, one by one.

    ``judge_all`` judges the attempts of a log elsewhere, as ``judge_log`` does here.
    With ``fixture``, only the attempts on that fixture. Calls no model. Raises DataError for a log that
    cannot be graded and UsageError for a fixture that is not in the logs.
    """
    known: list[str] = []
    for path in as_paths(paths):
        log = read_run_log(path)
        known += log.fixtures
        for judged in (judge_all or judge_log)(log):
            if fixture is None or judged.fixture.id == fixture:
                yield judged
    if fixture is not None and fixture not in known:
        guess = closest(fixture, known)
        message = f"These logs have no fixture '{fixture}'."
        raise UsageError(message, hint=f"Did you mean '{guess}'?" if guess else f"They have {len(known)} others.")


def save_verdicts(path: Path, graded: Iterable[Graded]) -> int:
    """Write verdicts to ``path``, one attempt a line; how many. Raises PrerequisiteError."""
    return write_verdicts(path, VerdictHeader(run_id="", tool_version=__version__), graded)


def judge_log(log: RunLog) -> Iterator[GradedAttempt]:
    """Judge the attempts of a log, in the order they were recorded; of retries the last one counts."""
    judge = choose_judge(log)
    for attempt in final_attempts(log):
        yield GradedAttempt(attempt, log.fixtures[attempt.key.fixture], judge(attempt))


JudgeAll = Callable[[RunLog], Iterator[GradedAttempt]]


def judge_chosen(log: RunLog, wanted: Collection[AttemptKey]) -> Iterator[GradedAttempt]:
    """The attempts of ``log`` whose key, retry aside, is in ``wanted``; of retries each, the last one last."""
    judge = choose_judge(log)
    for attempt in log.attempts.on_fixtures({key.fixture for key in wanted}):
        if without_retry(attempt.key) in wanted:
            yield GradedAttempt(attempt, log.fixtures[attempt.key.fixture], judge(attempt))


def choose_judge(log: RunLog, executions: LatestExecutions | None = None) -> Judge:
    """What judges the attempts of ``log``; ``executions`` are those that count, of the log unless given.

    A log that was stored without its texts, or redacted, cannot be judged again; the verdicts that
    the run wrote beside it are read instead. Raises DataError where they, or one of them, are missing, and
    IncompleteRun where a suite's own check was not executed on an answer.
    """
    if log.header.store_text == "full":
        workloads = {workload.name: workload for workload in log.header.workloads}
        executions = latest_executions(log.executions) if executions is None else executions
        judgements = latest_judgements(log.judgements)
        one_version_each(executions, log.path)

        erased = read_verdicts(verdicts_path(log.path)) if log.erased_attempts else {}

        def grade(attempt: Attempt) -> Graded:
            if attempt.erased and attempt.failure is None:
                return _kept(erased, attempt, log.path)
            fixture = log.fixtures[attempt.key.fixture]
            try:
                workload, said = workloads[fixture.workload], judgements.get(without_retry(attempt.key))
                executed = executions.get(attempt.key)
                if executed or said:
                    return grade_attempt(workload, fixture, attempt, executed, said)
                return remembered_verdicts(workload, fixture, attempt)
            except NotExecuted as error:
                raise error.of(log.path) from None

        return grade
    path = verdicts_path(log.path)
    verdicts = read_verdicts(path) if log.attempts else {}

    def look_up(attempt: Attempt) -> Graded:
        key = attempt.key
        if key not in verdicts:
            message = f"{path} has no verdict on {key.fixture} for {key.target}."
            hint = "a log without full text cannot be regraded: run it again."
            raise DataError(message, hint=hint)
        return verdicts[key]

    return look_up


def _kept(verdicts: dict[AttemptKey, Graded], attempt: Attempt, log: Path) -> Graded:
    """The verdict on an answer whose text was erased, as it was then."""
    key = attempt.key
    if key not in verdicts:
        message = f"{verdicts_path(log)} has no verdict on {key.fixture} for {key.target}, whose text was erased."
        raise DataError(message, hint="restore that file, which 'milo-bench erase' wrote.")
    return verdicts[key]


def one_version_each(executions: LatestExecutions, path: Path) -> None:
    """Each own check judged all of its answers with the same code and settings. Raises IncompleteRun."""
    versions: dict[str, tuple[str, str]] = {}
    for of_attempt in executions.values():
        for check, execution in of_attempt.items():
            version = (execution.digest, execution.params_hash)
            if versions.setdefault(check, version) != version:
                message = f"{path} has executions of two versions of the check '{check}'."
                hint = f"execute the newer one on every answer: milo-bench grade {path} --suite SUITE"
                raise IncompleteRun(message, hint=hint)


def final_attempts(log: RunLog) -> Iterator[Attempt]:
    """The last retry of every key, in order of record."""
    is_final = finality(log)
    return (attempt for attempt in log.attempts if is_final(attempt.key))


def finality(log: RunLog) -> Callable[[AttemptKey], bool]:
    """Whether the attempt of a key of ``log`` is the last retry of it."""
    last: dict[AttemptKey, int] = {}
    if log.header.plan.retries:
        for attempt in log.attempts:
            if attempt.key.retry:
                key = without_retry(attempt.key)
                last[key] = max(attempt.key.retry, last.get(key, 0))
    return lambda key: key.retry == (last.get(without_retry(key), 0) if last else 0)


def without_retry(key: AttemptKey) -> AttemptKey:
    """The key of the first try."""
    return msgspec.structs.replace(key, retry=0) if key.retry else key
