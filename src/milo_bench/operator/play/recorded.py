"""Tasks and targets in; a log of episodes on disk, and what is in it by now, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import DataError
from milo_bench.core.records import RunEnd, RunHeader
from milo_bench.operator.play.bench import EpisodeListener, EpisodeSeats, OperatorSpec, play_all
from milo_bench.operator.play.choice import ChosenProtocol, chosen_before
from milo_bench.operator.play.commitments import draw_run_secret, keep_secret, kept_secret
from milo_bench.operator.totals import OperatorTotal, operator_totals
from milo_bench.operator.trials import OperatorRun, trials_of
from milo_bench.run.event_loop import stoppable
from milo_bench.run.log_opening import log_opener
from milo_bench.run.stop import StopSignal
from milo_bench.store.log.lines import read_header
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import Resumed
from milo_bench.targets.base import Target


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


async def play_into_log(
    spec: OperatorSpec,
    targets: Mapping[str, Target],
    path: Path,
    *,
    resume: bool,
    listeners: Sequence[EpisodeListener] = (),
    seats: EpisodeSeats | None = None,
) -> FinishedOperatorRun:
    """Play what ``spec`` says into the log at ``path``; how it ended, and the totals of all its episodes.

    ``seats`` are as for ``play_all``.
    Raises the errors of ``play_all``.
    """
    stop = StopSignal()
    opener = log_opener(path, spec.as_run().planned_fixtures(), spec.store_text, resume=resume, rows="episode")

    def open_log(header: RunHeader) -> Resumed:
        opened = opener(header)
        if not resume:
            keep_secret(path, spec.run_secret)
        return opened

    committed = read_header(path).commitments if resume else None
    # A run of an older version had no secret that its episodes followed from.
    secret = draw_run_secret() if committed is None else kept_secret(path) if committed else ""
    spec = replace(spec, run_secret=secret)
    with stoppable(stop):
        played = await play_all(
            spec,
            targets=targets,
            open_log=open_log,
            listeners=listeners,
            stop=stop,
            seats=seats,
        )
    chosen = {record.name: chosen_before(record) for record in played.header.targets}
    return FinishedOperatorRun(
        path=path,
        planned=played.planned,
        done=len(played.episodes),
        end=played.end,
        totals=operator_totals(trials_of([OperatorRun(str(path), played.header, played.episodes)])),
        protocols={name: choice for name, choice in chosen.items() if choice is not None},
    )


def keep_conversations(config: TargetConfig) -> TargetConfig:
    """An embedded server keeps the conversation it is in: each turn is asked with all turns before it."""
    if config.api != "llamacpp" or "cache_prompt" in config.settings:
        return config
    return config.model_copy(update={"settings": {**config.settings, "cache_prompt": True}})


def protocols_in(path: Path) -> dict[str, ChosenProtocol]:
    """The protocols that the log at ``path`` began with. Raises PrerequisiteError where there is none."""
    try:
        header = read_run_log(path).header
    except DataError:
        return {}  # a kill left no whole first line, or the file is damaged: resuming it says which
    found = {record.name: chosen_before(record) for record in header.targets}
    return {name: choice for name, choice in found.items() if choice is not None}
