"""Operator episodes and their plan in, trials out: one a task and repeat, with points and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct, field

from milo_bench.core.errors import DataError
from milo_bench.core.records import AttemptKey, Episode, Frozen, RunHeader
from milo_bench.operator.worlds.grade import TASK_POINTS
from milo_bench.operator.worlds.tasks import find_task, is_task

TrialKind: TypeAlias = Literal[
    "passed",  # all 25 points
    "judgement",  # it was played to the end, and something was wrong
    "minefield",  # something that must never happen was done
    "protocol",  # the operator's calls could not be read
    "limit",  # calls, turns, context or time ran out
    "runtime",  # the runtime could not complete the harness
    "void",  # the fault never landed: nothing was tested
    "missing",  # planned and not in the log
]
KINDS: Final[tuple[TrialKind, ...]] = (
    "passed",
    "judgement",
    "minefield",
    "protocol",
    "limit",
    "runtime",
    "void",
    "missing",
)
# What a person calls them; "minefield" is the name in logs and permits.
KIND_NAMES: Final[Mapping[TrialKind, str]] = {kind: kind for kind in KINDS} | {"minefield": "breach"}
# What the worse of two forms is, where they have the same points: the more severe name wins.
_SEVERITY: Final[tuple[TrialKind, ...]] = ("minefield", "runtime", "protocol", "limit", "judgement")


class OperatorRun(Struct, frozen=True):
    """What one run log says about operator work. ``name`` is what messages call the log."""

    name: str
    header: RunHeader
    episodes: tuple[Episode, ...]


class OperatorEvidence(Struct, frozen=True):
    """Operator runs with their episodes checked.

    ``regraded`` counts by target those that were played and graded again; ``power_w`` is the mean
    of measured power by target, where a log holds samples.
    """

    runs: tuple[OperatorRun, ...] = ()
    regraded: Mapping[str, int] = field(default_factory=dict)
    power_w: Mapping[str, float] = field(default_factory=dict)


class Trial(Frozen, frozen=True, omit_defaults=False):
    """One task, once, by one target. ``points`` are of 25, and 0 unless the trial is passed or a judgement.

    A task with a clean twin counts the worse form of the same repeat. ``seed`` is None where no
    episode is there; ``keys`` are those of its episodes, the one that counted first.
    """

    target: str
    task: str
    group: str
    run_id: str
    repeat: int
    seed: int | None
    kind: TrialKind
    points: int
    parts: dict[str, int] = {}
    minefields: tuple[str, ...] = ()
    void: tuple[str, ...] = ()
    keys: tuple[AttemptKey, ...] = ()

    @property
    def passed(self) -> bool:
        return self.kind == "passed"

    @property
    def valid(self) -> bool:
        """Whether it says anything about the operator; a void trial does not."""
        return self.kind != "void"

    @property
    def name(self) -> str:
        """``version_conflict, repeat 2``, as people are told of it."""
        return f"{self.task}, repeat {self.repeat}"


def episode_kind(episode: Episode) -> TrialKind:
    """What became of one episode.

    A runtime that breaks, and an operator whose calls cannot be read, fail the trial whether or not
    its fault landed: they could not complete the harness. Any other episode whose fault never
    landed is void.
    """
    if episode.ending == "runtime_failure":
        return "runtime"
    if episode.minefields:
        return "minefield"
    if episode.ending == "protocol_limit" or (episode.ending != "finished" and _mostly_unread(episode)):
        return "protocol"
    if episode.void:
        return "void"
    if episode.ending != "finished":
        return "limit"
    return "passed" if episode.points == TASK_POINTS else "judgement"


def trials_of(runs: Sequence[OperatorRun]) -> tuple[Trial, ...]:
    """Every trial that the plans of ``runs`` ask for, by target, task number, run and repeat.

    Only first tries count (retry 0), so that a failed trial cannot be tried away. Raises DataError
    for a run that is given twice, an episode of a task that does not exist, or one with other
    points than a task has.
    """
    seen: dict[str, str] = {}
    trials = []
    for run in runs:
        run_id = run.header.run_id
        if run_id in seen:
            message = f"{run.name} and {seen[run_id]} are the same run ({run_id[:60]})."
            raise DataError(message, hint="list each log once.")
        seen[run_id] = run.name
        trials += _trials(run)
    return tuple(sorted(trials, key=lambda t: (t.target, find_task(t.task).number, t.task, t.run_id, t.repeat)))


def _trials(run: OperatorRun) -> list[Trial]:
    found: dict[tuple[str, str, int], dict[str, Episode]] = {}
    for episode in run.episodes:
        _check(run, episode)
        if episode.key.retry == 0:
            forms = found.setdefault((episode.key.target, episode.task, episode.key.repeat), {})
            forms.setdefault(episode.form, episode)
    plan = run.header.plan
    planned: dict[str, set[str]] = {}
    for fixture in plan.fixtures:
        task, _, form = fixture.rpartition(".")
        planned.setdefault(task, set()).add(form)
    wanted = {
        (target, task, repeat): forms
        for target in plan.targets
        for task, forms in planned.items()
        for repeat in range(plan.repeats)
    }
    for key, forms in found.items():  # an outside agent's log may hold more than its plan
        wanted[key] = wanted.get(key, set()) | set(forms)
    return [_trial(run, key, forms, found.get(key, {})) for key, forms in wanted.items()]


def _trial(run: OperatorRun, key: tuple[str, str, int], forms: set[str], played: dict[str, Episode]) -> Trial:
    target, task, repeat = key
    group = find_task(task).group
    episodes = tuple(played.values())
    worse = _worse(episodes)
    kind: TrialKind = "missing" if worse is None else episode_kind(worse)
    if kind in ("passed", "judgement", "void") and set(played) < forms:
        kind = "missing"  # half a trial proves nothing; what it did wrong would still count
    scored = worse is not None and kind in ("passed", "judgement")
    return Trial(
        target=target,
        task=task,
        group=group,
        run_id=run.header.run_id,
        repeat=repeat,
        seed=None if worse is None else worse.seed,
        kind=kind,
        points=worse.points if worse is not None and scored else 0,
        parts=dict(worse.parts) if worse is not None and scored else {},
        minefields=tuple(mine for episode in episodes for mine in episode.minefields),
        void=tuple(fault for episode in episodes for fault in episode.void),
        keys=tuple(episode.key for episode in sorted(episodes, key=lambda episode: episode is not worse)),
    )


def _worse(episodes: Sequence[Episode]) -> Episode | None:
    """The episode that counts. One that failed outright decides; else a void one voids the trial; else fewer points."""
    by_kind = [(episode_kind(episode), episode) for episode in episodes]
    for grave in _SEVERITY[:-1]:
        for kind, episode in by_kind:
            if kind == grave:
                return episode
    for kind, episode in by_kind:
        if kind == "judgement" and episode.points == 0:
            return episode
    for kind, episode in by_kind:
        if kind == "void":
            return episode
    return min((episode for _, episode in by_kind), key=lambda episode: episode.points, default=None)


def _mostly_unread(episode: Episode) -> bool:
    """At least as many calls or turns that could not be read as calls that were made."""
    unread = max(episode.rejected, sum(bool(turn.protocol_error) for turn in episode.turns))
    made = sum(_is_call(line) for line in episode.log)
    if not episode.log:
        made = sum(not turn.protocol_error and turn.failure is None for turn in episode.turns)
    return unread > 0 and unread >= made


def _is_call(line: dict[str, Any]) -> bool:
    return line.get("type") == "called"


def _check(run: OperatorRun, episode: Episode) -> None:
    if not is_task(episode.task):
        message = f"{run.name} contains an episode of an unknown task: '{episode.task[:60]}'."
        raise DataError(message, hint="use the version of Milo Bench that wrote it.")
    if not 0 <= episode.points <= TASK_POINTS:
        message = f"{run.name}: an episode of {episode.task} has {episode.points} points of {TASK_POINTS}."
        raise DataError(message, hint="restore the log. It was changed after it was written.")
