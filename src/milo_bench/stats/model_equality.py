"""Openings of answers from two times in, whether one model gave both out: a two-sample permutation test. Pure.

Model equality testing (Gao, Liang and Guestrin 2024, arXiv:2410.20247) with a distance of this bench's own, for answers
at temperature 0: where no token differs, the log-probabilities still do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from milo_bench.core.records import Behaviour, Frozen, Opening

if TYPE_CHECKING:
    import numpy as np

LEVEL: Final = 0.01  # an unchanged model is called another in at most this share of comparisons
# Differences of log-probabilities that restarts, threads and batches of one unchanged server make: benchmarks/servers
TOLERANCE: Final = 0.02
_EXACT: Final = 2_000_000
_DRAWS: Final = 20_000

Equality: TypeAlias = Literal["same", "another", "unknown"]


class EqualityTest(Frozen, frozen=True, omit_defaults=False):
    """``p`` is None where nothing could be compared; ``why`` then says why. ``differing`` of ``prompts`` differ."""

    outcome: Equality
    p: float | None = None
    prompts: int = 0
    differing: int = 0
    why: str = ""


def compare_behaviour(before: Behaviour, now: Behaviour, *, level: float = LEVEL) -> EqualityTest:
    """Whether the answers of two times come from one distribution, prompt by prompt.

    Under the null hypothesis the answers to a prompt are exchangeable between the two times, so the p value is the
    share of all ways to relabel them, within each prompt, whose distance between the sides is at least the one seen
    (exact up to two million ways, else 20,000 seeded draws). "same" only says that no difference was found.
    """
    for side in (before, now):
        if not side.openings:
            return EqualityTest("unknown", why=side.problem or "the prompts were not asked")
    if before.version != now.version or len(before.openings) != len(now.openings):
        return EqualityTest("unknown", why="the prompts of the two runs are of different versions")
    pairs = list(zip(before.openings, now.openings, strict=True))
    if any(min(len(old), len(new)) < 1 or len(old) + len(new) < 3 for old, new in pairs):
        return EqualityTest("unknown", why="each prompt was asked only once")
    if all(_apart_at_most(old, new) <= 0 for old, new in pairs):
        return EqualityTest("same", 1.0, len(pairs))
    statistics = [_relabelled(old, new) for old, new in pairs]
    seen = sum(float(values[0]) for values in statistics)
    p = _share_at_least(statistics, seen)
    differing = sum(
        float(values[0]) > 0 and _between(old, new) > 0 for values, (old, new) in zip(statistics, pairs, strict=True)
    )
    if seen <= 0:
        return EqualityTest("same", 1.0, len(pairs), differing)
    return EqualityTest("another" if p <= level else "same", p, len(pairs), differing)


def distance(one: Opening, other: Opening) -> float:
    """0 for equal openings, 1 for those that share nothing: the mean over token positions.

    A position counts whole from the first differing token on; before it, by the difference of log-probabilities beyond
    the tolerance, at most 1.
    """
    length = max(len(one.tokens), len(other.tokens))
    if not length:
        return 0.0
    total = 0.0
    for place in range(length):
        if one.tokens[: place + 1] != other.tokens[: place + 1]:
            return (total + length - place) / length
        if one.logprobs and other.logprobs:
            apart = abs(one.logprobs[place] - other.logprobs[place])
            total += min(1.0, apart) if apart > TOLERANCE else 0.0
    return total / length


def _between(old: Sequence[Opening], new: Sequence[Opening]) -> float:
    return min(distance(one, other) for one in old for other in new)


def _apart_at_most(old: Sequence[Opening], new: Sequence[Opening]) -> float:
    return max(distance(one, other) for one in old for other in new)


def _relabelled(old: Sequence[Opening], new: Sequence[Opening]) -> np.ndarray:
    """The statistic under each way to call ``len(old)`` of the answers old; the first is as they came."""
    # Late: a gateway compares what is the same, every hour, without it.
    import numpy as np

    pool = [*old, *new]
    apart = np.array([[distance(one, other) for other in pool] for one in pool])
    everything = set(range(len(pool)))
    values = []
    for chosen in combinations(range(len(pool)), len(old)):
        rest = sorted(everything - set(chosen))
        first = list(chosen)
        between = float(apart[np.ix_(first, rest)].mean())
        within = [
            float(apart[np.ix_(side, side)].sum()) / (len(side) * (len(side) - 1))
            for side in (first, rest)
            if len(side) > 1
        ]
        values.append(2 * between - sum(within) * 2 / len(within))
    return np.array(values)


def _share_at_least(statistics: Sequence[np.ndarray], seen: float) -> float:
    import numpy as np

    slack = 1e-9 * max(1.0, abs(seen))
    distinct = [np.unique(values.round(12), return_counts=True) for values in statistics]
    if math.prod(len(values) for values, _ in distinct) <= _EXACT:
        sums, ways = np.zeros(1), np.ones(1)
        for values, counts in distinct:
            sums = np.add.outer(sums, values).ravel()
            ways = np.multiply.outer(ways, counts / counts.sum()).ravel()
        return float(ways[sums >= seen - slack].sum())
    random = np.random.default_rng(0)
    drawn = np.zeros(_DRAWS)
    for all_values in statistics:
        drawn += random.choice(all_values, size=_DRAWS)
    return float(((drawn >= seen - slack).sum() + 1) / (_DRAWS + 1))
