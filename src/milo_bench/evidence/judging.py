"""Run logs in; verdicts, scorecards and comparisons out. No model is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.paths import AnyPaths, as_paths
from milo_bench.core.records import Attempt, AttemptKey, Fixture, Graded, RunHeader, TargetRecord
from milo_bench.core.suggest import closest, hint_for
from milo_bench.core.version import __version__
from milo_bench.grade.engine import grade_attempt
from milo_bench.run.plan import plan_attempts
from milo_bench.stats.compare import Comparison, Side, compare_sides
from milo_bench.stats.scorecard import Scorecard, ScorecardBuilder
from milo_bench.store.log.reader import RunLog, read_run_log
from milo_bench.store.verdicts import VerdictHeader, read_verdicts, verdicts_path, write_verdicts


@dataclass(frozen=True)
class GradedAttempt:
    """One attempt beside its fixture and its verdicts."""

    attempt: Attempt
    fixture: Fixture
    graded: Graded


def grade_logs(paths: AnyPaths, *, fixture: str | None = None) -> Iterator[GradedAttempt]:
    """Grade the attempts of one or more run logs with the checks of this version, one by one.

    With ``fixture``, only the attempts on that fixture. Calls no model. Raises DataError for a log that
    cannot be graded and UsageError for a fixture that is not in the logs.
    """
    known: list[str] = []
    for path in as_paths(paths):
        log = read_run_log(path)
        known += log.fixtures
        for judged in judge_log(log):
            if fixture is None or judged.fixture.id == fixture:
                yield judged
    if fixture is not None and fixture not in known:
        guess = closest(fixture, known)
        message = f"There is no fixture '{fixture}' in these logs."
        raise UsageError(message, hint=f"Did you mean '{guess}'?" if guess else f"They hold {len(known)} others.")


def save_verdicts(path: Path, graded: Iterable[Graded]) -> int:
    """Write verdicts to ``path``, one attempt a line; how many. Raises PrerequisiteError."""
    return write_verdicts(path, VerdictHeader(run_id="", tool_version=__version__), graded)


def judge_log(log: RunLog) -> Iterator[GradedAttempt]:
    """Judge the attempts of a log, in the order they were recorded; of retries the last one counts.

    A log that was stored without its texts, or redacted, cannot be judged again; the verdicts that
    the run wrote beside it are read instead. Raises DataError where they are missing.
    """
    if log.header.store_text != "full":
        yield from _with_stored_verdicts(log)
        return
    workloads = {workload.name: workload for workload in log.header.workloads}
    for attempt in final_attempts(log.attempts):
        fixture = log.fixtures[attempt.key.fixture]
        yield GradedAttempt(attempt, fixture, grade_attempt(workloads[fixture.workload], fixture, attempt))


def _with_stored_verdicts(log: RunLog) -> Iterator[GradedAttempt]:
    path = verdicts_path(log.path)
    verdicts = read_verdicts(path)
    for attempt in final_attempts(log.attempts):
        if attempt.key not in verdicts:
            message = f"{path} has no verdict on {attempt.key.fixture} for {attempt.key.target}."
            raise DataError(
                message, hint="a log stored without its full text cannot be judged again; run it once more."
            )
        yield GradedAttempt(attempt, log.fixtures[attempt.key.fixture], verdicts[attempt.key])


def final_attempts(attempts: Sequence[Attempt]) -> Iterator[Attempt]:
    """The last retry of every key, in order of record."""
    if all(attempt.key.retry == 0 for attempt in attempts):
        yield from attempts
        return
    last: dict[tuple[str, str, int, str], int] = {}
    for attempt in attempts:
        last[_without_retry(attempt.key)] = max(attempt.key.retry, last.get(_without_retry(attempt.key), 0))
    for attempt in attempts:
        if attempt.key.retry == last[_without_retry(attempt.key)]:
            yield attempt


def _without_retry(key: AttemptKey) -> tuple[str, str, int, str]:
    return (key.fixture, key.target, key.repeat, key.decoding)


def score_logs(paths: AnyPaths) -> tuple[Scorecard, ...]:
    """One scorecard for each suite (name, hash and variants) in one or more run logs. Calls no model.

    Logs of the same suite are combined; different suites or versions never are. Raises DataError if
    logs to combine contain the same attempt, or one target name for two models.
    """
    builders: dict[tuple[str, str, str], ScorecardBuilder] = {}
    seen: dict[tuple[str, str, str], dict[AttemptKey, Path]] = {}
    for path in as_paths(paths):
        log = read_run_log(path)
        header = log.header
        if not log.attempts and log.episodes:
            message = f"{path} holds operator episodes, and no attempts to score."
            raise DataError(message, hint="their points stand in them: milo-bench operator report LOG --out FOLDER")
        if not log.attempts and (log.load_windows or log.probes):
            message = f"{path} holds load windows or probe results, and no attempts to score."
            raise DataError(message, hint="'milo-bench run' makes a log that can be scored.")
        place = (header.suite.name, header.suite.hash, repr(sorted(header.plan.variants.items())))
        builder = builders.get(place)
        if builder is None:
            builder = builders[place] = ScorecardBuilder(header.suite, header.targets, header.plan.variants)
            seen[place] = {}
        else:
            _join_targets(builder, header, path)
        builder.planned += planned_attempts(header)
        for judged in judge_log(log):
            key = judged.attempt.key
            if key in seen[place]:
                message = f"{path} and {seen[place][key]} both hold {key.fixture} on {key.target}."
                raise DataError(message, hint="score them one at a time, or use 'compare' to set runs side by side.")
            seen[place][key] = path
            builder.add(judged.attempt, judged.graded, judged.fixture)
        for sample in log.telemetry:
            if sample.memory_bytes is not None and sample.target:
                builder.add_memory(sample.target, sample.memory_bytes)
    return tuple(builder.build() for builder in builders.values())


def planned_attempts(header: RunHeader) -> int:
    """How many attempts the plan asks for, retries aside."""
    return len(plan_attempts(header.plan))


def _join_targets(builder: ScorecardBuilder, header: RunHeader, path: Path) -> None:
    for target in header.targets:
        known = builder.targets.setdefault(target.name, target)
        if _identity(known) != _identity(target):
            message = f"Target '{target.name}' in {path} is not the model that it is in the logs before."
            raise DataError(message, hint="score the logs one at a time, or set them side by side with 'compare'.")


def _identity(target: TargetRecord) -> tuple[str, str, str]:
    return (target.model, target.model_digest, target.quantisation)


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
            return (_decodings_compared(log, target),)
    if len(expanded) < 2:
        message = "There is only one side to compare."
        raise UsageError(message, hint="give two run logs, or one that holds two targets.")
    several_logs = len(logs) > 1
    built = [
        (_side(logs[ref.path], target, ref, several_logs), target, logs[ref.path].header) for ref, target in expanded
    ]
    first, first_target, first_header = built[0]
    return tuple(
        compare_sides(first, other, differs=_differences(first_target, target, first_header, header))
        for other, target, header in built[1:]
    )


def _decodings_compared(log: RunLog, target: TargetRecord) -> Comparison:
    """Free against constrained answers of one target, fixture by fixture; workloads without a schema are left out."""
    sides = {decoding: Side(f"{target.name}, {decoding}") for decoding in ("free", "constrained")}
    both = {attempt.key.fixture for attempt in log.attempts if attempt.key.decoding == "constrained"}
    for judged in judge_log(log):
        key = judged.attempt.key
        if key.target == target.name and key.fixture in both:
            # Under one name for the decoding, so that the two answers to a fixture are its pair.
            paired = msgspec.structs.replace(judged.attempt, key=msgspec.structs.replace(key, decoding="free"))
            sides[key.decoding].add(paired, judged.graded, judged.fixture)
    return compare_sides(sides["free"], sides["constrained"], differs=["decoding: free → constrained"])


def _targets_of(log: RunLog, ref: SideRef) -> list[TargetRecord]:
    if not ref.target:
        return list(log.header.targets)
    found = [target for target in log.header.targets if target.name == ref.target]
    if not found:
        message = f"There is no target '{ref.target}' in {ref.path}."
        raise UsageError(message, hint=hint_for(ref.target, [t.name for t in log.header.targets], noun="targets"))
    return found


def _side(log: RunLog, target: TargetRecord, ref: SideRef, several_logs: bool) -> Side:
    side = Side(f"{target.name} ({ref.path.name})" if several_logs else target.name)
    for judged in judge_log(log):
        if judged.attempt.key.target == target.name:
            side.add(judged.attempt, judged.graded, judged.fixture)
    return side


def _differences(a: TargetRecord, b: TargetRecord, first: RunHeader, second: RunHeader) -> list[str]:
    """What besides the answers is not the same on both sides, in words."""
    found = [
        f"{label}: {old or 'unknown'} → {new or 'unknown'}"
        for label, old, new in (
            ("model", a.model, b.model),
            ("quantisation", a.quantisation, b.quantisation),
            ("weights", a.model_digest[:19], b.model_digest[:19]),
            ("runtime", f"{a.runtime} {a.runtime_version}".strip(), f"{b.runtime} {b.runtime_version}".strip()),
            ("machine", first.inventory[:12], second.inventory[:12]),
        )
        if old != new
    ]
    theirs = {workload.name: workload for workload in second.workloads}
    for workload in first.workloads:
        other = theirs.get(workload.name)
        if other is not None and other.prompt_hash != workload.prompt_hash:
            found.append(f"prompt of {workload.name}: {workload.prompt_name} → {other.prompt_name}")
        if other is not None and other.schema_hash != workload.schema_hash:
            found.append(f"schema of {workload.name}")
    if first.plan.concurrency != second.plan.concurrency:
        found.append(f"concurrency: {first.plan.concurrency} → {second.plan.concurrency}")
    return found
