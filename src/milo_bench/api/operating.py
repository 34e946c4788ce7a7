"""Operator tasks in; episodes of our targets or of an outside agent in a log, with their totals, out."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from milo_bench.api.settings import load_settings
from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import UsageError
from milo_bench.core.paths import AnyPath
from milo_bench.core.records import StoreText
from milo_bench.core.version import __version__
from milo_bench.fleet.places import On, crew_of
from milo_bench.inventory.fingerprint import quick_fingerprint
from milo_bench.operator.mcp.log import check_log
from milo_bench.operator.mcp.options import OperatorServeOptions
from milo_bench.operator.mcp.serve import ServedEpisode, serve_episode
from milo_bench.operator.own.folder import TaskFolder, read_task_folder
from milo_bench.operator.own.tasks import OwnTasks, prove, read_own_tasks
from milo_bench.operator.own.trust import distrust_folder, require_folder_trust, trust_folder
from milo_bench.operator.play.bench import EpisodeListener, OperatorSpec
from milo_bench.operator.play.choice import ProtocolWish
from milo_bench.operator.play.episode import DEFAULT_LIMITS, EpisodeLimits
from milo_bench.operator.play.plan import choose_tasks, operator_plan
from milo_bench.operator.play.recorded import (
    FinishedOperatorRun,
    keep_conversations,
    play_into_log,
    protocols_in,
)
from milo_bench.operator.worlds.selftest import Selftest, selftest
from milo_bench.operator.worlds.session import Session
from milo_bench.operator.worlds.tasks import all_tasks, find_task, meet_task
from milo_bench.run.event_loop import run_to_end
from milo_bench.store.log.lines import read_header
from milo_bench.store.log.writer import default_log_path, require_new_log
from milo_bench.targets.base import Target
from milo_bench.targets.opening import open_target

if TYPE_CHECKING:
    from milo_bench.fleet.crew import Crew

_SEEDS: Final = 2**53  # JSON readers that know only doubles keep every one of them


@dataclass(frozen=True)
class OperatorOptions:
    """What ``milo-bench operator run`` was asked for. ``targets`` win over those of bench.yaml, by name.

    ``own_tasks`` is a folder of the user's own tasks, which are then played instead of the built-in ones;
    ``trust_tasks`` lets their code run this once, in the sandbox. Without ``seed`` one is drawn when the run starts, so
    that nobody can have seen its worlds; the log reveals it, and a resume goes on with it.
    ``on``: "ray" plays an episode on each node of the Ray cluster of bench.yaml at a time.
    """

    models: tuple[str, ...]
    subset: Literal["core", "all"] = "all"
    tasks: tuple[str, ...] = ()
    repeats: int = 1
    seed: int | None = None
    out: Path | None = None
    config: Path | None = None
    resume: bool = False
    protocol: ProtocolWish = "auto"
    limits: EpisodeLimits = DEFAULT_LIMITS
    store_text: StoreText | None = None
    allow_hosted: bool = False
    own_tasks: AnyPath | None = None
    trust_tasks: bool = False
    targets: Mapping[str, TargetConfig] = field(default_factory=dict)
    on: On = "here"


def run_operators(
    options: OperatorOptions, env: Mapping[str, str], *, listeners: Sequence[EpisodeListener] = ()
) -> FinishedOperatorRun:
    """Play what ``options`` say; the log's path, how it ended, and the totals of all its episodes.

    Raises the errors of ``operator.play.bench.play_all``, and UsageError, ConfigError or DataError for
    what can be told before any model is loaded.
    """
    settings = load_settings(options.config, env)
    own = None if options.own_tasks is None else meet_own_tasks(options.own_tasks, env, trusted=options.trust_tasks)
    tasks = choose_tasks(options.subset, options.tasks, () if own is None else own.tasks)
    models = tuple(dict.fromkeys(options.models))
    if not models:
        raise UsageError("No target to run.", hint="add one from 'milo-bench targets' with --models.")
    if options.resume and options.out is None:
        raise UsageError("--resume needs an existing log.", hint="add its path: --out runs/LOG.jsonl --resume")
    path = options.out or default_log_path("operator", datetime.now(UTC))
    if not options.resume:
        require_new_log(path)
    known = settings.with_targets(options.targets)
    targets = {name: open_target(keep_conversations(known.target(name)), env) for name in models}
    spec = OperatorSpec(
        plan=operator_plan(tasks, models, repeats=options.repeats, seed=_seed(options, path), limits=options.limits),
        limits=options.limits,
        tool_version=__version__,
        protocol=options.protocol,
        store_text=options.store_text or settings.privacy.store_text,
        inventory=quick_fingerprint(env),
        allow_hosted=options.allow_hosted,
        chosen=protocols_in(path) if options.resume and options.protocol == "auto" else {},
        own=() if own is None else own.tasks,
        own_suite=None if own is None else own.suite,
        own_folder="" if own is None else str(options.own_tasks),
    )
    kept = {name: keep_conversations(known.target(name)) for name in models}
    with crew_of(options.on, known.with_targets(kept), spec.plan) as crew:
        return run_to_end(_play(spec, targets, path, options.resume, listeners, crew))


async def _play(
    spec: OperatorSpec,
    targets: Mapping[str, Target],
    path: Path,
    resume: bool,
    listeners: Sequence[EpisodeListener],
    crew: Crew | None,
) -> FinishedOperatorRun:
    if crew is None:
        return await play_into_log(spec, targets, path, resume=resume, listeners=listeners)
    from milo_bench.fleet.seats import FleetSeats

    try:
        served = crew.as_targets(targets)
        return await play_into_log(spec, served, path, resume=resume, listeners=listeners, seats=FleetSeats(crew))
    finally:
        await crew.stop(all_in_the_log=True)  # segments have no episodes: each is in the log, or played again


def _seed(options: OperatorOptions, path: Path) -> int:
    if options.seed is not None:
        return options.seed
    return read_header(path).plan.seed if options.resume else secrets.randbelow(_SEEDS)


def serve_operator(
    options: OperatorServeOptions, env: Mapping[str, str], *, say: Callable[[str], None]
) -> ServedEpisode:
    """Serve one task to one outside agent until it is done or gone; ``say`` takes lines for the person watching.

    Raises UsageError for an unknown task, form or target, DataError for a log that exists,
    PrerequisiteError for a port or a folder that cannot be used, ConfigError or TargetError for a model that does
    not start, IncompleteRun where nobody connected or the disk took no more, Interrupted for a
    server over HTTP that was stopped before the episode ended.
    """
    task = find_task(options.task)
    if options.form not in task.forms:
        message = f"'{task.name}' has no {options.form} variant."
        raise UsageError(message, hint=f"choose --variant {' or '.join(task.forms)}.")
    check_log(options)
    settings = load_settings(options.config, env).with_targets(options.targets)
    model = None
    if options.model:
        config = settings.target(options.model)
        model = config, open_target(config, env)
    work = serve_episode(
        options,
        env,
        Session(task, options.seed, options.form),
        model=model,
        store_text=settings.privacy.store_text,
        inventory=quick_fingerprint(env),
        say=say,
    )
    return run_to_end(work)


def selftest_operators(
    seeds: int, own_tasks: AnyPath | None = None, env: Mapping[str, str] | None = None, *, trusted: bool = False
) -> Selftest:
    """Play every task at ``seeds`` seeds with the oracle and with each trivial strategy.

    With ``own_tasks`` those of that folder, in the sandbox. Raises PrerequisiteError where their code is not trusted
    or there is no sandbox, DataError where it breaks.
    """
    if own_tasks is None:
        return selftest(all_tasks(), range(seeds))
    folder = read_task_folder(Path(own_tasks))
    if not trusted:
        require_folder_trust(folder, os.environ if env is None else env)
    return prove(folder, seeds)


def meet_own_tasks(own_tasks: AnyPath, env: Mapping[str, str], *, trusted: bool) -> OwnTasks:
    """The tasks of a folder, which this process knows by name from now on. Raises as ``selftest_operators`` does."""
    folder = read_task_folder(Path(own_tasks))
    if not trusted:
        require_folder_trust(folder, env)
    own = read_own_tasks(folder)
    for task in own.tasks:
        meet_task(task)
    return own


def trust_tasks(own_tasks: AnyPath, env: Mapping[str, str] | None = None, *, remove: bool = False) -> TaskFolder:
    """Record that this user trusts the code of a folder of tasks as it is now, or with ``remove`` no longer."""
    folder = read_task_folder(Path(own_tasks))
    (distrust_folder if remove else trust_folder)(folder, os.environ if env is None else env)
    return folder
