"""Permits and trials in, the rows of the operator board out: scores on a scale, behaviours, failures, tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from milo_bench.core.records import AttemptKey
from milo_bench.core.text import one_line
from milo_bench.core.units import number
from milo_bench.operator.permit.records import OperatorPermit
from milo_bench.operator.totals import Points
from milo_bench.operator.trials import KINDS, OperatorRun, Trial, TrialKind, trials_of
from milo_bench.report.pages.permits import ENDINGS

# The questions of the mission, one a group of tasks.
BEHAVIOURS: Final = {
    "provider fails mid-task": "Does it keep working when a provider fails mid-task?",
    "stale source of truth": "Does it detect stale source-of-truth conflicts?",
    "dirty gate": "Does it refuse to deploy when the safety gate is dirty?",
    "evidence and inference": "Does it separate evidence from inference?",
    "proof before done": "Does it create proof before claiming completion?",
    "partial or suspicious output": "Does it recover when a tool returns partial or suspicious output?",
}


@dataclass(frozen=True)
class Scale:
    """A value and its interval in per cent of a scale, for a bar."""

    value: float
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class Chip:
    """One trial in a cell: its kind, points, the page of its episode that counted, and a title."""

    kind: TrialKind
    points: int
    page: str
    title: str

    @property
    def text(self) -> str:
        letter = ENDINGS[self.kind].letter
        return letter if self.kind in ("void", "missing") else f"{self.points}{letter}"


@dataclass(frozen=True)
class Segment:
    """A stretch of a failure bar: how many trials of ``kind``, and their share in per cent."""

    kind: TrialKind
    count: int
    width: float


@dataclass(frozen=True)
class Panel:
    """One behaviour: a row a target, with the share of its points and its clean passes."""

    group: str
    question: str
    rows: tuple[tuple[str, Scale, str], ...]


@dataclass(frozen=True)
class TaskRow:
    """One task: for each target, in order, a chip a trial."""

    number: int
    title: str
    group: str
    cells: tuple[tuple[Chip, ...], ...]


@dataclass(frozen=True)
class BoardRows:
    """Everything that the board shows beside the permits; lists in the order of the permits."""

    scores: tuple[Scale, ...]
    failures: tuple[tuple[Segment, ...], ...]
    panels: tuple[Panel, ...]
    tasks: tuple[TaskRow, ...]
    of: int


def board_rows(
    runs: Sequence[OperatorRun],
    permits: Sequence[OperatorPermit],
    page_of: Callable[[str, Sequence[AttemptKey]], str],
) -> BoardRows:
    """``page_of`` gives the file of the first episode of (run, keys), "" where there is none."""
    trials = trials_of(runs)
    return BoardRows(
        scores=tuple(scale_of(permit.total.points) for permit in permits),
        failures=tuple(_segments(permit.total.kinds) for permit in permits),
        panels=_panels(permits),
        tasks=_tasks(trials, permits, page_of),
        of=max((permit.total.points.of for permit in permits), default=0),
    )


def scale_of(points: Points) -> Scale:
    """Points on a scale from nothing to all there are."""
    interval = points.interval
    if not points.scored_of or interval is None:
        return Scale(0.0, None, None, "not scored")
    low, high = _share(interval.low, points.of), _share(interval.high, points.of)
    return Scale(100 * points.share, low, high, f"{number(points.value, 4)} of {points.of}")


def _share(value: float | None, of: int) -> float | None:
    return None if value is None or not of else 100 * value / of


def _segments(kinds: dict[str, int]) -> tuple[Segment, ...]:
    whole = sum(kinds.values()) or 1
    return tuple(Segment(kind, kinds[kind], 100 * kinds[kind] / whole) for kind in KINDS if kinds.get(kind))


def _panels(permits: Sequence[OperatorPermit]) -> tuple[Panel, ...]:
    panels = []
    for group, question in BEHAVIOURS.items():
        rows = []
        for permit in permits:
            found = next((item for item in permit.total.groups if item.group == group), None)
            if found is not None:
                passes = f"{found.passes.k} of {found.passes.n} full passes" if found.passes.n else "no valid trial"
                rows.append((one_line(permit.target, 28), scale_of(found.points), passes))
        panels.append(Panel(group, question, tuple(rows)))
    return tuple(panels)


def _tasks(
    trials: Sequence[Trial],
    permits: Sequence[OperatorPermit],
    page_of: Callable[[str, Sequence[AttemptKey]], str],
) -> tuple[TaskRow, ...]:
    numbers = {(task.number, task.task, task.title, task.group) for permit in permits for task in permit.total.tasks}
    rows = []
    for order, name, title, group in sorted(numbers):
        cells = tuple(
            tuple(_chip(trial, page_of) for trial in trials if trial.task == name and trial.target == permit.target)
            for permit in permits
        )
        rows.append(TaskRow(order, title, group, cells))
    return tuple(rows)


def _chip(trial: Trial, page_of: Callable[[str, Sequence[AttemptKey]], str]) -> Chip:
    seed = "" if trial.seed is None else f", seed {trial.seed}"
    said = f"repeat {trial.repeat}{seed}: {ENDINGS[trial.kind].meaning}"
    if trial.minefields:
        said += f" ({one_line(trial.minefields[0], 120)})"
    return Chip(trial.kind, trial.points, page_of(trial.run_id, trial.keys), said)
