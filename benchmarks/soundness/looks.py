"""Advice followed and judged again in, how often a gate at its threshold passes at any look out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.decide.gates.ends import ends_at_any_look, ends_of
from milo_bench.decide.gates.further import further_fixtures
from milo_bench.stats.cases.rows import RateRows

BOUND = 0.85
FIRST = 20
MOST = 4_000  # fixtures that a team would run


def _rows(right: np.ndarray) -> tuple[RateRows, np.ndarray]:
    return RateRows(right.astype(float), np.ones(len(right))), np.arange(len(right), dtype=np.int32)


def _one(right: np.ndarray) -> tuple[str, int | None]:
    rows, fixture = _rows(right)
    ends = ends_of(rows, fixture, 0.95)
    return ends.judged("at_least", BOUND), further_fixtures(rows, fixture, ends, BOUND, 0.95)


def _any(right: np.ndarray) -> tuple[str, int | None]:
    rows, fixture = _rows(right)
    ends = ends_at_any_look(rows, fixture, 0.95)
    return ends.judged("at_least", BOUND), further_fixtures(rows, fixture, ends, BOUND, 0.95, any_look=True)


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """Looks after ``FIRST`` fixtures and after each advice, up to a number of rounds."""
    rounds = (1, 4, 8)
    wrong = {(name, most): 0 for name in ("one", "any") for most in rounds}
    for _ in range(runs):
        right = random.random(MOST) < BOUND
        for name, look in (("one", _one), ("any", _any)):
            seen = FIRST
            for round in range(max(rounds) + 1):
                outcome, more = look(right[:seen])
                if outcome == "pass":
                    for most in rounds:
                        wrong[name, most] += round <= most
                if outcome != "undecided" or more is None or seen + more > MOST:
                    break
                seen += max(1, more)
    rows = [
        Row(
            f"wrong keep after up to {most} rounds of advice, looks: any",
            0.05,
            Found(wrong["any", most], runs),
            Found(wrong["one", most], runs),
        )
        for most in rounds
    ]
    every = sum(_ever(random) for _ in range(runs))
    return [*rows, Row("wrong keep, a look after every fixture up to 300, looks: any", 0.05, Found(every, runs))]


def _ever(random: Random) -> bool:
    """Whether the wealth against the threshold ever suffices; what ``betting_ends`` would reject at that look."""
    right = random.random(300) < BOUND
    k = np.cumsum(right)
    n = np.arange(1, 301)
    shares = np.sin(np.pi * (np.arange(100) + 0.5) / 200) ** 2
    up = np.log1p(shares / BOUND * (1 - BOUND))
    down = np.log1p(-shares)
    wealth = np.exp(np.outer(k, up) + np.outer(n - k, down)).mean(axis=1)
    return bool((wealth >= 20).any())


ROAD = Road(
    "the printed advice, followed",
    f"truth at the threshold {BOUND}, first look at n = {FIRST}; naive: looks: one, added to and judged again",
    simulate,
)
