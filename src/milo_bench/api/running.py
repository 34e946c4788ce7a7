"""A suite, target names and wishes in, a run log on disk out; what ended and what is open told back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from milo_bench.api.judges.verifying import require_verifier, verify_answers
from milo_bench.api.roles.mining import execute_coder
from milo_bench.api.settings import load_settings
from milo_bench.api.stopping import check_budget, steer, stopping_of
from milo_bench.config.settings import Settings, TargetConfig
from milo_bench.config.written import Problem
from milo_bench.core.errors import ConfigError, UsageError
from milo_bench.core.paths import AnyPath
from milo_bench.core.records import (
    CacheWish,
    Decoding,
    FixtureSelection,
    Order,
    RunEnd,
    Stopping,
    StoreText,
    TargetRecord,
    Timeouts,
    WorkEnd,
)
from milo_bench.core.version import __version__
from milo_bench.evidence.executing import ExecutedChecks, execute_own_checks, require_own_checks_can_run
from milo_bench.evidence.judge_while_running import JudgeWhileRunning
from milo_bench.evidence.judges.record import JudgedAnswers
from milo_bench.fleet.crew import Crew
from milo_bench.fleet.places import On, crew_of
from milo_bench.grade.engine import unread_fixtures, validate_checks
from milo_bench.grade.languages.unspoken import unspoken_languages
from milo_bench.inventory.fingerprint import quick_fingerprint
from milo_bench.roles.execute import ExecutedCoder, needs_coder
from milo_bench.run.asked.alike import SameQuestions, contracts_of, same_questions
from milo_bench.run.budget import Budget
from milo_bench.run.event_loop import fast_loop, run_to_end, stoppable
from milo_bench.run.events import OpenWork, RunListener
from milo_bench.run.execute import execute
from milo_bench.run.follow import RunFollower
from milo_bench.run.log_opening import log_opener
from milo_bench.run.plan import PlanRequest, make_plan
from milo_bench.run.sight import check_pictures
from milo_bench.run.spec import RunSpec
from milo_bench.run.steering import Steering
from milo_bench.run.stop import StopSignal
from milo_bench.sandbox import require_sandbox
from milo_bench.store.log.writer import default_log_path, require_new_log
from milo_bench.suites.check import near_copy_doubts, refuse_unusable
from milo_bench.suites.load import Suite, load_suite
from milo_bench.suites.trust import own_checks_of
from milo_bench.targets.base import Target
from milo_bench.targets.opening import open_target

if TYPE_CHECKING:
    from milo_bench.fleet.crew import Crew

DECODINGS: Mapping[str, tuple[Decoding, ...]] = {
    "free": ("free",),
    "constrained": ("constrained",),
    "both": ("free", "constrained"),
}


@dataclass(frozen=True)
class RunOptions:
    """What to run. None means the setting of bench.yaml, or else its default.

    ``suite`` is the name of a built-in suite or the folder of one, ``models`` are names of targets.
    ``targets`` adds targets to those of bench.yaml, by name, and replaces those of the same name.
    ``variants`` chooses a variant by workload, ``limit`` takes a sample of the fixtures. Timeouts are
    in seconds. ``trust_suite`` lets the suite's own Python run this once without a trust record;
    ``execute_later`` records the answers alone, and ``execute_own_checks`` runs it on them afterwards.
    ``cache``: "warm" times prompts that the server had before, too.
    ``until_decided`` stops a workload on a target once the gates of ``policy``, the suite's own unless given, are
    decided; ``baseline`` is the log with recorded answers that they compare with, ``max_fixtures`` the most of a
    workload, beyond those of a suite with a generator. ``max_minutes`` and ``max_usd`` end the run as a budget.
    ``verifier`` names a target that accepts or rejects each answer of the others once the run is complete; what it says
    is recorded.
    Coder answers of a mined suite are run in the sandbox; ``unsafe_here`` runs them without it.
    ``on``: "ray" asks the targets from the nodes of a Ray cluster, as ``fleet`` in bench.yaml says.
    """

    suite: AnyPath
    models: Sequence[str]
    out: AnyPath | None = None
    config: AnyPath | None = None
    resume: bool = False
    limit: int | None = None
    workloads: Sequence[str] = ()
    tags: Sequence[str] = ()
    variants: Mapping[str, str] = field(default_factory=dict)
    decoding: Literal["free", "constrained", "both"] = "free"
    concurrency: int | None = None
    repeats: int | None = None
    order: Order = "interleaved"
    retries: int | None = None
    seed: int = 0
    connect_timeout_s: float | None = None
    first_token_timeout_s: float | None = None
    total_timeout_s: float | None = None
    store_text: StoreText | None = None
    allow_hosted: bool = False
    trust_suite: bool = False
    execute_later: bool = False
    fingerprint: bool = True
    unsafe_here: bool = False
    targets: Mapping[str, TargetConfig] = field(default_factory=dict)
    cache: CacheWish = "cold"
    until_decided: bool = False
    policy: AnyPath | None = None
    baseline: AnyPath | None = None
    max_fixtures: int | None = None
    max_minutes: float | None = None
    max_usd: float | None = None
    on: On = "here"
    verifier: str = ""


@dataclass(frozen=True)
class FinishedRun:
    """How a run ended.

    ``path`` is its log, ``end.complete`` whether everything planned was done, ``why`` a sentence if it
    was not. ``planned`` and ``done`` count attempts without retries. ``executed`` is what the suite's own
    checks did at the end of a complete run. ``unjudged`` says which checks cannot judge answers to some fixtures,
    ``same`` which fixtures ask what an earlier one asks, ``doubts`` which are near copies. ``freely`` names workloads
    with nothing to constrain an answer to, of a run that was to constrain them. ``nodes`` says what is wrong with
    disks of a fleet's nodes.
    Under a stopping rule ``work_ends`` say what is over and why, ``still_open`` what is not.
    """

    path: Path
    planned: int
    end: RunEnd
    done: int
    why: str = ""
    too_long: Mapping[str, int] = field(default_factory=dict)
    executed: ExecutedChecks = field(default_factory=ExecutedChecks)
    coder: ExecutedCoder = field(default_factory=ExecutedCoder)
    unjudged: tuple[str, ...] = ()
    same: tuple[SameQuestions, ...] = ()
    doubts: tuple[Problem, ...] = ()
    freely: tuple[str, ...] = ()
    work_ends: tuple[WorkEnd, ...] = ()
    still_open: tuple[OpenWork, ...] = ()
    verified: JudgedAnswers | None = None
    nodes: tuple[str, ...] = ()

    def as_record(self) -> dict[str, object]:
        return {
            "log": str(self.path),
            "planned": self.planned,
            "done": self.done,
            "failures": self.end.failures,
            "complete": self.end.complete,
            "reason": self.end.reason,
            "executed": self.executed.count,
            "broken_executions": len(self.executed.broken),
            "coder_answers_run": self.coder.count,
            "verified": None if self.verified is None else self.verified.as_record(),
            "unjudged": list(self.unjudged),
            "same_questions": [one.text for one in self.same],
            "asked_freely": list(self.freely),
            "nodes": list(self.nodes),
            "work_ends": [msgspec.to_builtins(end) for end in self.work_ends],
            "open": [
                {"target": work.target, "workload": work.workload, "asked": work.asked} for work in self.still_open
            ],
        }


@dataclass(frozen=True)
class PlannedRun:
    """A run before anything is started or sent: ``records`` are the targets as far as bench.yaml tells."""

    spec: RunSpec
    targets: Mapping[str, Target]
    records: Sequence[TargetRecord]
    stopping: Stopping | None
    suite: Suite
    path: Path
    settings: Settings
    verifier: TargetConfig | None = None


def plan_run(options: RunOptions, env: Mapping[str, str]) -> PlannedRun:
    """Everything of a run that can be known before it starts. Raises as ``run_suite`` does for mistakes."""
    settings = load_settings(None if options.config is None else Path(options.config), env)
    suite = load_suite(str(options.suite), variants=options.variants)
    refuse_unusable(suite, validate_checks=validate_checks, unread=unread_fixtures)
    path = Path(options.out or default_log_path(suite.ref.name, datetime.now(UTC)))
    if options.resume and options.out is None:
        message = "--resume needs an existing log."
        raise UsageError(message, hint="add its path: --out runs/LOG.jsonl --resume")
    if not options.resume:
        require_new_log(path)
    if isinstance(options.models, str):
        message = f"models is the text '{options.models}', and must be a list of names."
        raise UsageError(message, hint=f"models=['{options.models}']")
    if not options.models:
        message = "No target to run against."
        raise UsageError(message, hint="add one from 'milo-bench targets' with --models.")
    known = settings.with_targets(options.targets)
    cold = options.cache == "cold"
    targets = {name: _opened(known.target(name), env, cold=cold, on=options.on) for name in options.models}
    records = [targets[name].record for name in options.models]
    stopping = stopping_of(options, suite, records)
    spec = RunSpec(
        suite=suite.ref,
        workloads=suite.workloads,
        fixtures={fixture.id: fixture for fixture in suite.fixtures},
        plan=make_plan(
            _request(options, settings, stopping), fixtures=suite.fixtures, workloads=suite.workloads, targets=records
        ),
        tool_version=__version__,
        store_text=options.store_text or settings.privacy.store_text,
        inventory=quick_fingerprint(env),
        suite_folder="" if suite.is_builtin else str(suite.root),
        allow_hosted=options.allow_hosted,
        budget=Budget(options.max_minutes, options.max_usd),
        fingerprint=settings.run.fingerprint and options.fingerprint,
        selection=FixtureSelection(tuple(options.workloads), tuple(options.tags)),
    )
    if options.on != "here":
        _refuse_parts(suite)
    check_pictures(spec, {name: known.target(name).sees for name in options.models})
    _check_own_python(options, spec, env)
    check_budget(spec.budget, records)
    verifier = known.target(options.verifier) if options.verifier else None
    if verifier is not None:
        require_verifier(verifier, spec)
    return PlannedRun(spec, targets, records, stopping, suite, path, known, verifier)


def run_suite(
    options: RunOptions, env: Mapping[str, str] | None = None, *, listeners: Sequence[RunListener] = ()
) -> FinishedRun:
    """Run a suite against targets and write a run log. No answer is judged.

    Can be called where an event loop already runs (a notebook); it returns when the run has ended.
    Ctrl-C stops the run gently: check ``end.complete`` of what is returned. ``env`` is the environment
    that addresses and keys are read from, this process's own unless given. ``listeners`` get each event
    of the run.

    Raises UsageError, ConfigError and DataError for mistakes that show before a model is loaded,
    PrerequisiteError for a file that cannot be written or for own Python of the suite that is not trusted
    or has no sandbox, and TargetError for a target that cannot be reached or started.
    """
    env = os.environ if env is None else env
    planned = plan_run(options, env)
    spec, stopping, path = planned.spec, planned.stopping, planned.path
    follower = RunFollower()
    steering = (
        None
        if stopping is None
        else steer(spec, stopping, planned.suite, planned.records, path if options.resume else None, options.baseline)
    )
    with crew_of(options.on, planned.settings, spec.plan) as crew:
        work = _execute(spec, planned.targets, path, options.resume, [follower.listen, *listeners], steering, crew)
        end = run_to_end(work, new_loop=fast_loop)
    executed = ExecutedChecks() if steering is None else steering.executed
    if (
        steering is None
        and end.complete
        and not options.execute_later
        and own_checks_of(planned.suite.workloads) is not None
    ):
        executed = execute_own_checks(path, trusted=options.trust_suite, env=env)
    coder = ExecutedCoder()
    if end.complete and not options.execute_later:
        coder = execute_coder(path, env, unsafe_here=options.unsafe_here)
    verified = None
    if end.complete and planned.verifier is not None:
        verified = verify_answers(
            path,
            planned.verifier,
            env,
            limits=planned.settings.run,
            concurrency=spec.plan.concurrency,
            allowed=spec.allow_hosted,
        )
    return FinishedRun(
        path=path,
        planned=follower.total,
        end=end,
        done=follower.done,
        why=follower.why,
        too_long=follower.too_long,
        executed=executed,
        coder=coder,
        unjudged=_unjudged(spec),
        same=tuple(same_questions(spec.planned_fixtures(), contracts_of(spec.workloads))),
        doubts=tuple(near_copy_doubts(planned.suite)),
        freely=tuple(sorted({spec.fixtures[id].workload for id in spec.plan.free_only})),
        work_ends=tuple(follower.work_ends),
        still_open=follower.open,
        verified=verified,
        nodes=() if crew is None else tuple(crew.problems.values()),
    )


def _refuse_parts(suite: Suite) -> None:
    """The nodes of a fleet answer one request of an attempt, and merge nothing."""
    for workload in suite.workloads.values():
        if workload.chunks is not None:
            message = f"Workload '{workload.name}' sends long cases in parts, which a fleet does not do."
            raise UsageError(message, hint="run it without --on, or without that variant.")


def _unjudged(spec: RunSpec) -> tuple[str, ...]:
    """A sentence for each check that cannot read what it needs, or the language, of fixtures that were run."""
    planned = spec.planned_fixtures()
    said: list[str] = []
    for workload in spec.workloads.values():
        said += [f"{workload.name}: {one.text}" for one in unread_fixtures(workload, planned)]
        said += [f"{workload.name}: {one.text}" for one in unspoken_languages(workload, planned)]
    return tuple(said)


def _check_own_python(options: RunOptions, spec: RunSpec, env: Mapping[str, str]) -> None:
    """A suite's own Python that could not judge in the end is told before any model is loaded."""
    if needs_coder(spec.workloads) and not options.execute_later:
        if spec.store_text != "full":
            message = "Coder answers must be run to be judged, and this run stores less than their full text."
            raise ConfigError(message, hint="use --store-text full.")
        if not options.unsafe_here:
            require_sandbox()
    own = own_checks_of(spec.workloads)
    if own is None:
        return
    if spec.store_text != "full":
        message = f"The suite's own checks in {own.file} need the full text of answers, and this run stores less."
        raise ConfigError(message, hint="use --store-text full, or checks that are built in.")
    if not options.execute_later:
        where = str(options.suite)
        require_own_checks_can_run(
            spec.workloads, suite=spec.suite.name, where=where, trusted=options.trust_suite, env=env
        )


