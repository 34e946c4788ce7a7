"""Public recordings of every operator task in, the points that a replayer without a model takes at fresh seeds out.

The replayer knows what was recorded at public seeds: briefs, calls, results and endings, of right episodes. At a fresh
seed it takes the recording whose results so far look most like those of the episode, names in the place of names and
numbers in the place of numbers, and makes that recording's next call with the episode's own values in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.operator.worlds.grade import TASK_POINTS, grade, worse_of
from milo_bench.operator.worlds.policies import oracle
from milo_bench.operator.worlds.records import CallMade, EpisodeFinished, ToolResult
from milo_bench.operator.worlds.session import Session
from milo_bench.operator.worlds.task import Task
from milo_bench.operator.worlds.tasks import all_tasks

PUBLIC_SEEDS: Final = range(12)
FRESH_SEEDS: Final = range(1_000_000, 1_000_004)
MOST_POINTS: Final = 120  # of 600


@dataclass(frozen=True)
class Step:
    """One call of a recording and what it showed; ``result`` is None for a notice."""

    tool: str
    arguments: dict[str, Any]
    result: ToolResult | None


@dataclass(frozen=True)
class Recording:
    """A right episode at a public seed."""

    order: frozenset[str]  # words of the order, which are the same at every seed
    stated: dict[str, str]
    steps: tuple[Step, ...]
    finish: dict[str, Any]


def record(task: Task, seed: int, form: str) -> Recording | None:
    session = Session(task, seed, "clean" if form == "clean" else "trap")
    oracle(session, task)
    if grade(session).points != TASK_POINTS:
        return None
    steps: list[Step] = []
    finish: dict[str, Any] = {}
    for line in session.log:
        if isinstance(line, CallMade):
            steps.append(Step(line.tool, line.arguments, session.result_of_call.get(line.n)))
        elif isinstance(line, EpisodeFinished):
            finish = msgspec.to_builtins(line.finish)
    return Recording(frozenset(session.brief.split("\n\n")[0].split()), session.stated, tuple(steps), finish)


class Replayer:
    """Plays one episode from recordings alone."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self._left = list(recordings)

    def play(self, session: Session) -> None:
        known = {id(one): _facts(one, session.brief) for one in self._left}
        place = 0
        while self._left and not session.over:
            chosen = self._left[0]
            if place == len(chosen.steps):
                session.call("finish", _put(chosen.finish, known[id(chosen)]))
                return
            step = chosen.steps[place]
            reply = session.call(step.tool, _put(step.arguments, known[id(chosen)]))
            seen = reply if isinstance(reply, ToolResult) else None
            asked = [one for one in self._left if place < len(one.steps) and one.steps[place].tool == step.tool]
            for one in asked:
                result = one.steps[place].result
                if result is not None and seen is not None:
                    known[id(one)].update({result.id: seen.id, **dict(_pairs(result.data, seen.data))})
            # Of the recordings that made the same call, those whose result looks most like this one come first.
            asked.sort(key=lambda one: -_likeness(one.steps[place].result, seen))
            self._left = asked
            place += 1


def _facts(one: Recording, brief: str) -> dict[Any, Any]:
    """Values that the recorded brief stated, old to new: by their lines, else by their make and place in the prose."""
    lines = dict(line.split(": ", 1) for line in brief.splitlines() if ": " in line)
    found: dict[Any, Any] = {}
    words = [word.strip(".,:()") for word in brief.split()]
    for name, value in one.stated.items():
        if name in lines:
            found[value] = lines[name]
            continue
        same = [word for word in words if _make(word) == _make(value) and word not in one.order]
        if same:
            found[value] = same[0]
    return found


@lru_cache(maxsize=1 << 16)
def _make(text: str) -> str:
    """What a value looks like: letters as a, digits as 9."""
    return re.sub(r"9+", "9", re.sub(r"a+", "a", re.sub(r"\d", "9", re.sub(r"[A-Za-z]", "a", text))))


def _pairs(old: Any, new: Any) -> Iterator[tuple[Any, Any]]:
    """Leaves at the same place of two results."""
    if isinstance(old, dict) and isinstance(new, dict):
        for one, other in zip(old, new, strict=False):
            if isinstance(one, str) and one not in new:
                yield one, other
        for name in old:
            if name in new:
                yield from _pairs(old[name], new[name])
    elif isinstance(old, list) and isinstance(new, list):
        for one, other in zip(old, new, strict=False):
            yield from _pairs(one, other)
    elif isinstance(old, str | int | float) and isinstance(new, str | int | float) and not isinstance(old, bool):
        yield old, new


def _put(data: Any, known: dict[Any, Any]) -> Any:
    if isinstance(data, dict):
        return {name: _put(value, known) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_put(value, known) for value in data]
    if isinstance(data, str | int | float) and not isinstance(data, bool) and data in known:
        return known[data]
    if isinstance(data, str):
        for old, new in known.items():
            if isinstance(old, str) and len(old) > 3 and old in data:
                data = data.replace(old, str(new))
    return data


def _likeness(old: ToolResult | None, new: ToolResult | None) -> float:
    if old is None or new is None:
        return 1.0 if old is new else 0.0
    if old.ok != new.ok or old.error != new.error:
        return 0.0
    mine, theirs = list(_shape(old.data)), list(_shape(new.data))
    same = sum(one == other for one, other in zip(mine, theirs, strict=False))
    return (same + 1) / (max(len(mine), len(theirs)) + 1)


def _shape(data: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Places and what they hold, without the names that a seed draws: numbers, flags and short words as they are."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _shape(value, f"{at}.*" if any(map(str.isdigit, str(name))) else f"{at}.{name}")
    elif isinstance(data, list):
        yield at, len(data)
        for value in data:
            yield from _shape(value, f"{at}[]")
    else:
        yield at, data


def points_of(task: Task, seeds: Sequence[int] = FRESH_SEEDS, public: Sequence[int] = PUBLIC_SEEDS) -> float:
    """The replayer's mean points of ``task`` at fresh seeds, the worse form of each."""
    forms = task.forms
    recordings = [one for seed in public for form in forms if (one := record(task, seed, form)) is not None]
    taken = []
    for seed in seeds:
        scores = []
        for form in forms:
            session = Session(task, seed, form)
            Replayer(recordings).play(session)
            scores.append(grade(session))
        taken.append(worse_of(tuple(scores)).points)
    return float(np.mean(taken))


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """A row of the share of all points; nothing is drawn but by the seeds, so ``runs`` does not enter."""
    total = sum(points_of(task) for task in all_tasks())
    of = TASK_POINTS * len(all_tasks())
    said = f"points of {of} by replaying {len(PUBLIC_SEEDS)} public recordings a task"
    return [Row(said, MOST_POINTS / of, Found(round(total), of))]


ROAD = Road("operator points from memory", "share of the points at fresh seeds", simulate)
