"""A run log and its suite as it is today in, answers judged by today's checks and gold out, with what that changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec.structs import replace

from milo_bench.core.errors import ConfigError, DataError
from milo_bench.core.paths import AnyPath
from milo_bench.core.records import SCHEMA_VERSION, Fixture, Graded, Plan, RunEnd, RunHeader, Workload
from milo_bench.core.records.contract import contract_changes, contract_digests, fixture_changes, fixture_digests
from milo_bench.core.version import __version__
from milo_bench.evidence.grade_columns import GradingPool
from milo_bench.evidence.judged_in_parts import judged_by
from milo_bench.evidence.judging import GradedAttempt
from milo_bench.store.log.reader import RunLog, read_run_log
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.suites.load import Suite, load_suite


@dataclass
class Flips:
    """Attempts of one workload on one target whose verdict is another one now."""

    workload: str
    target: str
    attempts: int = 0
    now_pass: int = 0
    now_fail: int = 0
    now_unjudged: int = 0


@dataclass
class Regraded:
    """``changes`` of the contracts, a phrase each; fixtures with other ``gold``; answers that today's suite cannot
    judge, because their fixture has another input (``other_input``) or is no longer there (``gone``).
    """

    log: Path
    suite: str
    changes: tuple[str, ...]
    gold: tuple[str, ...]
    other_input: tuple[str, ...]
    gone: tuple[str, ...]
    rows: list[GradedAttempt] = field(default_factory=list)
    flips: dict[tuple[str, str], Flips] = field(default_factory=dict)


def regrade_log(path: AnyPath, suite: str, *, pool: GradingPool | None = None) -> Regraded:
    """Judge the answers of a log by the checks, schemas, resources and gold of ``suite`` as it is now. No model.

    The prompt is the one that was asked with. ``pool`` judges in place of this process. Raises ConfigError for another
    suite, DataError for a log without texts.
    """
    log = read_run_log(Path(path))
    today = _Today(log, suite)
    found = today.regraded()
    judge = judged_by(pool, aside=frozenset((*today.gone, *today.other_input)))
    for was, now in zip(judge(log), judge(today.log()), strict=True):
        found.rows.append(now)
        place = (now.fixture.workload, now.attempt.key.target)
        _count(found.flips.setdefault(place, Flips(*place)), was.graded, now.graded)
    return found


def write_regraded(path: AnyPath, suite: str, out: AnyPath) -> Path:
    """A new run log with the same answers under today's contract and gold, for ``decide`` and the rest."""
    log, out = read_run_log(Path(path)), Path(out)
    today = _Today(log, suite)
    header = today.header()
    fixtures = [today.fixtures[id] for id in header.plan.fixtures]
    writer = RunLogWriter.create(out, header, fixtures, resumes=False)
    attempts = failures = 0
    try:
        for attempt in log.attempts:
            if attempt.key.fixture in today.fixtures:
                writer.append(attempt)
                attempts += 1
                failures += attempt.failure is not None
        for execution in log.executions:
            if execution.key.fixture in today.fixtures:
                writer.append(execution)
        for judgement in log.judgements:
            if judgement.key.fixture in today.fixtures:
                writer.append(judgement)
        for licence in log.licences:
            writer.append(licence)
        end = log.end
    except BaseException:
        writer.close()
        out.unlink()
        raise
    writer.close(
        RunEnd(
            ended_at=end.ended_at if end is not None else log.header.created_at,
            attempts=attempts,
            failures=failures,
            complete=end is not None and end.complete,
            reason=end.reason if end is not None else "interrupted",
            ended_s=end.ended_s if end is not None else log.last_s,
        )
    )
    return out