async def _execute(
    spec: RunSpec,
    targets: Mapping[str, Target],
    path: Path,
    resume: bool,
    listeners: list[RunListener],
    steering: Steering | None,
    crew: Crew | None,
) -> RunEnd:
    stop = StopSignal()
    complete = False
    judge = JudgeWhileRunning(spec, path) if spec.store_text != "full" else None
    if judge is not None:
        listeners = [judge.listen, *listeners]
    try:
        with stoppable(stop):
            end = await execute(
                spec,
                targets=targets if crew is None else crew.as_targets(targets),
                open_log=log_opener(path, spec.planned_fixtures(), spec.store_text, resume=resume, rows="attempt"),
                listeners=listeners,
                stop=stop,
                steering=steering,
                sending=crew,
            )
            complete = end.complete
            return end
    finally:
        if crew is not None:
            await crew.stop(all_in_the_log=complete)
        if judge is not None:
            judge.close()


def _opened(config: TargetConfig, env: Mapping[str, str], *, cold: bool, on: On) -> Target:
    """The target, not started. A fleet asks it from its nodes, which have the keys."""
    if on != "here":
        names = [config.api_key_env, *config.headers_env.values()]
        env = {**{name: "on the nodes" for name in names if name}, **env}
    return open_target(config, env, cold=cold)


def _request(options: RunOptions, settings: Settings, stopping: Stopping | None) -> PlanRequest:
    defaults = settings.run
    return PlanRequest(
        workloads=tuple(options.workloads),
        tags=tuple(options.tags),
        limit=options.limit,
        repeats=options.repeats or defaults.repeats,
        decodings=DECODINGS[options.decoding],
        concurrency=options.concurrency or defaults.concurrency,
        order=options.order,
        seed=options.seed,
        timeouts=Timeouts(
            connect_s=options.connect_timeout_s or defaults.connect_timeout_s,
            first_token_s=options.first_token_timeout_s or defaults.first_token_timeout_s,
            total_s=options.total_timeout_s or defaults.total_timeout_s,
        ),
        retries=defaults.retries if options.retries is None else options.retries,
        variants=options.variants,
        stopping=stopping,
        cache=options.cache,
    )
