"""Two sides or more in, each a log or a target within one; paired differences out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from msgspec.structs import replace as replaced

from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.records import Decoding, RunHeader, TargetRecord
from milo_bench.core.records.contract import contract_changes, contract_digests, fixture_changes
from milo_bench.core.suggest import hint_for
from milo_bench.core.weights.served import differences
from milo_bench.evidence.asked import rows_that_count
from milo_bench.evidence.joining import join_columns, join_contracts
from milo_bench.evidence.judges.rules import rules_of
from milo_bench.evidence.judges.silver import silver_said
from milo_bench.stats.cases.columns import Cases, FixtureTable, fixture_table
from milo_bench.stats.compare import Comparison, Side, compare_sides
from milo_bench.stats.model_equality import compare_behaviour
from milo_bench.store.log.reader import RunLog, read_run_log


@dataclass(frozen=True)
class SideRef:
    """One side of a comparison as a person writes it: a log, and a target where it holds several."""

    path: Path
    target: str = ""

    @property
    def text(self) -> str:
        return f"{self.path}:{self.target}" if self.target else str(self.path)


def compare_logs(sides: Sequence[SideRef]) -> tuple[Comparison, ...]:
    """Compare every other side with the first one.

    A single log with several targets is compared within itself; one with a single target that was
    asked freely and within the schema has those two as its sides. Raises UsageError where there is
    nothing to compare, DataError where fixtures differ.
    """
    logs = {ref.path: read_run_log(ref.path) for ref in sides}
    expanded: list[tuple[SideRef, TargetRecord]] = []
    for ref in sides:
        expanded += [(ref, target) for target in _targets_of(logs[ref.path], ref)]
    if len(expanded) == 1:
        (ref, target), log = expanded[0], logs[expanded[0][0].path]
        if len(log.header.plan.decodings) == 2:
            return (replaced(_decodings_compared(log, target), silver=silver_said([log])),)
    if len(expanded) < 2:
        message = "Only one side to compare."
        raise UsageError(message, hint="give two run logs, or one with two targets.")
    columns = {path: _columns(log) for path, log in logs.items()}
    several_logs = len(logs) > 1
    for log in logs.values():
        _same_cases(logs[sides[0].path], log)
    built = [
        (_side(columns[ref.path], target, ref, several_logs), target, logs[ref.path].header) for ref, target in expanded
    ]
    first, first_target, first_header = built[0]
    silver, rules = silver_said(logs.values()), tuple(rules_of(logs.values()))
    return tuple(
        replaced(
            compare_sides(first, other, differs=_differences(first_target, target, first_header, header)),
            silver=silver,
            rules=rules,
        )
        for other, target, header in built[1:]
    )


def _same_cases(first: RunLog, other: RunLog) -> None:
    """Raise DataError where a fixture of both logs has another input or gold."""
    changed: dict[str, str] = {}
    for id, fixture in other.fixtures.items():
        before = first.fixtures.get(id)
        if before is not None and before.hash != fixture.hash:
            changed[id] = " and ".join(part for part in fixture_changes(before, fixture) if part != "tags")
    if changed:
        listed = ", ".join(f"{id} ({what})" for id, what in list(changed.items())[:5])
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        noun = "fixture differs" if len(changed) == 1 else "fixtures differ"
        message = f"{len(changed)} {noun} between the two sides: {listed}{more}."
        raise DataError(message, hint="regrade one log with the other's suite: milo-bench grade LOG --suite SUITE.")


@dataclass(frozen=True)
class _Columns:
    """The fixtures of one log, and its attempts."""

    table: FixtureTable
    cases: tuple[Cases, ...]
    stopped: bool


def _columns(log: RunLog) -> _Columns:
    table = fixture_table(list(log.fixtures.values()), contracts=join_contracts([log]))
    cases, _ = rows_that_count([log], table, join_columns([log], table))
    return _Columns(table, tuple(cases.values()), log.header.plan.stopping is not None)


def _decodings_compared(log: RunLog, target: TargetRecord) -> Comparison:
    """Free against constrained answers of one target, fixture by fixture; workloads without a schema are left out."""
    columns = _columns(log)
    of_target = [cases for cases in columns.cases if cases.target == target.name]
    sides: dict[Decoding, list[Cases]] = {"free": [], "constrained": []}
    constrained = {cases.workload: cases for cases in of_target if cases.decoding == "constrained"}
    for cases in of_target:
        if cases.workload in constrained:
            both = np.isin(cases.fixture, constrained[cases.workload].fixture)
            # Under one name for the decoding, so that the two answers to a fixture are its pair.
            sides[cases.decoding].append(replace(cases.take(both), decoding="free"))
    first, second = (
        Side(f"{target.name}, {decoding}", columns.table, cases, columns.stopped) for decoding, cases in sides.items()
    )
    return compare_sides(first, second, differs=["decoding: free → constrained"])


def _targets_of(log: RunLog, ref: SideRef) -> list[TargetRecord]:
    if not ref.target:
        return list(log.header.targets)
    found = [target for target in log.header.targets if target.name == ref.target]
    if not found:
        message = f"{ref.path} has no target '{ref.target}'."
        raise UsageError(message, hint=hint_for(ref.target, [t.name for t in log.header.targets], noun="targets"))
    return found


def _side(columns: _Columns, target: TargetRecord, ref: SideRef, several_logs: bool) -> Side:
    name = f"{target.name} ({ref.path.name})" if several_logs else target.name
    return Side(name, columns.table, [cases for cases in columns.cases if cases.target == target.name], columns.stopped)


def _differences(a: TargetRecord, b: TargetRecord, first: RunHeader, second: RunHeader) -> list[str]:
    """What besides the answers is not the same on both sides, in words."""
    found = [f"{part}: {old} → {new}" for part, old, new in differences(a, b)]
    test = compare_behaviour(a.behaviour, b.behaviour)
    if test.outcome == "another":
        found.append(f"behaviour: {test.differing} of {test.prompts} fixed prompts get another answer")
    machines = (first.inventory[:12], second.inventory[:12])
    if machines[0] != machines[1]:
        found.append(f"machine: {machines[0] or 'unknown'} → {machines[1] or 'unknown'}")
    theirs = {workload.name: workload for workload in second.workloads}
    if first.suite.name == second.suite.name and first.suite.version != second.suite.version:
        found.append(f"suite version: {first.suite.version} → {second.suite.version}")
    for workload in first.workloads:
        other = theirs.get(workload.name)
        if other is not None:
            before, now = (
                contract_digests(one) | header.digests.get(one.name, {})
                for one, header in ((workload, first), (other, second))
            )
            found += contract_changes(workload.name, before, now)
    if first.plan.concurrency != second.plan.concurrency:
        found.append(f"concurrency: {first.plan.concurrency} → {second.plan.concurrency}")
    return found