class _Today:
    """A log's contracts and fixtures, replaced by those that the suite has now."""

    def __init__(self, log: RunLog, suite: str) -> None:
        if log.header.store_text != "full":
            message = f"{log.path} was stored without its full text, so it cannot be graded again."
            raise DataError(message, hint="run again with privacy.store_text: full.")
        self._log = log
        self.suite: Suite = load_suite(suite, variants=log.header.plan.variants)
        if self.suite.ref.name != log.header.suite.name:
            message = f"{log.path} is a run of the suite '{log.header.suite.name}', not of '{self.suite.ref.name}'."
            raise ConfigError(message, hint="give the suite that was run.")
        now = {fixture.id: fixture for fixture in self.suite.fixtures}
        self.gone = tuple(id for id in log.fixtures if id not in now)
        changed = {id: fixture_changes(log.fixtures[id], now[id]) for id in log.fixtures if id in now}
        self.other_input = tuple(id for id, parts in changed.items() if "input" in parts)
        self.gold = tuple(id for id, parts in changed.items() if "gold" in parts and "input" not in parts)
        self.fixtures: dict[str, Fixture] = {
            id: now[id] for id in log.fixtures if id in now and id not in self.other_input
        }
        self._workloads = {workload.name: self._workload(workload) for workload in log.header.workloads}

    def _workload(self, asked: Workload) -> Workload:
        """Today's contract, with what the answers were asked with kept as it was."""
        now = self.suite.workloads.get(asked.name)
        if now is None:
            message = f"The suite in {self.suite.root} no longer has the workload '{asked.name}'."
            raise ConfigError(message, hint="give the suite that was run.")
        kept = ("prompt_name", "prompt_source", "prompt_hash", "max_tokens", "temperature", "stop", "prepare")
        return msgspec.structs.replace(now, **{name: getattr(asked, name) for name in kept})

    def regraded(self) -> Regraded:
        changes: list[str] = []
        for workload in self._log.header.workloads:
            now = contract_digests(self._workloads[workload.name])
            changes += contract_changes(workload.name, contract_digests(workload), now)
        return Regraded(self._log.path, self.suite.ref.version, tuple(changes), self.gold, self.other_input, self.gone)

    def log(self) -> RunLog:
        """The log with the contracts and fixtures of today; its plan, and what cannot be judged, as they were."""
        header = msgspec.structs.replace(self._log.header, workloads=tuple(self._workloads.values()))
        return replace(self._log, header=header, fixtures={**self._log.fixtures, **self.fixtures})

    def header(self) -> RunHeader:
        old = self._log.header
        kept = self.fixtures.keys()
        plan: Plan = msgspec.structs.replace(
            old.plan,
            fixtures=tuple(id for id in old.plan.fixtures if id in kept),
            free_only=tuple(id for id in old.plan.free_only if id in kept),
            withheld={target: tuple(id for id in ids if id in kept) for target, ids in old.plan.withheld.items()},
        )
        return msgspec.structs.replace(
            old,
            tool_version=__version__,
            suite=self.suite.ref,
            workloads=tuple(self._workloads.values()),
            plan=plan,
            digests={
                name: contract_digests(workload)
                | fixture_digests(fixture for fixture in self.suite.fixtures if fixture.workload == name)
                for name, workload in self._workloads.items()
            },
            regraded_from=f"{old.run_id} sha256:{self._log.sha256}",
            schema_version=SCHEMA_VERSION,
        )


def _count(flips: Flips, before: Graded, now: Graded) -> None:
    flips.attempts += 1
    if before.passed != now.passed:
        flips.now_pass += now.passed is True
        flips.now_fail += now.passed is False
        flips.now_unjudged += now.passed is None


def changed_text(found: Regraded) -> Iterator[str]:
    """What regrading changed, a line each; one line where nothing did."""
    said = [*found.changes]
    for ids, what in (
        (found.gold, "gold changed"),
        (found.other_input, "input changed, answers left out"),
        (found.gone, "no longer in the suite, answers left out"),
    ):
        if ids:
            more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
            said.append(f"{what}: {', '.join(ids[:3])}{more}")
    yield from (f"changed: {line}" for line in said)
    if not said:
        yield f"The log's checks, gold and resources are those of the suite's version {found.suite}."
    for flips in found.flips.values():
        where = f"{flips.workload} on {flips.target}"
        moved = [
            f"{count:,} now {what}"
            for count, what in (
                (flips.now_pass, "pass"),
                (flips.now_fail, "fail"),
                (flips.now_unjudged, "unjudged"),
            )
            if count
        ]
        yield f"{where}: {', '.join(moved) if moved else 'no verdict changed'} (of {flips.attempts:,})"
