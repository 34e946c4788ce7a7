"""Rules that find most faults, measured on few labelled ones, in, wrong keeps of a safety gate on them out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.decide.gates.ends import IntervalEnds, behind_guard, ends_at_any_look, ends_of, with_unfound
from milo_bench.stats.cases.rows import RateRows
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.unfound import Unfound

BOUND = 0.12
CONFIDENCE = 0.95
# (what the rules find, labelled faults, wrong answers, answers), where the same rules send answers to people.
GUARDS = ((0.91, 140, 0.3, 120), (0.46, 39, 0.3, 150))
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
    for recall, labelled, wrong, answers in GUARDS:
        bound = wrong * (1 - recall) / (1 - wrong * recall)
        kept = naive = 0
        for _ in range(runs):
            measured = Unfound(((int(random.binomial(labelled, recall)), labelled),))
            found = random.random(answers) < wrong * recall
            kept += _behind_guard(measured, found).judged("at_most", bound) == "pass"
            none = RateRows(np.zeros(answers - found.sum()), np.ones(answers - found.sum()))
            naive += ends_of(none, _places(none), CONFIDENCE).judged("at_most", bound) == "pass"
        setting = f"{wrong:.0%} wrong, rules that find {recall:.0%} are the guard"
        rows.append(Row(f"wrong fix, {setting}, {answers} answers", 0.05, Found(kept, runs), Found(naive, runs)))
    return rows


def _drawn(random: Random, recall: float, labelled: int, answers: int) -> tuple[Unfound, RateRows, NDArray[np.int32]]:
    measured = Unfound(((int(random.binomial(labelled, recall)), labelled),))
    found = (random.random(answers) < BOUND * recall).astype(np.float64)
    return measured, RateRows(found, np.ones(answers)), np.arange(answers, dtype=np.int32)


def _behind_guard(measured: Unfound, found: NDArray[np.bool_]) -> IntervalEnds:
    """The ends of what is wrong among answers of which the rules, which are the guard, found nothing."""
    every, sure = RateRows(found.astype(np.float64), np.ones(len(found))), 1 - (1 - CONFIDENCE) / 4
    let = RateRows(np.zeros(int((~found).sum())), np.ones(int((~found).sum())))
    return behind_guard(
        ends_of(let, _places(let), sure),
        ends_of(every, _places(every), sure),
        measured,
        "at_most",
        let=exact_ends(len(let.held), len(found), sure)[0],
        sure=sure,
        stops_all=True,
    )


def _places(rows: RateRows) -> NDArray[np.int32]:
    return np.arange(len(rows.held), dtype=np.int32)


def _kept_at_any_look(random: Random, recall: float, labelled: int, answers: int) -> bool:
    measured, rates, fixture = _drawn(random, recall, labelled, answers)
    sure = (1 + CONFIDENCE) / 2
    wide = ends_at_any_look(rates, fixture, sure, in_order=True)
    return with_unfound(wide, measured, "at_most", sure, at_any_look=wide).judged("at_most", BOUND) == "pass"


ROAD = Road(
    "a safety gate on rules that miss some faults",
    f"truth at the threshold, {BOUND:.0%} wrong unless said; naive: what rules find is all there is",
    simulate,
)
