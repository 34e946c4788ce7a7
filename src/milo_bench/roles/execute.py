"""A run log and its mined suite in; an execution in the log for each coder answer that lacks one out."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from milo_bench.core.errors import DataError, PrerequisiteError
from milo_bench.core.files import read_whole
from milo_bench.core.hashing import sha256_text
from milo_bench.core.paths import AnyPath
from milo_bench.core.records import Attempt, Execution, Fixture, Workload
from milo_bench.core.version import __version__
from milo_bench.grade.checks.coder_tests import NAME
from milo_bench.roles.coder import CoderCase, CoderJudgement, judged_run, judged_today, make_workplace, run_answer
from milo_bench.roles.declared import Declared
from milo_bench.roles.environments import EnvironmentFailed, make_environment
from milo_bench.roles.git import GitRepository
from milo_bench.roles.languages.javascript.packages import find_node, node_version
from milo_bench.roles.languages.run import runner_digest
from milo_bench.roles.mining.mine import OBJECTS
from milo_bench.roles.mining.suite_files import ENVIRONMENTS
from milo_bench.roles.testing import Isolation
from milo_bench.sandbox import require_sandbox
from milo_bench.store.log.reader import RunLog, read_run_log
from milo_bench.store.log.writer import RunLogWriter


class CoderSuite:
    """The parts of a mined suite's folder that judging coder answers needs. A context manager."""

    def __init__(self, folder: Path, cache: Path, env: Mapping[str, str], isolation: Isolation) -> None:
        self._cache, self._env, self._isolation = cache, env, isolation
        self._folder = folder
        self._today: dict[str, CoderCase] = {}  # cases of an older runner, by commit
        self._objects = GitRepository(folder / OBJECTS)
        try:
            text = read_whole(folder / ENVIRONMENTS)
            self.declared = msgspec.json.decode(text, type=dict[str, Declared])
        except (OSError, msgspec.MsgspecError):
            message = f"{folder} lacks {ENVIRONMENTS}, so coder answers cannot be run."
            raise DataError(message, hint="give the folder that 'milo-bench roles mine' made.") from None
        if not (folder / OBJECTS).is_dir():
            message = f"{folder} lacks {OBJECTS}, so coder answers cannot be run."
            raise DataError(message, hint="give the folder that 'milo-bench roles mine' made.")

    def __enter__(self) -> CoderSuite:
        if not self._isolation.unsafe_here:
            require_sandbox()
        self._scratch = tempfile.TemporaryDirectory(prefix=".scratch-", dir=self._folder)
        Path(self._scratch.name).chmod(0o755)
        self.place = make_workplace(self._objects, Path(self._scratch.name), self._isolation)
        return self

    def __exit__(self, *_: object) -> None:
        self._objects.__exit__()
        self._scratch.cleanup()

    def judge(self, case: CoderCase, answer: str) -> CoderJudgement:
        """How ``answer`` does on ``case``. Raises PrerequisiteError where the environment cannot be installed."""
        declared = self.declared.get(case.environment)
        if declared is None:
            message = f"{self._folder / ENVIRONMENTS} lacks the environment {case.environment}."
            raise DataError(message, hint="mine the repository again.")
        try:
            environment = make_environment(declared, self._cache, self._env)
        except EnvironmentFailed as error:
            message = f"The environment {case.environment} cannot be installed: {error.message}."
            raise PrerequisiteError(message, hint="check the package index, then grade the log again.") from None
        judged, run = run_answer(case, answer, environment, declared, self.place)
        if run is None or not judged.category or case.runner == runner_digest(case.language):
            return judged
        # An older runner proved the case: what the true patch shows to this one is no fault of an answer.
        if case.commit not in self._today:
            self._today[case.commit] = judged_today(case, environment, declared, self.place)
        return judged_run(self._today[case.commit], run, judged.way)

    def judge_all(self, answers: Iterable[tuple[CoderCase, str]]) -> Iterator[CoderJudgement]:
        """How each answer does on its case, in their order, judged on all cores; without the sandbox one by one."""
        workers = 1 if self._isolation.unsafe_here else os.cpu_count() or 1
        with ThreadPoolExecutor(workers) as pool:
            try:
                yield from pool.map(self.judge, *zip(*answers, strict=True))
            finally:  # an error, or nobody wants to know the rest
                pool.shutdown(wait=False, cancel_futures=True)


