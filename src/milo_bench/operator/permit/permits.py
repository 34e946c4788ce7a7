"""Operator runs and a policy in, permissions out: one a target, a level a kind of work, from lower bounds alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from milo_bench.config.policy.operator import LEVELS, KindConfig, OperatorPolicy
from milo_bench.core.errors import DataError
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import TargetRecord
from milo_bench.core.units import share
from milo_bench.economics.assumptions import Assumption
from milo_bench.economics.units import parse_unit
from milo_bench.operator.cost import operator_cost, work_of
from milo_bench.operator.permit.criteria import (
    age_criterion,
    bound_of_clean_record,
    level_criteria,
    trials_for_clean_record,
    void_criterion,
)
from milo_bench.operator.permit.holds import PINNED, day_of, list_void_conditions
from milo_bench.operator.permit.records import (
    Criterion,
    Granted,
    KindPermission,
    LevelResult,
    OperatorPermit,
    PermissionEvidence,
    PermitOutcome,
)
from milo_bench.operator.totals import operator_totals, pass_rate
from milo_bench.operator.trials import OperatorRun, Trial, trials_of
from milo_bench.operator.worlds.session import BENCH_VERSION
from milo_bench.operator.worlds.tasks import all_tasks, met_tasks


def task_behaviours() -> dict[str, str]:
    """Each task that exists, the user's own ones of the logs that were read included, and what behaviour it tests."""
    return {task.name: task.group for task in (*all_tasks(), *met_tasks())}


def permits_of(
    runs: Sequence[OperatorRun],
    policy: OperatorPolicy,
    *,
    today: date,
    power_w: Mapping[str, float] | None = None,
    regraded: Mapping[str, int] | None = None,
) -> tuple[OperatorPermit, ...]:
    """One permit a target of ``runs``.

    ``power_w`` is measured power by target, ``regraded`` how many of
    its episodes were graded again.
    Raises DataError where a target is not the same in all runs, or there is no episode at all.
    """
    if not any(run.episodes for run in runs):
        message = "These logs have no operator episodes."
        raise DataError(message, hint="'milo-bench operator run' writes a log that has some.")
    trials = trials_of(runs)
    return tuple(
        _permit(
            target, runs, trials, policy, today, (power_w or {}).get(target.name), (regraded or {}).get(target.name, 0)
        )
        for target in _targets(runs)
    )


def assumptions_of(policy: OperatorPolicy, *, power_w: float | None = None) -> dict[str, Assumption]:
    """The policy's cost assumptions; a measured power takes the place of the assumed one."""
    found: dict[str, Assumption] = {
        name: Assumption(name, parse_unit(r.unit), r.low, r.base, r.high, r.source, "stated")
        for name, r in policy.cost.items()
    }
    if power_w is not None:
        unit = parse_unit("W")
        found["power"] = Assumption("power", unit, power_w, power_w, power_w, "measured in the run", "measured")
    return found


def _targets(runs: Sequence[OperatorRun]) -> tuple[TargetRecord, ...]:
    found: dict[str, tuple[str, TargetRecord]] = {}
    for run in runs:
        for target in run.header.targets:
            log, known = found.setdefault(target.name, (run.name, target))
            for field in PINNED:
                if getattr(known, field) != getattr(target, field):
                    was, now = getattr(known, field) or "unknown", getattr(target, field) or "unknown"
                    message = f"'{target.name[:60]}' has {field} {now} in {run.name}, but {was} in {log}."
                    raise DataError(message, hint="ask for a permit from one log at a time.")
    return tuple(target for _, target in found.values())


def _permit(
    target: TargetRecord,
    runs: Sequence[OperatorRun],
    trials: Sequence[Trial],
    policy: OperatorPolicy,
    today: date,
    power_w: float | None,
    regraded: int,
) -> OperatorPermit:
    rows = [trial for trial in trials if trial.target == target.name]
    mine = [run for run in runs if any(item.name == target.name for item in run.header.targets)]
    dated = min(run.header.created_at for run in mine)
    valid_days = policy.valid_days if target.model_digest else policy.valid_days_unpinned
    episodes = sum(episode.key.target == target.name for run in mine for episode in run.episodes)
    expires = day_of(dated) + timedelta(days=valid_days)
    age = None
    if today > expires:
        age = age_criterion(day_of(dated), expires)
    (total,) = operator_totals(rows, confidence=policy.confidence) or (None,)
    if total is None:
        message = f"The plan of {mine[0].name} has no operator task for '{target.name[:60]}'."
        raise DataError(message, hint="'milo-bench operator run' writes a log that has some.")
    return OperatorPermit(
        **{field: getattr(target, field) for field in PINNED},
        target=target.name,
        seeds=total.seeds,
        bench_version=_bench_version(mine),
        issued=today.isoformat(),
        expires=expires.isoformat(),
        policy=policy.name,
        policy_hash=sha256_data(policy.model_dump(mode="json")),
        confidence=policy.confidence,
        kinds=tuple(_kind(name, kind, rows, policy, total.headline, age) for name, kind in policy.kinds.items()),
        void_when=list_void_conditions(target, expires, total.seeds, bench_version=_bench_version(mine)),
        notes=_notes(target, valid_days, episodes - regraded, len(_left_out(mine))),
        total=total,
        cost=operator_cost(work_of(target, runs, trials), assumptions_of(policy, power_w=power_w)),
        evidence=PermissionEvidence(
            runs=tuple(run.header.run_id for run in mine),
            logs=tuple(run.name for run in mine),
            created_at=dated,
            suite=f"{mine[0].header.suite.name} {mine[0].header.suite.version}",
            tool_versions=tuple(sorted({run.header.tool_version for run in mine})),
            protocols=tuple(sorted({e.protocol for run in mine for e in run.episodes if e.key.target == target.name})),
            episodes=episodes,
            regraded=regraded,
        ),
    )


