"""A run that is not started in; what it will take, likely and at most, out. Nothing is sent or written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from milo_bench.api.running import PlannedRun, RunOptions, plan_run
from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.config.routing.use_names import use_of, workload_of
from milo_bench.core.chat import ChatRequest
from milo_bench.core.errors import MiloError
from milo_bench.core.records import Attempt, TargetRecord
from milo_bench.decide.gates.looking import confidence_of_passes, is_decided_by_answers, least_to_pass
from milo_bench.decide.records import Candidate
from milo_bench.decide.uses import candidates_of, spread_policy
from milo_bench.run.estimate import Estimate, Extent, RequestPace, RunEstimate, at_most, estimate_target
from milo_bench.run.prepare import prepare
from milo_bench.run.spec import lane_of
from milo_bench.stats.betting import total_to_decide
from milo_bench.store.log.lines import read_header
from milo_bench.store.log.reader import read_run_log

_NEWEST: Final = 20  # logs beside the one to be written that are looked into for how fast a target was


def estimate_run(options: RunOptions, env: Mapping[str, str] | None = None) -> RunEstimate:
    """What ``run_suite`` would take with the same options. Starts no target, sends nothing and writes nothing.

    How fast a target is comes from the newest logs in the folder of ``out``; without one, likely times are None.
    Raises as ``run_suite`` does for mistakes that show before a model is loaded.
    """
    planned = plan_run(options, os.environ if env is None else env)
    spec = planned.spec
    requests: dict[str, list[ChatRequest]] = {}
    for fixture in spec.planned_fixtures():
        request = prepare(fixture, spec.workloads[fixture.workload]).all_in_one
        if request is not None:
            requests.setdefault(fixture.workload, []).append(request)
    extents, least, beyond = _extents(planned, {name: len(of_it) for name, of_it in requests.items()})
    paces = _paces(planned)
    withheld = {name: frozenset(ids) for name, ids in spec.plan.withheld.items()}
    sensitive = {
        name: sum(f.workload == name and f.id in ids for f in spec.planned_fixtures())
        for ids in withheld.values()
        for name in requests
    }
    found = tuple(
        estimate_target(
            record.name,
            spec.plan,
            requests,
            {
                name: _without(extents[name], sensitive.get(name, 0) if record.name in withheld else 0)
                for name in requests
            },
            price=record.price,
            pace=paces.get(record.name),
        )
        for record in planned.records
    )
    likely_s, at_most_s = _side_by_side(found, planned.records)
    limit_s = None if options.max_minutes is None else options.max_minutes * 60
    return RunEstimate(
        targets=found,
        fixtures=extents,
        least=least,
        beyond=beyond,
        budget=spec.budget,
        likely_s=at_most(likely_s, limit_s),
        at_most_s=at_most(at_most_s, limit_s) or 0.0,
    )


def _extents(
    planned: PlannedRun, fixtures: Mapping[str, int]
) -> tuple[dict[str, Extent], dict[str, int], tuple[str, ...]]:
    """Fixtures of each workload; under a stopping rule, with what its gates take at the least."""
    stopping = planned.stopping
    if stopping is None:
        return {name: Extent(count, count) for name, count in fixtures.items()}, {}, ()
    policy = read_policy(stopping.policy_text, name=stopping.policy)
    extents: dict[str, Extent] = {}
    least: dict[str, int] = {}
    beyond: list[str] = []
    for name, count in fixtures.items():
        available = max(count, stopping.most_fixtures)
        totals = _totals(policy, planned.records, name, tuple(fixtures))
        least |= {f"{name}: {gate}": total for gate, (total, _) in totals.items()}
        beyond += [f"{name}: {gate}" for gate, (total, _) in totals.items() if total > available]
        if not totals:
            extents[name] = Extent(count, count, "no gate that answers can decide")
            continue
        halfway = max(typical for _, typical in totals.values())
        extents[name] = Extent(
            min(halfway, available), available, "if models are halfway between each threshold and perfect"
        )
    return extents, least, tuple(beyond)


def _totals(
    policy: PolicyFile, records: Sequence[TargetRecord], workload: str, workloads: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Of each gate: fixtures if every answer is good, and if the rate is halfway between the threshold and that."""
    judged = tuple(
        one
        for name in workloads
        if name in policy.workloads
        for record in records
        if record.name != policy.baseline
        for one in candidates_of(policy, Candidate(name, record.name))
    )
    spread = spread_policy(policy)
    found = {}
    for candidate in {one.workload: one for one in judged if workload_of(one.workload) == workload}.values():
        confidence = confidence_of_passes(spread, judged, candidate)
        use = use_of(candidate.workload)
        for gate in spread.gates_of(candidate.workload):
            total = least_to_pass(gate, confidence) if is_decided_by_answers(gate) else None
            bound = gate.at_least if gate.at_least is not None else gate.at_most
            if total is None or bound is None:
                continue
            middle = total_to_decide((1 + bound) / 2, bound, confidence)
            if gate.direction == "at_most":
                middle = total_to_decide(1 - bound / 2, 1 - bound, confidence)
            key = f"{use}: {gate.key}" if use else gate.key
            found[key] = (total, total if middle is None or not 0 < bound < 1 else middle)
    return found


