"""The tasks in, a table of what each policy scores on each of them out; the bench is sound where no row has a fault."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from milo_bench.core.units import share
from milo_bench.operator.worlds.grade import TASK_POINTS, Score, grade, worse_of
from milo_bench.operator.worlds.policies import DEGENERATE, Policy, oracle
from milo_bench.operator.worlds.session import Session
from milo_bench.operator.worlds.task import Task

ORACLE = "oracle"
# Over all tasks together no degenerate policy may have more than this share of the points.
CEILING_SHARE = 0.20
SEEDS = tuple(range(8))


class PolicyTotal(msgspec.Struct, frozen=True):
    """A policy over all tasks: the sum of its best scores, the points there are, and its share of them."""

    policy: str
    points: int
    of: int
    share: float


class SelftestRow(msgspec.Struct, frozen=True):
    """One task: the lowest score of its oracle over the seeds, and the highest of each degenerate policy."""

    number: int
    task: str
    group: str
    scores: dict[str, int]
    ceilings: dict[str, int]


class Selftest(msgspec.Struct, frozen=True):
    """``faults`` are sentences, each saying where the bench is not sound; empty where it is."""

    seeds: tuple[int, ...]
    rows: tuple[SelftestRow, ...]
    totals: tuple[PolicyTotal, ...]
    faults: tuple[str, ...]


def play(task: Task, seed: int, policy: Policy) -> Score:
    """A task's score for ``policy`` at ``seed``: the worst of its forms."""
    scores = []
    for form in task.forms:
        session = Session(task, seed, form, secret="selftest")  # noqa: S106  ids that are the same each time
        policy(session, task)
        scores.append(grade(session))
    return worse_of(tuple(scores))


def selftest(tasks: Sequence[Task], seeds: Sequence[int] = SEEDS) -> Selftest:
    """Play every policy on every task at every seed.

    The oracle must have all 25 points at each seed. A degenerate policy counts with its best seed
    and its best ending, must stay at or under the ceiling that the task states, and over all tasks
    at or under a fifth of the points.
    """
    rows, faults = [], []
    for task in tasks:
        scores = {ORACLE: min(play(task, seed, oracle).points for seed in seeds)}
        if scores[ORACLE] != TASK_POINTS:
            faults.append(f"{task.name}: the oracle scores {scores[ORACLE]} instead of {TASK_POINTS}")
        for name, policies in DEGENERATE.items():
            scores[name] = max(play(task, seed, policy).points for seed in seeds for policy in policies)
            ceiling = task.ceilings.get(name, 0)
            if scores[name] > ceiling:
                faults.append(f"{task.name}: {name} scores {scores[name]}, more than its ceiling of {ceiling}")
        rows.append(SelftestRow(task.number, task.name, task.group, scores, dict(task.ceilings)))
    of = TASK_POINTS * len(rows)
    totals = []
    for name in (ORACLE, *DEGENERATE):
        points = sum(row.scores[name] for row in rows)
        totals.append(PolicyTotal(name, points, of, points / of if of else 0.0))
        if name != ORACLE and points > CEILING_SHARE * of:
            faults.append(f"{name} has {points} of {of} points, more than {share(CEILING_SHARE)}")
    return Selftest(tuple(seeds), tuple(rows), tuple(totals), tuple(faults))