def _kind(
    name: str,
    kind: KindConfig,
    trials: Sequence[Trial],
    policy: OperatorPolicy,
    headline: str,
    age: Criterion | None,
) -> KindPermission:
    groups = task_behaviours()
    behaviours = tuple(dict.fromkeys([*(groups[task] for task in kind.tasks), *kind.behaviours]))
    void = void_criterion(trials, kind, policy.most_void_share)
    shared = tuple(item for item in (age, void) if item is not None)
    results = []
    for level in LEVELS:
        criteria = shared + level_criteria(trials, kind, policy.levels[level], behaviours, policy.confidence)
        results.append(LevelResult(level, _together(criteria), criteria))
    granted: Granted = "none"
    stopped: LevelResult | None = None
    for result in results:
        if result.outcome != "holds":
            stopped = result
            break
        granted = result.level
    n = pass_rate([trial for trial in trials if trial.task in kind.tasks]).n
    open_criteria = [item for item in stopped.criteria if item.outcome != "holds"] if stopped else []
    more, at_rate = None, None
    if stopped is not None and stopped.outcome == "undecided":
        more = max((item.more for item in open_criteria if item.more is not None), default=None)
        rates = [item.more_at_this_rate for item in open_criteria]
        at_rate = None if None in rates else max((rate for rate in rates if rate is not None), default=None)
    reasons = tuple(item.text for item in open_criteria)
    if granted == "none" and not any(trial.passed for trial in trials):
        reasons = (headline.rstrip("."), *reasons)
    return KindPermission(
        kind=name,
        title=kind.title,
        level=granted,
        next_level=stopped.level if stopped else "",
        next_outcome=stopped.outcome if stopped else "holds",
        more=more,
        more_at_this_rate=at_rate,
        reasons=reasons,
        supports=bound_of_clean_record(n, policy.confidence),
        proves=describe_proof(n, policy.confidence),
        trials=n,
        results=tuple(results),
    )


def _together(criteria: Sequence[Criterion]) -> PermitOutcome:
    outcomes = {item.outcome for item in criteria}
    return "fails" if "fails" in outcomes else "undecided" if "undecided" in outcomes else "holds"


def describe_proof(n: int, confidence: float) -> str:
    """What ``n`` trials can show at best, and what it takes to show more."""
    if n == 0:
        return "No trials, so nothing is proven."
    bound = bound_of_clean_record(n, confidence)
    text = f"Even with no failures, {n} trials could only show a failure rate under {share(bound)}."
    needed = trials_for_clean_record(0.05, confidence)
    return text if n >= needed else f"{text} Under 5% needs {needed} trials without a failure."


def _left_out(runs: Sequence[OperatorRun]) -> frozenset[str]:
    """Earlier runs of the same operators that the logs of ``runs`` name and that are not among them."""
    counted = {run.header.run_id for run in runs}
    return frozenset(run_id for run in runs for run_id in run.header.earlier or () if run_id not in counted)


def _notes(target: TargetRecord, valid_days: int, taken: int, left_out: int) -> tuple[str, ...]:
    notes = [
        "It covers these tasks at other seeds. Work unlike them is not covered.",
        "Bounds hold only if the number of trials was fixed beforehand. Adding trials until a level is granted "
        "invalidates them.",
    ]
    if left_out:
        notes.append(
            f"Earlier runs of it in the same folder that are not counted here: {left_out}. No bound covers a choice "
            "among runs."
        )
    if taken:
        notes.append(f"Episodes taken as recorded, without regrading: {taken}.")
    if not target.model_digest:
        notes.append(
            "The runtime gives no digest of the weights, so a changed model can go unnoticed. "
            f"The permit lasts {valid_days} days."
        )
    return tuple(notes)


def _bench_version(runs: Sequence[OperatorRun]) -> int:
    """The oldest version of the bench among the episodes; of a log without event logs, this version's."""
    found = [
        int(episode.log[0].get("bench_version", BENCH_VERSION))
        for run in runs
        for episode in run.episodes
        if episode.log
    ]
    return min(found, default=BENCH_VERSION)
