"""Rules that find most faults, measured on few labelled ones, in, wrong keeps of a safety gate on them out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.decide.gates.ends import ends_at_any_look, ends_of, with_unfound
from milo_bench.stats.cases.rows import RateRows
from milo_bench.stats.unfound import Unfound

BOUND = 0.12
CONFIDENCE = 0.95
MOST_LOOKED = 150  # answers of a run that is looked at after each
# (what the rules find, labelled faults that it was measured on, answers): as measured for shipped checks.
RULES = ((0.91, 140, 120), (0.91, 140, 1000), (0.95, 42, 400), (0.9, 20, 60), (0.95, 20, 400), (0.46, 39, 150))


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """Answers of which ``BOUND`` are wrong; rules find some of these. ``naive`` takes what they find for all."""
    rows = []
    for recall, labelled, answers in RULES:
        kept = naive = 0
        for _ in range(runs):
            measured, rates, fixture = _drawn(random, recall, labelled, answers)
            ends = ends_of(rates, fixture, CONFIDENCE)
            kept += with_unfound(ends, measured, "at_most", CONFIDENCE).judged("at_most", BOUND) == "pass"
            naive += ends.judged("at_most", BOUND) == "pass"
        setting = f"rules find {recall:.0%}, counted on {labelled}, {answers} answers"
        rows.append(Row(f"wrong keep, {setting}", 0.05, Found(kept, runs), Found(naive, runs)))
        if answers <= MOST_LOOKED:
            fewer = max(1, runs // 4)
            looked = sum(_kept_at_any_look(random, recall, labelled, answers) for _ in range(fewer))
            rows.append(Row("  the same at any look", 0.05, Found(looked, fewer)))
    return rows


def _drawn(random: Random, recall: float, labelled: int, answers: int) -> tuple[Unfound, RateRows, NDArray[np.int32]]:
    measured = Unfound(((int(random.binomial(labelled, recall)), labelled),))
    found = (random.random(answers) < BOUND * recall).astype(np.float64)
    return measured, RateRows(found, np.ones(answers)), np.arange(answers, dtype=np.int32)


def _kept_at_any_look(random: Random, recall: float, labelled: int, answers: int) -> bool:
    measured, rates, fixture = _drawn(random, recall, labelled, answers)
    sure = (1 + CONFIDENCE) / 2
    wide = ends_at_any_look(rates, fixture, sure, in_order=True)
    return with_unfound(wide, measured, "at_most", sure, at_any_look=wide).judged("at_most", BOUND) == "pass"


ROAD = Road(
    "a safety gate on rules that miss some faults",
    f"{BOUND:.0%} of the answers are wrong: the threshold; naive: what rules find is all there is",
    simulate,
)
