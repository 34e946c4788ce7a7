"""Runs that stop by what they see in, how often a gate at its threshold is ever decided, and what it saves, out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.decide.gates.beyond_routing import best_of_clusters
from milo_bench.decide.gates.ends import (
    difference_at_any_look,
    ends_at_any_look,
    ends_of,
    fixture_means,
    pair_fixtures,
)
from milo_bench.stats.betting import is_above
from milo_bench.stats.cases.rows import RateRows, ValueRows

FIXTURES = 300


def _decided(right: np.ndarray, places: np.ndarray, bound: float) -> str:
    """What the ends of the tool say after all looks, by the test that they are the inversion of."""
    rows = RateRows(right.astype(float), np.ones(len(right)))
    means = fixture_means(rows, places)[1]
    if is_above(means, bound, 0.95, in_order=True):
        return "pass"
    return "fail" if is_above(1 - means, 1 - bound, 0.95, in_order=True) else "undecided"


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """Every bound at its threshold, looked at after each fixture; then models away from it, and how many they take."""
    rows = []
    for bound, repeats in ((0.8, 1), (0.9, 1), (0.95, 1), (0.85, 3)):
        kept = rejected = before = 0
        for _ in range(runs):
            right, places = _draw(random, bound, repeats, FIXTURES)
            outcome = _decided(right, places, bound)
            kept += outcome == "pass"
            rejected += outcome == "fail"
            before += _peeks(RateRows(right.astype(float), np.ones(len(right))), places, bound)
        name = f"truth {bound}, {repeats} {'repeat' if repeats == 1 else 'repeats of a fixture, correlated'}"
        rows.append(Row(f"wrong keep at any look, {name}", 0.05, Found(kept, runs), Found(before, runs)))
        rows.append(Row("  wrong reject at any look", 0.05, Found(rejected, runs)))
    rows += _beyond_routing(runs, random)
    rows += _of_pairs(runs, random)
    rows.append(_of_times(runs, random))
    for truth in (0.5, 0.7, 0.95, 0.99):
        rows.append(_saved(runs, random, truth))
    return rows


def _draw(random: Random, rate: float, repeats: int, fixtures: int) -> tuple[np.ndarray, np.ndarray]:
    rates = np.full(fixtures, rate) if repeats == 1 else random.beta(rate * 2, (1 - rate) * 2, fixtures)
    right = random.random((fixtures, repeats)) < rates[:, None]
    return right.reshape(-1), np.repeat(np.arange(fixtures, dtype=np.int32), repeats)


def _peeks(found: RateRows, places: np.ndarray, bound: float) -> bool:
    """Fixed bounds, looked at after every tenth fixture: what a team does that waits for a pass."""
    for seen in range(10, FIXTURES + 1, 10):
        here = places < seen
        part = RateRows(found.held[here], found.asked[here])
        if ends_of(part, places[here], 0.95).judged("at_least", bound) == "pass":
            return True
    return False


def _beyond_routing(runs: int, random: Random) -> list[Row]:
    """A model that the best rule there is just brings to the bound, called beyond routing; then one that is far off."""
    found = []
    places = np.arange(FIXTURES, dtype=np.int32)
    for bound, share in ((0.9, 0.6), (0.85, 0.5), (0.92, 0.3)):
        wrong = soon = taken = 0
        for _ in range(runs):
            just = random.random(FIXTURES) < bound * share
            wrong += _decided(just, places, bound * share) == "fail"
            bad = random.random(FIXTURES) < bound * share / 4
            stop = _stop(bad, bound * share)
            soon += stop is None
            taken += stop or FIXTURES
        setting = f"called beyond routing, a rule just passes ({bound}, {share:.0%})"
        found.append(Row(setting, 0.05, Found(wrong, runs)))
        wrong = sum(_of_uneven_groups(random, bound, share) for _ in range(runs))
        found.append(Row("  in groups of 1 to 3, the largest all right", 0.05, Found(wrong, runs)))
        said = f"  a quarter as good: open after {FIXTURES}; {taken / runs:.0f} fixtures on average"
        found.append(Row(said, None, Found(soon, runs)))
    return found


def _of_uneven_groups(random: Random, bound: float, share: float) -> bool:
    """Whether groups are called beyond routing, though a rule that asks for the largest alone just passes."""
    sizes = random.choice([1, 1, 3], size=FIXTURES // 2)
    cluster = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    # Threes hold 3/5 of the cases, so a rule for share m needs m * 5/3 of them, of which a share `bound` is right.
    right = (sizes == 3) & (random.random(len(sizes)) < min(1.0, bound * share * 5 / 3))
    held, asked = best_of_clusters(np.repeat(right.astype(float), sizes), cluster)
    return _decided(held[asked > 0], cluster[asked > 0], bound * share * float(sizes.mean() / sizes.max())) == "fail"


def _of_pairs(runs: int, random: Random) -> list[Row]:
    """A target that is exactly the margin worse than a baseline and right on much the same fixtures."""
    baseline, margin = 0.9, 0.05
    kept = alone = 0
    places = np.arange(FIXTURES, dtype=np.int32)
    runs = min(runs, 200)
    for _ in range(runs):
        theirs = random.random(FIXTURES) < baseline
        # Wrong where the baseline is, and on a few more: the difference of both has little spread.
        ours = theirs & (random.random(FIXTURES) >= margin / baseline)
        first, second = (RateRows(right.astype(float), np.ones(FIXTURES)) for right in (ours, theirs))
        pairs = pair_fixtures(fixture_means(first, places), fixture_means(second, places))
        ends = difference_at_any_look(pairs, 0.95, rate=True, in_order=True)
        kept += ends.judged("at_least", -margin) == "pass"
        close = theirs & (random.random(FIXTURES) >= 0.01 / baseline)
        of_close = RateRows(close.astype(float), np.ones(FIXTURES))
        pairs = pair_fixtures(fixture_means(of_close, places), fixture_means(second, places))
        alone += (
            difference_at_any_look(pairs, 0.95, rate=True, in_order=True).judged("at_least", -margin) == "undecided"
        )
    return [
        Row("wrong keep at any look, against a baseline, at the margin", 0.05, Found(kept, runs)),
        Row(f"  one point worse, undecided after {FIXTURES} pairs", None, Found(alone, runs)),
    ]


def _of_times(runs: int, random: Random) -> Row:
    """A 95th percentile that is exactly its threshold, in times with a heavy tail."""
    threshold = float(np.exp(1.6448536))
    wrong = 0
    places = np.arange(FIXTURES, dtype=np.int32)
    for _ in range(min(runs, 200)):
        values = ValueRows(np.arange(FIXTURES), np.exp(random.standard_normal(FIXTURES)), q=0.95)
        ends = ends_at_any_look(values, places, 0.95, in_order=True)
        wrong += ends.judged("at_most", threshold - 1e-9) == "pass"
    return Row("wrong keep at any look, 95th percentile of times at its threshold", 0.05, Found(wrong, min(runs, 200)))


def _saved(runs: int, random: Random, truth: float) -> Row:
    """Undecided after all fixtures, against a threshold of 0.85; the mean number of fixtures that it took is named."""
    bound, taken, open_at_the_end = 0.85, 0, 0
    for _ in range(runs):
        right = _draw(random, truth, 1, FIXTURES)[0]
        stop = _stop(right, bound)
        open_at_the_end += stop is None
        taken += stop or FIXTURES
    setting = f"undecided after {FIXTURES}, truth {truth} against {bound}: {taken / runs:.0f} fixtures on average"
    return Row(setting, None, Found(open_at_the_end, runs))


def _stop(right: np.ndarray, bound: float) -> int | None:
    places = np.arange(len(right), dtype=np.int32)
    few, many = 0, len(right)
    if _decided(right, places, bound) == "undecided":
        return None
    while many - few > 1:  # what was decided stays decided
        middle = (few + many) // 2
        outcome = _decided(right[:middle], places[:middle], bound)
        few, many = (middle, many) if outcome == "undecided" else (few, middle)
    return many


ROAD = Road(
    "run --until-decided",
    f"a look after each of {FIXTURES} fixtures; naive: fixed bounds, a look after each tenth",
    simulate,
)
