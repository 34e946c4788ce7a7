"""Targets beside a baseline on the same fixtures in, wrong keeps at any look and how many fixtures each way takes, out.

Three ways to judge "no more than a margin worse": pair by pair, as ``decide`` does, where the baseline's answer to the
same fixture is the control, asked now or recorded before (``run --baseline LOG``); as two unrelated rates; and with a
fitted control: regression of the target's answers on the baseline's, whose rate is known from recorded answers to other
fixtures, at a tenth of the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.stats.arrays import Floats
from milo_bench.stats.betting import BETS, is_above
from milo_bench.stats.exact import exact_ends

FIXTURES, BASELINE, MARGIN = 600, 0.9, 0.05
_SHARES = np.sin(math.pi * (np.arange(BETS) + 0.5) / (2 * BETS)) ** 2
_Passes = Callable[[Floats, Floats], bool]


def _draw(random: Random, rate: float, correlation: float, size: int) -> tuple[Floats, Floats]:
    """Answers of target and baseline, right or wrong, with that correlation between them."""
    both = rate * BASELINE + correlation * math.sqrt(rate * (1 - rate) * BASELINE * (1 - BASELINE))
    both = min(both, rate, BASELINE)
    place = random.random(size)
    ours = (place < both) | ((place >= BASELINE) & (place < BASELINE + rate - both))
    return ours.astype(np.float64), (place < BASELINE).astype(np.float64)


def _paired(ours: Floats, theirs: Floats) -> bool:
    return is_above((ours - theirs + 1) / 2, (1 - MARGIN) / 2, 0.95, in_order=True)


def _unrelated(ours: Floats, theirs: Floats) -> bool:
    """Whether some rate is surely above the baseline's less the margin: two bounds, each at half the error."""
    return any(
        is_above(1 - theirs, 1 - rate, 0.975, in_order=True) and is_above(ours, rate - MARGIN, 0.975, in_order=True)
        for rate in np.linspace(0.84, 0.99, 31)
    )


def _fitted(recorded: int, random: Random) -> _Passes:
    """As pairs, with the share of the baseline's answer that earlier pairs say is best taken away."""
    held = int((random.random(recorded) < BASELINE).sum())
    most = exact_ends(held, recorded, 0.995)[1]

    def passes(ours: Floats, theirs: Floats) -> bool:
        share = _shares_before(ours, theirs)
        mean = -MARGIN + (1 - share) * most
        values = ours - share * theirs
        gains = np.cumsum(np.log1p(0.999 * _SHARES[:, None] * ((values - mean) / (share + mean))[None, :]), axis=1)
        wealth = gains.max(axis=0) + np.log(np.exp(gains - gains.max(axis=0)).mean(axis=0))
        return bool(wealth.max() >= -math.log(0.045))

    return passes


def _shares_before(ours: Floats, theirs: Floats) -> Floats:
    """For each pair the slope of ours on theirs over the pairs before it, drawn towards 1, between 0 and 1."""
    count = np.arange(1, len(ours) + 1)
    of_ours, of_theirs, of_both = np.cumsum(ours), np.cumsum(theirs), np.cumsum(ours * theirs)
    together = of_both - of_ours * of_theirs / count + 0.5
    alone = of_theirs - of_theirs**2 / count + 0.5
    return np.concatenate([[1.0], np.clip(together / alone, 0, 1)[:-1]])


def _taken(passes: _Passes, ours: Floats, theirs: Floats) -> int:
    """How many fixtures it takes; all of them where they do not decide."""
    if not passes(ours, theirs):
        return len(ours)
    few, many = 0, len(ours)
    while many - few > 1:  # what was decided stays decided
        middle = (few + many) // 2
        few, many = (few, middle) if passes(ours[:middle], theirs[:middle]) else (middle, many)
    return many


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """A target exactly the margin worse, then one as good as the baseline, by how alike their answers are."""
    rows = []
    runs, few = min(runs, 200), min(runs, 20)
    for correlation in (0.0, 0.3, 0.6):
        wrong = fitted = 0
        for _ in range(runs):
            pair = _draw(random, BASELINE - MARGIN, correlation, FIXTURES)
            wrong += _paired(*pair)
            fitted += _fitted(10_000, random)(*pair)
        name = f"correlation {correlation}"
        rows.append(Row(f"wrong keep at the margin, pairs, {name}", 0.05, Found(wrong, runs)))
        rows.append(Row("  with a fitted control, 10,000 recorded answers", 0.05, Found(fitted, runs)))
        # A way to judge, and how many calls each fixture takes: of the target, and of a baseline that is not recorded.
        ways: dict[str, tuple[_Passes, int]] = {
            "pairs, baseline recorded": (_paired, 1),
            "pairs, both run": (_paired, 2),
            "two unrelated rates, both run": (_unrelated, 2),
        }
        ways |= {f"fitted control, {n:,} recorded": (_fitted(n, random), 1) for n in (1_000, 10_000)}
        pairs = [_draw(random, BASELINE, correlation, FIXTURES) for _ in range(few)]
        for way, (passes, calls) in ways.items():
            taken = calls * np.mean([_taken(passes, *pair) for pair in pairs])
            said = f"  as good, {way}: {taken:.0f} calls on average, undecided"
            rows.append(Row(said, None, Found(sum(not passes(*pair) for pair in pairs), few)))
    return rows


ROAD = Road(
    "beside a baseline",
    f"margin {MARGIN:.0%}, a baseline right in {BASELINE:.0%}, a look after each of {FIXTURES} fixtures",
    simulate,
)
