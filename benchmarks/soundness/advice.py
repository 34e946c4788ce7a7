"""Grouped fixtures of an undecided gate in, whether "about N more fixtures" decides it, and not far fewer, out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.decide.gates.ends import IntervalEnds, ends_at_any_look, ends_of
from milo_bench.decide.gates.further import further_fixtures
from milo_bench.stats.cases.rows import RateRows
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.intervals import effective_n

# Fixtures in each group of the run, the threshold, and the share of right answers.
_SHAPES: Sequence[tuple[str, Sequence[int], float, float]] = (
    ("100 fixtures in groups of 5, no mistake", [5] * 20, 0.95, 1.0),
    ("60 fixtures, 20 of them in one group, no mistake", [20, *[1] * 40], 0.95, 1.0),
    ("60 fixtures in groups of 1 to 4, no mistake", [1, 1, 2, 4] * 7 + [4], 0.95, 1.0),
    ("120 fixtures in groups of 2, 92% right", [2] * 60, 0.88, 0.92),
    ("150 fixtures in groups of 3, 96% right", [3] * 50, 0.93, 0.96),
)
_ALIKE = 0.1


def _draw(random: Random, sizes: Sequence[int], right: float) -> np.ndarray:
    """Right or wrong; answers of one group correlate, and the share of all that is right is as stated."""
    if right == 1.0:
        return np.ones(sum(sizes))
    spread = 1 / _ALIKE - 1
    rates = random.beta(right * spread, (1 - right) * spread, len(sizes))
    return (random.random(sum(sizes)) < np.repeat(rates, sizes)).astype(float)


def _ends(right: np.ndarray, sizes: Sequence[int], *, any_look: bool) -> tuple[IntervalEnds, RateRows, np.ndarray]:
    group = np.repeat(np.arange(len(sizes)), sizes)[: len(right)].astype(np.int32)
    rows = RateRows(right, np.ones(len(right)))
    find = ends_at_any_look if any_look else ends_of
    return find(rows, np.arange(len(right), dtype=np.int32), 0.95, group=group), rows, group


def _all_alike(right: np.ndarray, sizes: Sequence[int], bound: float) -> int:
    """What was advised before: each further group is worth as much as these are on average, the largest too."""
    asked = np.array(sizes, dtype=float)
    held = np.add.reduceat(right, np.cumsum([0, *sizes[:-1]]))
    a_group, rate, more = effective_n(held, asked) / len(sizes), float(right.mean()), 1
    while exact_ends(rate * (n := a_group * (len(sizes) + more)), n, 0.95)[0] < bound:
        more += 1
    return math.ceil(more * len(right) / len(sizes))


def _followed(
    random: Random, shape: tuple[str, Sequence[int], float, float], part: float, *, any_look: bool, before: bool = False
) -> bool:
    """Whether the gate is decided once ``part`` of the fixtures that were advised is there, if the estimate holds."""
    _, sizes, bound, truth = shape
    right = _draw(random, sizes, truth)
    while right.sum() != round(truth * len(right)):  # the estimate is the truth, and its groups are as later ones
        right = _draw(random, sizes, truth)
    ends, rows, group = _ends(right, sizes, any_look=any_look)
    assert ends.judged("at_least", bound) == "undecided"
    places = np.arange(len(right), dtype=np.int32)
    more = further_fixtures(rows, places, ends, bound, 0.95, group=group, any_look=any_look)
    if before:
        more = _all_alike(right, sizes, bound)
    assert more is not None
    usual = round(float(np.median(sizes)))
    added = [usual] * math.ceil(more * part / usual)
    fresh = _draw(random, added, truth)[: math.ceil(more * part)]
    ends, *_ = _ends(np.concatenate([right, fresh]), [*sizes, *added], any_look=any_look)
    return ends.judged("at_least", bound) != "undecided"


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """Followed in full, at most half of the runs are undecided; with half of it, at most half are decided."""
    rows = []
    for shape in _SHAPES:
        drawn = shape[3] < 1.0  # nothing is drawn where every answer is right
        for any_look in (False, True):
            tries = runs if drawn else 1
            undecided = sum(not _followed(random, shape, 1.0, any_look=any_look) for _ in range(tries))
            early = sum(_followed(random, shape, 0.5, any_look=any_look) for _ in range(tries))
            promised = 0.5 if drawn else 0.0
            looks = ", looks: any" if any_look else ""
            rows.append(Row(f"{shape[0]}{looks}: undecided with all", promised, Found(undecided * runs // tries, runs)))
            before = None
            if not any_look:
                then = sum(_followed(random, shape, 0.5, any_look=False, before=True) for _ in range(tries))
                before = Found(then * runs // tries, runs)
            rows.append(Row("  decided with half of it", promised, Found(early * runs // tries, runs), before))
    return rows


ROAD = Road(
    "the number of fixtures that is advised",
    "new groups are of the usual size and the estimate holds: an even chance with all, less with half; naive: every "
    "new group is worth what these are on average",
    simulate,
)
