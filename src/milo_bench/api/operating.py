"""Model names and a choice of operator tasks in; a log of episodes on disk and its totals out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from milo_bench.api.settings import load_settings
from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.records import RunEnd, RunHeader, StoreText
from milo_bench.core.version import __version__
from milo_bench.inventory.fingerprint import quick_fingerprint
from milo_bench.operator.play.bench import EpisodeListener, OperatorSpec, Played, play_all
from milo_bench.operator.play.choice import ChosenProtocol, ProtocolWish, chosen_before
from milo_bench.operator.play.episode import DEFAULT_LIMITS, EpisodeLimits
from milo_bench.operator.play.plan import choose_tasks, operator_plan
from milo_bench.operator.totals import OperatorTotal, operator_totals
from milo_bench.operator.trials import OperatorRun, trials_of
from milo_bench.run.event_loop import run_to_end, stoppable
from milo_bench.run.stop import StopSignal
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import Resumed, RunLogWriter, require_new_log
from milo_bench.store.stored_text import TextPolicy
from milo_bench.targets.base import Target
from milo_bench.targets.opening import open_target


@dataclass(frozen=True)
class OperatorOptions:
    """What ``milo-bench operator run`` was asked for. ``targets`` win over those of bench.yaml, by name."""

    models: tuple[str, ...]
    subset: Literal["core", "all"] = "all"
    tasks: tuple[str, ...] = ()
    repeats: int = 1
    seed: int = 0
    out: Path | None = None
    config: Path | None = None
    resume: bool = False
    protocol: ProtocolWish = "auto"
    limits: EpisodeLimits = DEFAULT_LIMITS
    store_text: StoreText | None = None
    allow_hosted: bool = False
    targets: Mapping[str, TargetConfig] = field(default_factory=dict)


@dataclass(frozen=True)
class FinishedOperatorRun:
    """How a run ended, and what stands in its log by now."""

    path: Path
    planned: int
    done: int
    end: RunEnd
    totals: tuple[OperatorTotal, ...]
    protocols: Mapping[str, ChosenProtocol]

    def as_record(self) -> dict[str, Any]:
        return {
            "log": str(self.path),
            "planned": self.planned,
            "done": self.done,
            "runtime_failures": self.end.failures,
            "complete": self.end.complete,
            "reason": self.end.reason,
            "protocols": {
                name: {"protocol": chosen.protocol, "why": chosen.why} for name, chosen in self.protocols.items()
            },
            "totals": [msgspec.to_builtins(total) for total in self.totals],
        }


def run_operators(
    options: OperatorOptions, env: Mapping[str, str], *, listeners: Sequence[EpisodeListener] = ()
) -> FinishedOperatorRun:
    """Play what ``options`` say; the log's path, how it ended, and the totals of all its episodes.

    Raises the errors of ``run.operator_play.play_all``, and UsageError, ConfigError or DataError for
    what can be told before any model is loaded.
    """
    settings = load_settings(options.config, env)
    tasks = choose_tasks(options.subset, options.tasks)
    models = tuple(dict.fromkeys(options.models))
    if not models:
        raise UsageError("No target to run.", hint="add one from 'milo-bench targets' with --model.")
    if options.resume and options.out is None:
        raise UsageError("--resume needs an existing log.", hint="add its path: --out runs/LOG.jsonl --resume")
    path = options.out or Path("runs") / f"operator-{datetime.now(UTC):%Y%m%dT%H%M%S}.jsonl"
    if not options.resume:
        require_new_log(path)
    known = settings.with_targets(options.targets)
    targets = {name: open_target(_for_turns(known.target(name)), env) for name in models}
    spec = OperatorSpec(
        plan=operator_plan(tasks, models, repeats=options.repeats, seed=options.seed, limits=options.limits),
        limits=options.limits,
        tool_version=__version__,
        protocol=options.protocol,
        store_text=options.store_text or settings.privacy.store_text,
        inventory=quick_fingerprint(env),
        allow_hosted=options.allow_hosted,
        chosen=_chosen_in(path) if options.resume and options.protocol == "auto" else {},
    )
    played = run_to_end(_play(spec, targets, path, options.resume, listeners))
    chosen = {record.name: chosen_before(record) for record in played.header.targets}
    return FinishedOperatorRun(
        path=path,
        planned=played.planned,
        done=len(played.episodes),
        end=played.end,
        totals=operator_totals(trials_of([OperatorRun(str(path), played.header, played.episodes)])),
        protocols={name: choice for name, choice in chosen.items() if choice is not None},
    )


def _for_turns(config: TargetConfig) -> TargetConfig:
    """An embedded server keeps the conversation it is in: each turn is asked with all turns before it."""
    if config.api != "llamacpp" or "cache_prompt" in config.settings:
        return config
    return config.model_copy(update={"settings": {**config.settings, "cache_prompt": True}})


async def _play(
    spec: OperatorSpec, targets: Mapping[str, Target], path: Path, resume: bool, listeners: Sequence[EpisodeListener]
) -> Played:
    stop = StopSignal()
    with stoppable(stop):
        return await play_all(
            spec, targets=targets, open_log=_opener(spec, path, resume), listeners=listeners, stop=stop
        )


def _opener(spec: OperatorSpec, path: Path, resume: bool) -> Callable[[RunHeader], Resumed]:
    fixtures = spec.as_run().planned_fixtures()

    def open_log(header: RunHeader) -> Resumed:
        policy = TextPolicy(spec.store_text, _redact() if spec.store_text == "redacted" else None)
        if resume:
            return RunLogWriter.resume(path, header, fixtures, policy)
        return Resumed(RunLogWriter.create(path, header, fixtures, policy), {})

    return open_log


def _redact() -> Callable[[str], str]:
    from milo_bench.guards.personal.data import Redactor

    redactor = Redactor()
    return lambda text: redactor.redact(text).text


def _chosen_in(path: Path) -> dict[str, ChosenProtocol]:
    """The protocols that the log at ``path`` began with. Raises PrerequisiteError where there is none."""
    try:
        header = read_run_log(path).header
    except DataError:
        return {}  # a kill left no whole first line, or the file is damaged: resuming it says which
    found = {record.name: chosen_before(record) for record in header.targets}
    return {name: choice for name, choice in found.items() if choice is not None}


__all__ = ["FinishedOperatorRun", "OperatorOptions", "run_operators"]
