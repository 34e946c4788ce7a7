"""Rows of an undecided gate in, how many more fixtures would decide it if the estimate holds, out; pure.

More fixtures come in new groups of the usual size: one large story among fixtures of their own is not told again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from milo_bench.decide.gates.ends import Groups, IntervalEnds, cluster_means
from milo_bench.stats.betting import further_to_decide
from milo_bench.stats.cases.rows import RateRows, ValueRows
from milo_bench.stats.exact import exact_high, exact_low
from milo_bench.stats.intervals import ClusteredRate
from milo_bench.stats.least import least_that
from milo_bench.stats.unfound import Unfound

MOST_FURTHER: Final = 10_000_000


def further_fixtures(
    rows: RateRows | ValueRows,
    fixture: NDArray[np.int32],
    ends: IntervalEnds,
    bound: float,
    confidence: float,
    *,
    group: Groups = None,
    any_look: bool = False,
    unfound: Unfound | None = None,
) -> int | None:
    """Further fixtures until an end leaves ``bound``; None where it never would.

    ``fixture`` numbers the fixture of each row, ``group`` the group of each fixture. Of a quantile, the share at or
    below the bound is a rate compared with q; a mean that is looked at more than once has no such number. With
    ``unfound``, which is what rules miss, the rows that hold are faults.
    """
    if isinstance(rows, ValueRows):
        if rows.q is None:
            return None if any_look else further_for_mean(ends, bound)
        if not len(rows.values):
            return None
        within = RateRows((rows.values <= bound).astype(np.float64), np.ones(len(rows.values)))
        return _for_rates(within, fixture[rows.rows], rows.q, confidence, group, any_look)
    return _for_rates(rows, fixture, bound, confidence, group, any_look, unfound)


def _for_rates(
    rows: RateRows,
    fixture: NDArray[np.int32],
    bound: float,
    confidence: float,
    group: Groups,
    any_look: bool,
    unfound: Unfound | None = None,
) -> int | None:
    if any_look:
        means = cluster_means(rows, fixture, group)
        seen = float(means.means.mean()) if len(means.means) else bound
        if unfound is not None and seen <= bound:
            confidence = (1 + confidence) / 2
            bound = unfound.bound(bound, confidence, any_look=True)
            if seen >= bound:
                return None
        more = further_to_decide(means.means, bound, confidence, sizes=means.sizes) if len(means.means) else None
        return None if more is None else _bounded(math.ceil(more * float(np.median(means.sizes))))
    return _for_one_look(rows, fixture, group, bound, confidence, unfound)


def further_for_mean(ends: IntervalEnds, bound: float) -> int | None:
    """Further fixtures until an interval that narrows with the root of n leaves ``bound``."""
    if ends.value is None or ends.low is None or ends.high is None or ends.value == bound:
        return None
    reach = ends.value - ends.low if ends.value > bound else ends.high - ends.value
    needed = ends.fixtures * (reach / abs(ends.value - bound)) ** 2
    return _bounded(math.ceil(needed) - ends.fixtures)


def least_without_data(
    bound: float,
    direction: Literal["at_least", "at_most"],
    confidence: float,
    *,
    any_look: bool = False,
    unfound: Unfound | None = None,
) -> int | None:
    """Fixtures that a rate takes at the least, if every one is good; ``unfound`` is what rules miss of the others."""
    if unfound is not None:
        confidence = (1 + confidence) / 2 if any_look else confidence
        most = unfound.bound(1 - bound if direction == "at_least" else bound, confidence, any_look=any_look)
        bound = 1 - most if direction == "at_least" else most
    if any_look:
        more = further_to_decide(np.ones(1), bound if direction == "at_least" else 1 - bound, confidence)
        return None if more is None else 1 + more
    if not 0 < bound < 1:
        return None
    return _least(1.0 if direction == "at_least" else 0.0, float, bound, confidence)


def _for_one_look(
    rows: RateRows,
    fixture: NDArray[np.int32],
    group: Groups,
    bound: float,
    confidence: float,
    unfound: Unfound | None,
) -> int | None:
    fixtures, *_ = rows.by_fixture(fixture)
    cluster = fixture if group is None else group[fixture]
    numbers, held, asked = rows.by_fixture(cluster)
    if not len(asked) or not 0 < bound < 1:
        return None
    rate = float(held.sum() / asked.sum())
    if (asked <= 1).all():
        return _least(rate, lambda more: float(asked.sum()) * (1 + more / len(asked)), bound, confidence, unfound)
    in_cluster = np.ones(len(fixtures)) if group is None else np.bincount(group[fixtures])[numbers]
    usual = float(np.median(in_cluster))
    clustered = ClusteredRate(held, asked)
    more = _least(rate, lambda clusters: clustered.effective_n(confidence, more=clusters), bound, confidence, unfound)
    return None if more is None else _bounded(math.ceil(more * usual))


def _least(
    rate: float,
    effective: Callable[[int], float],
    bound: float,
    confidence: float,
    unfound: Unfound | None = None,
) -> int | None:
    """The least number of further units whose ``effective`` sample size takes an end past ``bound``; by halving."""
    if rate == bound:
        return None

    def decided(more: int) -> bool:
        n = effective(more)
        if rate > bound:
            return exact_low(rate * n, n, confidence) >= bound
        high = exact_high(rate * n, n, confidence)
        return (high if unfound is None else unfound.most(rate, high, confidence)) <= bound

    more = least_that(decided, MOST_FURTHER)
    return None if more is None else _bounded(more)


def _bounded(further: int) -> int | None:
    """At least one: the interval holds the bound now. Beyond what anybody would run there is no answer."""
    return max(1, further) if further <= MOST_FURTHER else None
