"""A run log and a suite's own Python in; executions in the log out, once for each check and answer, in the sandbox."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec

from milo_bench.core.errors import ConfigError, DataError
from milo_bench.core.hashing import sha256_text
from milo_bench.core.paths import AnyPath
from milo_bench.core.records import Attempt, CheckSpec, Execution, Fixture, OwnChecks, Workload
from milo_bench.core.version import __version__
from milo_bench.grade.answer import read_json_answer
from milo_bench.grade.own_check import latest_executions, needs_execution, own_names, params_hash
from milo_bench.run.own_checks import OwnCall, execute_calls
from milo_bench.sandbox import require_sandbox
from milo_bench.store.log.reader import RunLog, read_run_log
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.suites.load import load_suite
from milo_bench.suites.trust import own_checks_of, require_trust

# So many calls share one start of the sandbox, and are in memory at a time.
_BATCH: Final = 2_000


@dataclass
class ExecutedChecks:
    """What was executed just now. ``broken`` are executions that no verdict can come from, with why."""

    count: int = 0
    broken: list[Execution] = field(default_factory=list)


def require_own_checks_can_run(
    workloads: Mapping[str, Workload], *, suite: str, where: str, trusted: bool, env: Mapping[str, str]
) -> None:
    """Raise PrerequisiteError unless the suite's own Python is trusted and the sandbox holds; before a run."""
    own = own_checks_of(workloads)
    if own is not None:
        if not trusted:
            require_trust(own, suite, where, env)
        require_sandbox()


def execute_own_checks(
    log: AnyPath,
    *,
    suite: AnyPath | None = None,
    trusted: bool = False,
    env: Mapping[str, str] | None = None,
    starting: Callable[[OwnChecks], None] = lambda own: None,
) -> ExecutedChecks:
    """Run a suite's own checks on every answer of a log that lacks their execution, and add the executions to it.

    The Python is that which the log carries, or with ``suite`` that of the suite as it is now, which then judges
    all answers again. Nothing is run where nothing is missing. ``trusted`` lets it run this once; otherwise its
    digest must have been trusted. Raises PrerequisiteError where it is not, or where the sandbox cannot be put up.
    """
    env = os.environ if env is None else env
    path = Path(log)
    read = read_run_log(path)
    workloads = {workload.name: workload for workload in read.header.workloads}
    if suite is not None:
        workloads = _with_checks_of(workloads, str(suite), read)
    executed = ExecutedChecks()
    calls = _missing(read, workloads)
    first = next(calls, None)
    own = own_checks_of(workloads)
    if first is None or own is None:
        return executed
    if read.header.store_text != "full":
        message = f"{path} was stored without its full text, so the suite's own checks cannot be executed on it."
        raise DataError(message, hint="run again with privacy.store_text: full.")
    require_own_checks_can_run(
        workloads, suite=read.header.suite.name, where=str(suite or "SUITE"), trusted=trusted, env=env
    )
    starting(own)
    writer = RunLogWriter.add_to(path, __version__)

    def done(execution: Execution) -> None:
        writer.append(execution)
        executed.count += 1
        if execution.ending != "done":
            executed.broken.append(execution)

    try:
        batch = [first]
        for call in calls:
            if len(batch) == _BATCH:
                execute_calls(own, batch, done)
                batch = []
            batch.append(call)
        execute_calls(own, batch, done)
    finally:
        writer.close()
    return executed


def _with_checks_of(workloads: Mapping[str, Workload], suite: str, log: RunLog) -> dict[str, Workload]:
    """The log's workloads with the suite's Python of today, and its settings of the checks that the log asks for."""
    loaded = load_suite(suite, variants=log.header.plan.variants)
    if loaded.ref.name != log.header.suite.name:
        message = f"{log.path} is a run of the suite '{log.header.suite.name}', not of '{loaded.ref.name}'."
        raise ConfigError(message, hint="give the suite that was run.")
    changed = {}
    for name, workload in workloads.items():
        now = loaded.workloads.get(name)
        own = own_names(workload)
        missing = [check for check in own if now is None or check not in own_names(now)]
        if missing:
            message = f"The suite in {suite} no longer has the check '{missing[0]}' that the log was run with."
            raise ConfigError(message, hint="run the suite again: its contract has changed.")
        if own and now is not None:
            specs = {spec.name: spec for spec in now.checks}
            checks = tuple(specs[spec.name] if spec.name in own else spec for spec in workload.checks)
            changed[name] = msgspec.structs.replace(workload, checks=checks, own=now.own)
    return {**workloads, **changed}


def _missing(log: RunLog, workloads: Mapping[str, Workload]) -> Iterator[OwnCall]:
    """The calls whose execution, with this code and these settings, is not the one that counts in the log."""
    latest = latest_executions(log.executions)
    if not any(own_names(workload) for workload in workloads.values()):
        return
    for attempt in log.attempts:
        fixture = log.fixtures[attempt.key.fixture]
        yield from calls_of(workloads[fixture.workload], fixture, attempt, latest.get(attempt.key, {}))


def calls_of(
    workload: Workload, fixture: Fixture, attempt: Attempt, known: Mapping[str, Execution] = MappingProxyType({})
) -> Iterator[OwnCall]:
    """The calls of a workload's own checks on one answer, but for those ``known`` with this code and these settings."""
    if not needs_execution(workload, attempt) or workload.own is None:
        return
    names = own_names(workload)
    for spec in (spec for spec in workload.checks if spec.name in names):
        before = known.get(spec.name)
        settings = params_hash(spec.params)
        if before is None or (before.digest, before.params_hash) != (workload.own.digest, settings):
            answer = sha256_text(attempt.output)
            yield OwnCall(attempt.key, spec.name, settings, answer, _case(workload, spec, fixture, attempt))


def _case(workload: Workload, spec: CheckSpec, fixture: Fixture, attempt: Attempt) -> dict[str, Any]:
    """What the suite's Python is given: never the target's name, so that it judges the answer alone."""
    answer = read_json_answer(attempt.output)
    return {
        "fixture": fixture.id,
        "output": attempt.output,
        "json": answer.value if answer.usable else None,
        "input": fixture.input,
        "expect": fixture.expect,
        "tags": fixture.tags,
        "params": spec.params,
        "resources": workload.resources,
        "tool_calls": [{"name": call.name, "arguments": call.arguments} for call in attempt.tool_calls],
        "finish_reason": attempt.finish_reason,
    }
