"""Run logs in, how each target did on each case of a role out, with what people scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from milo_bench.api.roles.escalating import TAG
from milo_bench.api.roles.mining import execute_coder
from milo_bench.config.roles.file import RegistryFile
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.records import Measure, TargetRecord
from milo_bench.decide.promotion.records import RoleOutcome
from milo_bench.decide.records import Candidate
from milo_bench.evidence.gather import review_measures
from milo_bench.evidence.judging import judge_log
from milo_bench.evidence.reviewing import read_review
from milo_bench.roles.labels import label_precision
from milo_bench.roles.outcomes import outcome_of
from milo_bench.store.erasures import read_erasures
from milo_bench.store.log.reader import RunLog, read_run_log


@dataclass
class RoleEvidence:
    """What run logs hold for a registry: outcomes by target and fixture, and where they come from."""

    outcomes: dict[str, dict[str, RoleOutcome]] = field(default_factory=dict)
    targets: dict[str, TargetRecord] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    suites: dict[str, str] = field(default_factory=dict)
    fixtures: dict[str, str] = field(default_factory=dict)
    unjudged: int = 0
    escalated: int = 0
    labels: str = ""
    people: Sequence[tuple[Candidate, Measure]] = ()


def gather_roles(
    logs: Sequence[Path],
    file: RegistryFile,
    env: Mapping[str, str],
    *,
    review: Path | None = None,
    unsafe_here: bool = False,
) -> RoleEvidence:
    """Judge the logs' answers to workloads that a role has. Coder answers that were not run yet are run.

    ``review`` holds scores of people for answers in the logs. Raises DataError where it is of other logs.
    """
    if not logs:
        raise UsageError("No run log was given.", hint="milo-bench roles promote runs/LOG.jsonl")
    workloads = {name for role in file.roles.values() for name in role.workloads}
    found = RoleEvidence()
    read: list[RunLog] = []
    for path in logs:
        execute_coder(path, env, unsafe_here=unsafe_here)
        log = read_run_log(path)
        _gather(log, path, workloads, file, found)
        read.append(log)
    if review is not None:
        erased = {log.path: read_erasures(log.path) for log in read if log.has_erased}
        found.people = review_measures(read_review(review), read, erased)
    if not found.outcomes and found.escalated:
        message = "The logs have only answers of escalation steps, which decide no role."
        raise UsageError(message, hint="give the log of the run that was escalated.")
    if not found.outcomes:
        names = sorted({workload.name for path in logs for workload in read_run_log(path).header.workloads})
        message = f"The logs have no answers to the registry's workloads, only to {', '.join(names)}."
        raise DataError(message, hint="run the mined suite, or correct 'workloads' in the registry.")
    return found


def _gather(log: RunLog, path: Path, workloads: set[str], file: RegistryFile, found: RoleEvidence) -> None:
    suite = log.header.suite
    known = found.suites.setdefault(suite.name, suite.hash)
    found.logs[path.name if path.name not in found.logs else str(path)] = log.sha256
    if known != suite.hash:
        found.suites[f"{suite.name} ({path.name})"] = suite.hash
    for target in log.header.targets:
        found.targets[target.name] = target
    if log.header.suite_folder:
        found.labels = label_precision(Path(log.header.suite_folder)) or found.labels
    minutes = file.policy.minutes
    for judged in judge_log(log):
        key = judged.attempt.key
        if judged.fixture.workload not in workloads or key.repeat or key.decoding != "free":
            continue
        if TAG in judged.fixture.tags:  # chosen by what the incumbent rejected, so no fair sample of anything
            found.escalated += 1
            continue
        hash_ = found.fixtures.setdefault(judged.fixture.id, judged.fixture.hash)
        if hash_ != judged.fixture.hash:
            message = f"Fixture '{judged.fixture.id}' differs between the logs."
            raise DataError(message, hint="judge logs of one version of the suite.")
        price = found.targets[key.target].price
        outcome = outcome_of(judged.attempt, judged.fixture, judged.graded, minutes, price)
        if outcome is None:
            found.unjudged += 1
        else:
            found.outcomes.setdefault(key.target, {}).setdefault(judged.fixture.id, outcome)
