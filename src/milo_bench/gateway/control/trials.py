"""Audited requests of canaries and of their incumbents in, which challengers do worse out; however long one looks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from milo_bench.core import units
from milo_bench.core.text import one_line
from milo_bench.evidence.audited.challengers import LiveAnswer, first_answer
from milo_bench.stats.control import DifferenceWatch
from milo_bench.store.audit.records import AuditedRequest, AuditLine
from milo_bench.store.state.incidents import Incident, new_incident_id

CanaryTrial = tuple[str, str]  # a rule, and the target that challenges the rule's own
TRIAL_PAGE: Final = "runbook.md#drop-in-quality"
# What an answer is compared by, and how people read it.
_MEASURES: Final = {"accepted": "answers that pass their checks", "usable": "answers that can be used at all"}


@dataclass
class _Side:
    """How many answers of one side had each of the measures."""

    n: int = 0
    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_MEASURES, 0))

    def add(self, had: Mapping[str, bool]) -> None:
        self.n += 1
        for name, value in had.items():
            self.held[name] += value


@dataclass
class _Watched:
    """One trial: its watches, all that it counted, and the answers that are compared next as one block."""

    watches: dict[str, DifferenceWatch]
    challenger: _Side = field(default_factory=_Side)
    incumbent: _Side = field(default_factory=_Side)
    table: str = ""
    block: tuple[list[dict[str, bool]], list[dict[str, bool]]] = ([], [])
    workload: str = ""
    against: str = ""

    def begin_block(self, table: str) -> None:
        self.table, self.block = table, ([], [])

    @property
    def worse(self) -> str:
        """The measure by which it is worse, "" while none is."""
        return next((name for name, watch in self.watches.items() if watch.alarmed_at), "")


class TrialWatch:
    """Compares each canary with its incumbent, block by block, as `read_challengers` does.

    The chance that any of ``trials`` challengers that is not worse is ever called so is at most ``error``, however long
    the gateway runs: a bet on each of two measures, each with its part of the error.
    """

    def __init__(self, trials: Sequence[CanaryTrial], error: float) -> None:
        self._chance = error / (len(_MEASURES) * max(1, len(trials)))
        self._error = error
        self._trials = {trial: self._new() for trial in trials}

    def __bool__(self) -> bool:
        return bool(self._trials)

    def add(self, line: AuditLine) -> Incident | None:
        """Count a line; the incident of the challenger that it shows to be worse, once."""
        if not isinstance(line, AuditedRequest) or not line.trial or not line.calls:
            return None
        if line.outcome in ("rejected", "cancelled"):
            return None
        answer = LiveAnswer(first_answer(line), checked=bool(line.trial_checks))
        had = {"accepted": answer.accepted, "usable": not answer.hard}
        found = None
        for (rule, challenger), trial in self._trials.items():
            if rule != line.trial_rule or (line.trial == "canary" and line.calls[0].target != challenger):
                continue
            if trial.table != line.table:
                trial.begin_block(line.table)
            mine, theirs = trial.block
            if line.trial == "canary":
                mine.append(had)
                trial.challenger.add(had)
                trial.workload = line.workload
                continue
            if mine and theirs and self._compare(trial):
                found = self._incident((rule, challenger), trial)
            trial.block[1].append(had)
            trial.incumbent.add(had)
            trial.against = line.calls[0].target
        return found

    def begin_again(self, trial: CanaryTrial) -> None:
        """A person has dealt with it: its watch starts anew."""
        if trial in self._trials:
            self._trials[trial] = self._new()

    def stopped(self) -> Iterator[CanaryTrial]:
        return (trial for trial, watched in self._trials.items() if watched.worse)

    def saved(self) -> dict[str, Sequence[float]]:
        return {
            f"{trial_subject(trial)}/{name}/{self._chance}": watch.saved()
            for trial, watched in self._trials.items()
            for name, watch in watched.watches.items()
        }

    def restore(self, saved: Mapping[str, Sequence[float]]) -> None:
        """Go on where ``saved`` ended. Raises ValueError for what was not saved by one."""
        for trial, watched in self._trials.items():
            for name, watch in watched.watches.items():
                found = saved.get(f"{trial_subject(trial)}/{name}/{self._chance}")
                if found is not None:
                    watch.restore(found)

    def _new(self) -> _Watched:
        return _Watched({name: DifferenceWatch(self._chance) for name in _MEASURES})

    def _compare(self, trial: _Watched) -> bool:
        mine, theirs = trial.block
        trial.begin_block(trial.table)
        rang = [
            watch.add(sum(one[name] for one in mine) / len(mine) - sum(one[name] for one in theirs) / len(theirs))
            for name, watch in trial.watches.items()
        ]
        return any(rang)

    def _incident(self, trial: CanaryTrial, watched: _Watched) -> Incident:
        rule, challenger = trial
        name = watched.worse
        mine, theirs = watched.challenger, watched.incumbent
        what = (
            f"the trial of {one_line(challenger)} under the rule {rule} is stopped: {_MEASURES[name]} are fewer, "
            f"{mine.held[name]:,} of {mine.n:,} against {theirs.held[name]:,} of {theirs.n:,} of "
            f"{one_line(watched.against)} (error {units.share(self._error)} at most)"
        )
        return Incident(
            new_incident_id(), "trial", trial_subject(trial)[:300], what, TRIAL_PAGE, time.time(),
            workload=watched.workload, target=challenger,
        )  # fmt: skip


def trial_subject(trial: CanaryTrial) -> str:
    return f"trial/{trial[0]}/{trial[1]}"


def trial_of(incident: Incident) -> CanaryTrial | None:
    """The trial that an open incident keeps stopped, None where it is about something else."""
    if incident.kind != "trial":
        return None
    _, rule, challenger = incident.subject.split("/", 2)  # no rule's id has a slash
    return rule, challenger
