"""Fixtures of few stories in, how often a gate at its threshold passes, with and without their groups, out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.decide.gates.ends import ends_at_any_look, ends_of
from milo_bench.stats.betting import is_above
from milo_bench.stats.cases.rows import RateRows
from milo_bench.suites.fresh import RETELLINGS

BOUND = 0.85


def draw(random: Random, fixtures: int, stories: int, alike: float) -> tuple[np.ndarray, np.ndarray]:
    """Right or wrong for each fixture, and its story; answers within a story correlate by ``alike`` (beta-binomial)."""
    spread = 1 / alike - 1
    rates = random.beta(BOUND * spread, (1 - BOUND) * spread, stories)
    story = np.arange(fixtures) % stories
    return random.random(fixtures) < rates[story], story.astype(np.int32)


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """The shapes of the suites of 0.1.0: 150 fixtures of 14 stories, 60 of 24; and 60 of 60."""
    rows = []
    for fixtures, stories, alike in (
        (150, 14, 0.1), (150, 14, 0.2), (150, 14, 0.3), (60, 24, 0.1), (60, 24, 0.3), (120, 60, 0.3),
    ):  # fmt: skip
        kept = before = any_look = lost = 0
        places = np.arange(fixtures, dtype=np.int32)
        for _ in range(runs):
            right, story = draw(random, fixtures, stories, alike)
            found = RateRows(right.astype(float), np.ones(fixtures))
            grouped = ends_of(found, places, 0.95, group=story).judged("at_least", BOUND)
            kept += grouped == "pass"
            lost += grouped == "fail"
            before += ends_of(found, places, 0.95).judged("at_least", BOUND) == "pass"
            any_look += ends_at_any_look(found, places, 0.95, group=story).judged("at_least", BOUND) == "pass"
        name = f"{fixtures} fixtures of {stories} stories, correlation {alike:g}"
        rows.append(Row(f"wrong keep, {name}", 0.05, Found(kept, runs), Found(before, runs)))
        rows.append(Row("  wrong reject", 0.05, Found(lost, runs)))
        rows.append(Row("  wrong keep, looks: any", 0.05, Found(any_look, runs)))
    for alike in (0.1, 0.3):
        kept = sum(_told_again(random, alike) for _ in range(runs))
        name = f"wrong keep at any look, 60 stories told {1 + RETELLINGS} times, correlation {alike:g}"
        rows.append(Row(name, 0.05, Found(kept, runs)))
    return rows


def _told_again(random: Random, alike: float) -> bool:
    """What a run until decided takes for fixtures of their own: the tellings of a story, one round after the other."""
    right, _ = draw(random, 60 * (1 + RETELLINGS), 60, alike)
    return is_above(right.astype(float), BOUND, 0.95, in_order=True)


ROAD = Road("fixtures of one story", f"truth at the threshold {BOUND}; naive: each fixture on its own", simulate)
