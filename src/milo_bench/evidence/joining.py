"""Logs that belong together in; their targets, fixtures and columns, joined, out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from milo_bench.core.errors import DataError
from milo_bench.core.records import Fixture, TargetRecord, Workload
from milo_bench.core.weights.served import differences
from milo_bench.decide.records import Candidate
from milo_bench.evidence.grade_columns import GradingPool, grade_to_columns
from milo_bench.run.asked.alike import Contracts
from milo_bench.stats.cases.columns import Cases, FixtureTable, RepeatedAttempt, final_retries
from milo_bench.stats.cases.joining import join_cases
from milo_bench.stats.cases.warm_failures import with_failures_aside
from milo_bench.store.log.reader import RunLog
from milo_bench.store.stored_text import stored_group

# Where one of these is another, it is another model under one name; threads and slots may differ between logs.
_ONE_MODEL = ("model", "weights", "quantisation", "adapters", "chat template", "cache", "default parameters")
_ALONE = "use the logs one at a time, or compare them with 'milo-bench compare'."


def join_targets(logs: Iterable[RunLog]) -> dict[str, TargetRecord]:
    """Every target, from the log that knows most about it: a log of probes may not know a digest.

    Raises DataError if one name is used for two models.
    """
    found: dict[str, TargetRecord] = {}
    for log in logs:
        for target in log.header.targets:
            known = found.setdefault(target.name, target)
            for part, old, new in differences(known, target):
                if part in _ONE_MODEL and "unknown" not in (old, new):
                    message = f"Target '{target.name}' has {part} {new!r} in {log.path}, but {old!r} before."
                    raise DataError(message, hint=_ALONE)
            if (len(log.attempts) > 0, target.model_digest != "") > (False, known.model_digest != ""):
                found[target.name] = target
    return found


def join_fixtures(logs: Iterable[RunLog]) -> dict[str, Fixture]:
    """Every fixture, with its text if one of the logs has it. Raises DataError if two logs have different ones."""
    found: dict[str, Fixture] = {}
    for log in logs:
        for fixture in log.fixtures.values():
            known = found.setdefault(fixture.id, fixture)
            if known.hash != fixture.hash:
                message = f"Fixture '{fixture.id}' in {log.path} differs from the one in the other logs."
                raise DataError(message, hint="the suite changed between the runs. Use each log separately.")
            if not {known.group, stored_group(known.group)} & {fixture.group, stored_group(fixture.group)}:
                message = f"Fixture '{fixture.id}' in {log.path} has another group than in the other logs."
                raise DataError(message, hint="regrade the logs with one suite: milo-bench grade LOG --suite SUITE.")
            if not known.input and fixture.input:
                found[fixture.id] = fixture  # a log without texts came first
    return found


def join_contracts(logs: Iterable[RunLog]) -> Contracts:
    """Every contract under which a workload was sent; one for each prompt and what prepares it."""
    found: dict[str, list[Workload]] = {}
    for log in logs:
        for workload in log.header.workloads:
            known = found.setdefault(workload.name, [])
            if all(_asks(one) != _asks(workload) for one in known):
                known.append(workload)
    return found


def _asks(contract: Workload) -> tuple[object, ...]:
    return contract.prompt_source, contract.prepare, contract.chunks, contract.resources


def join_columns(
    logs: Iterable[RunLog], table: FixtureTable, *, cut: bool = False, pool: GradingPool | None = None
) -> dict[Candidate, Cases]:
    """The final attempts of each candidate, in the order in which candidates first appear.

    ``cut``: also of answers without their uncited sentences, as a variant of that name. ``pool`` judges the answers,
    this machine unless given.
    Raises DataError for a line that is not a record or does not agree with its plan, and for an
    attempt that is in two logs.
    """
    numbers = table.numbers()
    pieces: dict[Candidate, list[Cases]] = {}
    for log in logs:
        for candidate, columns in grade_to_columns(log, numbers, cut=cut, pool=pool).items():
            pieces.setdefault(candidate, []).append(columns)
    return {candidate: _joined(candidate, columns, table) for candidate, columns in pieces.items()}


def _joined(candidate: Candidate, pieces: Sequence[Cases], table: FixtureTable) -> Cases:
    try:
        return with_failures_aside(final_retries(join_cases(pieces)))
    except RepeatedAttempt as error:
        message = f"The logs contain the same attempt twice: {table.ids[error.fixture]} of {candidate.text}."
        raise DataError(message, hint="leave out the log that repeats another one, or use 'compare'.") from None


def find_peak_memory_bytes(logs: Iterable[RunLog]) -> Mapping[str, int]:
    """The most memory that each target's server used in any of the logs, where it was sampled."""
    peaks: dict[str, int] = {}
    for log in logs:
        for target, peak in log.peak_memory_bytes.items():
            peaks[target] = max(peak, peaks.get(target, 0))
    return peaks