def _paces(planned: PlannedRun) -> dict[str, RequestPace]:
    """How fast each target was in the newest log beside the one to be written that ran the same suite on it."""
    wanted = {record.name: record for record in planned.records}
    found: dict[str, RequestPace] = {}
    folder = planned.path.parent
    # A link that leads nowhere, a pipe or a folder of such a name is no log.
    beside = [one for one in folder.glob("*.jsonl") if one.is_file()] if folder.is_dir() else []
    logs = sorted(beside, key=lambda one: one.stat().st_mtime, reverse=True)
    for path in logs[:_NEWEST]:
        for name, pace in _paces_of(path, planned.spec.suite.name, wanted).items():
            found.setdefault(name, pace)
        if found.keys() == wanted.keys():
            break
    return found


def _paces_of(path: Path, suite: str, wanted: Mapping[str, TargetRecord]) -> dict[str, RequestPace]:
    try:
        header = read_header(path)
        same = {one.name for one in header.targets if one.name in wanted and one.model == wanted[one.name].model}
        if header.suite.name != suite or not same:
            return {}
        answered: dict[str, list[Attempt]] = {}
        for attempt in read_run_log(path).attempts:
            if attempt.key.target in same and attempt.failure is None and not attempt.bypass and attempt.source is None:
                answered.setdefault(attempt.key.target, []).append(attempt)
    except (MiloError, OSError):
        return {}  # another file, or one that is being written: no figure rests on it
    return {name: _pace(attempts, path) for name, attempts in answered.items()}


def _pace(attempts: Sequence[Attempt], path: Path) -> RequestPace:
    # The time from answer to answer, not the wait of one: that is what a closed loop takes.
    tokens = [one.usage.completion_tokens for one in attempts if one.usage.completion_tokens is not None]
    return RequestPace(
        latency_s=sum(one.timings.ended_s - one.timings.started_s for one in attempts) / len(attempts),
        output_tokens=median(tokens) if tokens else None,
        source=str(path),
    )


def _side_by_side(found: Sequence[Estimate], records: Sequence[TargetRecord]) -> tuple[float | None, float]:
    """Likely and most seconds: targets on one machine one after the other, machines beside each other."""
    lanes: dict[str, list[Estimate]] = {}
    for one, record in zip(found, records, strict=True):
        lanes.setdefault(lane_of(record), []).append(one)
    known = all(one.likely_s is not None for one in found)
    likely = max(sum(one.likely_s or 0.0 for one in lane) for lane in lanes.values())
    return (likely if known else None), max(sum(one.at_most_s for one in lane) for lane in lanes.values())


def _without(extent: Extent, withheld: int) -> Extent:
    return Extent(max(0, extent.likely - withheld), max(0, extent.at_most - withheld), extent.why)
