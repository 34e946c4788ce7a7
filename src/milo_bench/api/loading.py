"""A suite, a target and a load profile in; load windows in a run log, and a report of them, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import msgspec

from milo_bench.api.settings import load_settings
from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import Exchange
from milo_bench.core.errors import UsageError
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Fixture,
    LoadOutcome,
    LoadRequestRow,
    LoadWindow,
    TargetRecord,
    Telemetry,
)
from milo_bench.core.version import __version__
from milo_bench.grade.engine import grade_attempt
from milo_bench.inventory.fingerprint import quick_fingerprint
from milo_bench.run.event_loop import measuring_loop, run_to_end
from milo_bench.run.load.options import LoadOptions, check_options, limits_of, read_trace
from milo_bench.run.load.rows import WindowRows
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.run.load.session import DrawLoadFixtures, GradeAnswer, LoadReport, LoadSession, Tell
from milo_bench.run.load.workers import LoadWorkers
from milo_bench.run.observed.spans import LoadListener
from milo_bench.run.plan import PlanRequest, make_plan
from milo_bench.run.prepare import prepare
from milo_bench.run.spec import RunSpec, check_hosted
from milo_bench.stats.load.derived import measured_window
from milo_bench.stats.load.knee import degradation
from milo_bench.stats.load.level import judge_level
from milo_bench.stats.load.quality import with_quality
from milo_bench.store.log.writer import default_log_path, require_new_log
from milo_bench.suites.fresh import FRESH_SEED, FreshFixtures, can_draw
from milo_bench.suites.load import Suite, load_suite
from milo_bench.targets.opening import open_target


def load_target(
    options: LoadOptions,
    env: Mapping[str, str],
    *,
    tell: Tell | None = None,
    listeners: Sequence[LoadListener] = (),
) -> LoadReport:
    """Put the asked load on one target, window by window, and write each window into a run log.

    ``listeners`` get each window with its rows once it has ended.

    Raises UsageError, ConfigError or DataError for what can be told before the target is started,
    TargetError where it does not start. A window that breaks off is recorded with the reason, and
    the report's ``end`` is not complete.
    """
    settings = load_settings(options.config, env).with_targets(options.targets)
    check_options(options)
    suite = load_suite(options.suite)
    path = options.out or default_log_path(f"load-{suite.ref.name}", datetime.now(UTC))
    require_new_log(path, resumes=False)
    config, cold = settings.target(options.model), options.cache == "cold"
    workers = _workers(options, config, env)
    target = open_target(config, env, cold=cold)
    # No attempt is planned: what a load run sends is counted in its windows.
    plan = make_plan(
        PlanRequest(
            workloads=options.workloads,
            order="interleaved",
            seed=options.seed,
            timeouts=limits_of(options, settings.run),
            cache=options.cache,
        ),
        fixtures=suite.fixtures,
        workloads=suite.workloads,
        targets=[target.record],
    )
    spec = RunSpec(
        suite=suite.ref,
        workloads=suite.workloads,
        fixtures={fixture.id: fixture for fixture in suite.fixtures},
        plan=msgspec.structs.replace(plan, repeats=0, concurrency=max(options.concurrency, default=1)),
        tool_version=__version__,
        store_text=settings.privacy.store_text,
        allow_hosted=options.allow_hosted,
        inventory=quick_fingerprint(env),
    )
    check_hosted(spec, [target.record])
    session = LoadSession(
        options,
        spec,
        target,
        path,
        read_trace(options.trace, spec) if options.trace else (),
        measure=partial(_measured, options.service_level, target.record, tuple(listeners)),
        judge=judge_level,
        tell=tell or (lambda _: None),
        # Answers are compared by document: those asked alone are the ones asked under load.
        draw=_fresh_documents(suite, plan.fixtures, options.seed) if can_draw(suite) and not options.grade else None,
        workers=workers,
        grade=_grading(spec, target.record.name) if options.grade else None,
    )
    report = run_to_end(session.run(), new_loop=measuring_loop)
    if report.graded:
        report = replace(report, windows=with_quality(report.windows, report.graded))
    return replace(report, degradation=degradation(report.windows))


def _workers(options: LoadOptions, config: TargetConfig, env: Mapping[str, str]) -> LoadWorkers | None:
    """Processes for a server that runs by itself; None where this process sends the whole load."""
    if options.workers == 1:
        return None
    if config.base_url is None:
        if options.workers == 0:
            return None
        message = f"'{options.model}' is started by each process that uses it, so --workers does not apply to it."
        raise UsageError(message, hint="start its server yourself and give its base_url, or leave out --workers.")
    return LoadWorkers(config, env, cold=options.cache == "cold")


def _grading(spec: RunSpec, target: str) -> GradeAnswer:
    """What the workload's checks say of an answer. Raises UsageError where a check is the suite's own code."""
    for name in dict.fromkeys(fixture.workload for fixture in spec.planned_fixtures()):
        workload = spec.workloads[name]
        if workload.own is not None and any(check.name in workload.own.names for check in workload.checks):
            message = f"'load --grade' does not execute a suite's own checks, and '{workload.name}' has some."
            raise UsageError(message, hint="choose other workloads with --workload, or use 'run' and 'grade'.")

    def grade(fixture_id: str, exchange: Exchange) -> tuple[LoadOutcome, str]:
        fixture = spec.fixtures[fixture_id]
        attempt = Attempt(
            AttemptKey(fixture_id, target),
            request_hash="",
            timings=exchange.timings,
            output=exchange.text,
            reasoning=exchange.reasoning,
            tool_calls=exchange.tool_calls,
            finish_reason=exchange.finish_reason,
            prepared=prepare(fixture, spec.workloads[fixture.workload], seed=spec.plan.seed).prepared,
        )
        passed = grade_attempt(spec.workloads[fixture.workload], fixture, attempt).passed
        return ("unjudged" if passed is None else "passed" if passed else "failed"), exchange.text

    return grade


def _fresh_documents(suite: Suite, planned: Sequence[str], seed: int) -> DrawLoadFixtures:
    """Fixtures that are not in the suite, of the workloads of ``planned`` in turn."""
    fresh = FreshFixtures(suite, FRESH_SEED + seed)
    chosen = frozenset(planned)
    workloads = list(dict.fromkeys(one.workload for one in suite.fixtures if one.id in chosen))
    taken = dict.fromkeys(workloads, 0)

    def draw(have: int, count: int) -> list[Fixture]:
        found: list[Fixture] = []
        for place in range(count):
            workload = workloads[(have + place) % len(workloads)]
            found += fresh(workload, taken[workload], 1)
            taken[workload] += 1
        return found

    return draw


def _measured(
    level: ServiceLevel,
    record: TargetRecord,
    listeners: tuple[LoadListener, ...],
    target: str,
    rows: WindowRows,
    samples: Sequence[Telemetry],
) -> tuple[LoadWindow, Sequence[LoadRequestRow]]:
    window, kept = measured_window(target, rows, level=level, samples=samples)
    for listen in listeners:
        listen(record, window, kept)
    return window, kept