def coder_case(fixture: Fixture) -> CoderCase:
    """The mined case in a fixture's expectation. Raises DataError where it is none."""
    try:
        return msgspec.convert(fixture.expect["coder"], CoderCase)
    except (KeyError, msgspec.ValidationError) as error:
        message = f"Fixture '{fixture.id}' is not a mined coder case: {error}."
        raise DataError(message, hint="mine the repository again.") from None


def needs_coder(workloads: Mapping[str, Workload]) -> bool:
    """Whether answers to one of ``workloads`` must be run to be judged."""
    return any(spec.name == NAME for workload in workloads.values() for spec in workload.checks)


@dataclass(frozen=True)
class ExecutedCoder:
    """What was run just now: ``count`` answers, of which ``passed`` passed."""

    count: int = 0
    passed: int = 0


def execute_coder_answers(
    log: AnyPath,
    cache: Path,
    *,
    suite: AnyPath | None = None,
    env: Mapping[str, str] | None = None,
    unsafe_here: bool = False,
    done: Callable[[Execution], None] = lambda execution: None,
) -> ExecutedCoder:
    """Run every coder answer of a log that lacks its execution, and add the executions to it.

    The suite's folder is that of the log's header, or ``suite``. Nothing is started where nothing is missing.
    Raises PrerequisiteError where there is no sandbox or no environment, DataError where the folder cannot be used.
    """
    path = Path(log)
    read = read_run_log(path)
    if not needs_coder({workload.name: workload for workload in read.header.workloads}):
        return ExecutedCoder()
    missing = list(_missing(read, again=suite is not None))
    if not missing:
        return ExecutedCoder()
    if read.header.store_text != "full":
        message = f"{path} was stored without its full text, so coder answers cannot be run."
        raise DataError(message, hint="run again with privacy.store_text: full.")
    folder = Path(suite or read.header.suite_folder or ".")
    isolation = Isolation(unsafe_here=unsafe_here)
    count = passed = 0
    with CoderSuite(folder, cache, os.environ if env is None else env, isolation) as judge:
        writer = RunLogWriter.add_to(path, __version__)
        try:
            cases = [coder_case(fixture) for _, fixture in missing]
            answers = [attempt for attempt, _ in missing]
            judged = judge.judge_all((case, one.output) for case, one in zip(cases, answers, strict=True))
            for attempt, case, judgement in zip(answers, cases, judged, strict=True):
                execution = _execution(attempt, case, judgement)
                writer.append(execution)
                done(execution)
                count += 1
                passed += not execution.results[0]["category"]
        finally:
            writer.close()
    return ExecutedCoder(count, passed)


def _missing(log: RunLog, *, again: bool) -> Iterator[tuple[Attempt, Fixture]]:
    """Answers without an execution; with ``again`` also those that an older runner executed."""
    known = {execution.key: execution.digest for execution in log.executions if execution.program == NAME}
    for attempt in log.attempts:
        fixture = log.fixtures[attempt.key.fixture]
        answered = attempt.failure is None and not attempt.bypass and "coder" in fixture.expect
        digest = known.get(attempt.key)
        if answered and (digest is None or (again and digest != _digest(fixture))):
            yield attempt, fixture


def _digest(fixture: Fixture) -> str:
    coder = fixture.expect["coder"]
    return runner_digest(str(coder.get("language", "python")) if isinstance(coder, dict) else "python")


def _execution(attempt: Attempt, case: CoderCase, judged: CoderJudgement) -> Execution:
    return Execution(
        key=attempt.key,
        program=NAME,
        digest=runner_digest(case.language),
        answer_hash=sha256_text(attempt.output),
        environment=f"{case.environment}, {_interpreter(case)}, Linux {platform.machine()}",
        ending="done",
        results=(msgspec.to_builtins(judged),),
        took_s=judged.wall_s,
    )


def _interpreter(case: CoderCase) -> str:
    if case.language == "javascript":
        return f"Node.js {node_version(find_node())}"
    return f"Python {platform.python_version()}" if case.language == "python" else case.language
