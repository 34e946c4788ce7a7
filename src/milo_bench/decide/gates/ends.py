"""Rows of a gate's measure in, its value and the two one-sided ends that judge it out. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from milo_bench.core.records import Interval
from milo_bench.decide.records import GateOutcome
from milo_bench.stats.arrays import Floats
from milo_bench.stats.beta import t_quantile
from milo_bench.stats.betting import betting_ends, is_above
from milo_bench.stats.cases.rows import RateRows, ValueRows
from milo_bench.stats.clustered_values import clustered_mean, clustered_quantile_ends
from milo_bench.stats.exact import clustered_ends, exact_ends
from milo_bench.stats.intervals import quantile
from milo_bench.stats.paired import share_difference
from milo_bench.stats.unfound import Unfound

Groups: TypeAlias = NDArray[np.int32] | None


class IntervalEnds(Struct, frozen=True):
    """``low`` and ``high`` each bound the value from its own side, at the policy's confidence.

    Both are None where the data bound nothing; infinite where they are among attempts that never
    ended. ``fixtures`` is how many fixtures stand behind them, ``unjudged`` how many answers no check could judge.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    fixtures: int
    method: str
    k: int | None = None
    note: str = ""
    unjudged: int = 0
    groups: int | None = None  # of alike fixtures that they are in, where that is fewer
    confidence: float | None = None  # of each end, from its own side

    def judged(self, direction: Literal["at_least", "at_most"], bound: float) -> GateOutcome:
        """Pass where the whole interval is on the good side of ``bound``, fail where wholly on the bad side."""
        if self.low is None or self.high is None:
            return "undecided"
        if direction == "at_least":
            return "pass" if self.low >= bound else "fail" if self.high < bound else "undecided"
        return "pass" if self.high <= bound else "fail" if self.low > bound else "undecided"


def no_ends(note: str) -> IntervalEnds:
    """The ends of a gate without evidence; ``note`` says why there is none."""
    return IntervalEnds(None, None, None, 0, 0, "", note=note)


def with_unfound(
    ends: IntervalEnds,
    unfound: Unfound,
    direction: Literal["at_least", "at_most"],
    confidence: float,
    *,
    at_any_look: IntervalEnds | None = None,
) -> IntervalEnds:
    """``ends`` of a rate that rules judge, with the bad end as far out as what they miss takes it.

    ``at_any_look`` are the ends at ``confidence``, half of the error, where a bound has to hold at every look.
    """
    of = at_any_look or ends
    if ends.value is None or of.low is None or of.high is None:
        return ends
    flipped = direction == "at_least"
    share, high = (1 - ends.value, 1 - of.low) if flipped else (ends.value, of.high)
    most = (
        unfound.most_at_any_look(high, confidence) if at_any_look is not None else unfound.most(share, high, confidence)
    )
    method = f"{ends.method}_and_misses"
    return replace(ends, low=1 - most, method=method) if flipped else replace(ends, high=most, method=method)


def behind_guard(
    ends: IntervalEnds,
    everything: IntervalEnds,
    unfound: Unfound,
    direction: Literal["at_least", "at_most"],
    *,
    let: float,
    sure: float,
    stops_all: bool,
) -> IntervalEnds:
    """``ends`` of what a guard by the same rules lets through: what they miss of ``everything`` goes on unseen.

    A share of at least ``let`` goes on. ``stops_all``: nothing that these rules find does. All ends are at ``sure``.
    """
    if ends.value is None or ends.low is None or ends.high is None or everything.low is None or everything.high is None:
        return ends
    flipped = direction == "at_least"
    high, share = (1 - ends.low, 1 - everything.low) if flipped else (ends.high, everything.high)
    found = 0.0 if stops_all and not ends.unjudged else high
    most = min(1.0, found + unfound.missed(share, sure) / let) if let > 0 else 1.0
    method = f"{ends.method}_and_misses"
    return replace(ends, low=1 - most, method=method) if flipped else replace(ends, high=most, method=method)


def ends_at_any_look(
    rows: RateRows | ValueRows,
    fixture: NDArray[np.int32],
    confidence: float,
    *,
    group: Groups = None,
    in_order: bool = False,
) -> IntervalEnds:
    """One-sided ends that hold however often one looks (``stats.betting``), of the mean of fixtures.

    ``in_order``: fixtures are numbered in the order in which they were asked, and a look was taken after each. Rates
    have such ends, and quantiles by the rate of values at or below them. A mean has them only in order: those of its
    first 16, 32, 64 … fixtures, each at its share of the error; else it keeps its value, without ends.
    Unjudged answers and ``group`` as in ``ends_of``.
    """
    plain = ends_of(rows, fixture, confidence, group=group)
    if plain.n == 0:
        return plain
    if not isinstance(rows, RateRows):
        if rows.q is not None:
            low, high = _quantile_at_any_look(rows, fixture, rows.q, confidence, group, in_order)
            return replace(plain, low=low, high=high, method="betting")
        if in_order:
            return _mean_at_any_look(rows, fixture, confidence, plain, group)
        note = "no bound of this kind holds at every look"
        return replace(plain, low=None, high=None, method="", note=plain.note or note)
    worst, best = (cluster_means(rows.if_unjudged(held), fixture, group) for held in (False, True))
    low = betting_ends(worst.means, confidence, sizes=worst.sizes, in_order=in_order)[0]
    high = betting_ends(best.means, confidence, sizes=best.sizes, in_order=in_order)[1]
    return replace(plain, low=low, high=high, method="betting")


_FIRST_LOOK: Final = 16


def _mean_at_any_look(
    rows: ValueRows, fixture: NDArray[np.int32], confidence: float, plain: IntervalEnds, group: Groups
) -> IntervalEnds:
    """The best ends of those looks at a mean whose sizes were fixed before: 16 units, then twice as many each time.

    The j-th has 1 / (j (j + 1)) of the error, which add up to one; what comes between two sizes is not looked at.
    """
    clusters = (fixture if group is None else group[fixture])[rows.rows].astype(np.int64)
    numbers = np.unique(clusters)
    low, high, look, size = -math.inf, math.inf, 1, _FIRST_LOOK
    while size <= len(numbers):
        here = clusters <= numbers[size - 1]
        sure = 1 - (1 - confidence) / (look * (look + 1))
        interval = clustered_mean(rows.values[here], clusters[here], 2 * sure - 1, least=0.0)
        if interval is not None:
            last = _with_open_ends(interval)
            low, high = max(low, last[0]), min(high, last[1])
            if low > high:  # as for rates: the last look says which bound erred
                low, high = last
        look, size = look + 1, 2 * size
    if look == 1:
        note = f"a mean is looked at after {_FIRST_LOOK} fixtures"
        return replace(plain, low=None, high=None, method="", note=note)
    return replace(plain, low=low, high=high, method="bootstrap_t_at_doublings")


def _with_open_ends(interval: Interval) -> tuple[float, float]:
    low, high = interval.low, interval.high
    return -math.inf if low is None else low, math.inf if high is None else high


def _quantile_at_any_look(
    rows: ValueRows, fixture: NDArray[np.int32], q: float, confidence: float, group: Groups, in_order: bool
) -> tuple[float, float]:
    """The least value that a share ``q`` surely does not reach, and the least that it surely does; both by halving."""
    ordered = np.unique(rows.values)

    def within(value: float, *, beyond: bool) -> ClusterMeans:
        there = rows.values > value if beyond else rows.values <= value
        share = RateRows(there.astype(np.float64), np.ones(len(rows.values)))
        return cluster_means(share, fixture[rows.rows], group)

    def is_sure(share: ClusterMeans, least: float) -> bool:
        return is_above(share.means, least, confidence, sizes=share.sizes, in_order=in_order)

    def first(holds: Callable[[float], bool]) -> int:
        few, many = 0, len(ordered)
        while few < many:
            middle = (few + many) // 2
            few, many = (few, middle) if holds(float(ordered[middle])) else (middle + 1, many)
        return few

    reached = first(lambda value: is_sure(within(value, beyond=False), q))
    possible = first(lambda value: not is_sure(within(value, beyond=True), 1.0 - q))
    high = float(ordered[reached]) if reached < len(ordered) else math.inf
    low = float(ordered[possible]) if possible < len(ordered) else math.inf
    if low > high and in_order:
        # Two ends that cross: times drifted, or a bound erred at some look, and the last one says which.
        return _quantile_at_any_look(rows, fixture, q, confidence, group, in_order=False)
    return low, high


def ends_of(
    rows: RateRows | ValueRows, fixture: NDArray[np.int32], confidence: float, *, group: Groups = None
) -> IntervalEnds:
    """One-sided ends at ``confidence``: exact for rates, else those of the two-sided interval at 2c - 1.

    Each end of a rate holds whatever the unjudged answers were: the low one as if none of them had held, the
    high one as if all had (worst-case bounds of Manski 1989, J. Hum. Resour. 24:343). ``group`` maps the number of a
    fixture to that of its group: fixtures of one are a cluster, as repeats of a fixture are.
    """
    if group is not None:
        alike = ends_of(rows, group[fixture], confidence)
        here = fixture[rows.asked > 0] if isinstance(rows, RateRows) else fixture[rows.rows]
        fixtures = len(np.unique(here))
        groups = alike.fixtures if alike.fixtures < fixtures else None
        return replace(alike, fixtures=fixtures, groups=groups)
    both = 2 * confidence - 1
    if isinstance(rows, RateRows):
        _, held, asked = rows.by_fixture(fixture)
        n, k = round(float(asked.sum())), round(float(held.sum()))
        unjudged = rows.count_unjudged
        note = f"{unjudged:,} of {n + unjudged:,} unjudged" if unjudged else ""
        if n == 0:
            why = rows.why_none or "no attempt is of this kind"
            if unjudged:
                why = "no answer could be judged"
            return IntervalEnds(None, None, None, 0, 0, "", note=why, unjudged=unjudged)
        bottom, top, exact = clustered_ends(held, asked, confidence)
        if unjudged:
            _, held, asked = rows.if_unjudged(False).by_fixture(fixture)
            bottom, _, exact = clustered_ends(held, asked, confidence)
            _, held, asked = rows.if_unjudged(True).by_fixture(fixture)
            _, top, exact = clustered_ends(held, asked, confidence)
            return IntervalEnds(k / n, bottom, top, n, len(asked), exact, k, note, unjudged)
        return IntervalEnds(k / n, bottom, top, n, len(asked), exact, k)
    values, clusters = rows.values, fixture[rows.rows].astype(np.int64)
    fixtures = len(np.unique(clusters))
    if not len(values):
        return IntervalEnds(None, None, None, 0, 0, "", note=rows.why_none or "no attempt has a value")
    if rows.q is None:
        interval = clustered_mean(values, clusters, both, least=0.0)
        low, high = (interval.low, interval.high) if interval else (None, None)
        method = interval.method if interval else ""
        return IntervalEnds(float(values.mean()), low, high, len(values), fixtures, method)
    value, ends = quantile(values, rows.q), clustered_quantile_ends(values, clusters, rows.q, both)
    lost = int(np.isinf(values).sum())
    note = f"within the {lost} failed of {len(values)}" if value is None or math.isinf(value) else ""
    assert ends is not None
    method = "order_statistic" if fixtures == len(values) else "woodruff"
    return IntervalEnds(value, ends[0], ends[1], len(values), fixtures, method, note=note)


class ClusterMeans(Struct, frozen=True):
    """Groups of fixtures with the mean of each, over the means of its fixtures, and how many these are."""

    means: Floats
    sizes: Floats


def cluster_means(rows: RateRows, fixture: NDArray[np.int32], group: Groups) -> ClusterMeans:
    """The means of groups, in the order of their numbers; of fixtures where there are no groups."""
    numbers, means = fixture_means(rows, fixture)
    if group is None:
        return ClusterMeans(means, np.ones(len(means)))
    of = group[numbers]
    sizes = np.bincount(of).astype(np.float64)
    sums = np.bincount(of, weights=means)
    there = np.flatnonzero(sizes)
    return ClusterMeans(sums[there] / sizes[there], sizes[there])


class Pairs(Struct, frozen=True):
    """Means of each shared fixture on both sides, and the group of each."""

    first: Floats
    second: Floats
    clusters: NDArray[np.int64]

    @property
    def by_cluster(self) -> ClusterMeans:
        """The differences of each cluster."""
        sizes = np.bincount(self.clusters).astype(np.float64)
        sums = np.bincount(self.clusters, weights=self.differences)
        there = np.flatnonzero(sizes)
        return ClusterMeans(sums[there] / sizes[there], sizes[there])

    @property
    def differences(self) -> Floats:
        return self.first - self.second


def fixture_means(rows: RateRows | ValueRows, fixture: NDArray[np.int32]) -> tuple[NDArray[np.int64], Floats]:
    """Fixtures of ``rows`` with the mean of each."""
    if isinstance(rows, RateRows):
        numbers, held, asked = rows.by_fixture(fixture)
        return numbers, held / asked
    of = fixture[rows.rows]
    count = np.bincount(of)
    numbers = np.flatnonzero(count).astype(np.int64)
    sums = np.bincount(of, weights=rows.values)
    return numbers, sums[numbers] / count[numbers]


def pair_fixtures(
    first: tuple[NDArray[np.int64], Floats], second: tuple[NDArray[np.int64], Floats], group: Groups = None
) -> Pairs:
    """The fixtures that both sides have."""
    shared, ours, theirs = np.intersect1d(first[0], second[0], assume_unique=True, return_indices=True)
    clusters = shared if group is None else group[shared].astype(np.int64)
    return Pairs(first[1][ours], second[1][theirs], clusters)


def difference_ends(pairs: Pairs, confidence: float, *, rate: bool) -> IntervalEnds:
    """First minus second over paired fixtures: Bonett and Price for rates, a paired bootstrap for means."""
    both, n = 2 * confidence - 1, len(pairs.first)
    if n == 0:
        return IntervalEnds(None, None, None, 0, 0, "", note="no fixture was run on both sides")
    differences = pairs.differences
    value = float(differences.mean())
    alike = pairs.by_cluster
    if len(alike.means) < n and rate:
        low, high = _clustered_difference(alike, value, confidence)
        return IntervalEnds(value, low, high, n, n, "cluster_t", groups=len(alike.means))
    # A bootstrap of rates would claim certainty where no pair disagrees; this interval does not.
    found = share_difference(differences, both) if rate else clustered_mean(differences, pairs.clusters, both)
    if found is None:
        return IntervalEnds(value, None, None, n, n, "", note="too few paired fixtures for an interval")
    return IntervalEnds(value, found.low, found.high, n, n, found.method if rate else f"paired_{found.method}")


def _clustered_difference(alike: ClusterMeans, value: float, confidence: float) -> tuple[float, float]:
    """Ends of a paired difference of rates over clusters: Student's t of the ratio estimate, no narrower than exact.

    Where no pair disagrees, an unseen cluster may: its share is bounded as that of clusters that did not occur.
    """
    m = len(alike.means)
    if m < 2:
        return -1.0, 1.0
    residual = alike.sizes * (alike.means - value)
    error = math.sqrt(m / (m - 1) * float((residual**2).sum())) / float(alike.sizes.sum())
    least = float(alike.sizes.max() / alike.sizes.mean()) * exact_ends(0, m, confidence)[1]
    half = max(t_quantile(m - 1, confidence) * error, least)
    return max(-1.0, value - half), min(1.0, value + half)


def difference_at_any_look(pairs: Pairs, confidence: float, *, rate: bool, in_order: bool = False) -> IntervalEnds:
    """``difference_ends`` for any number of looks: of rates only, whose differences are bounded."""
    plain = difference_ends(pairs, confidence, rate=rate)
    if plain.n == 0:
        return plain
    if not rate:
        return replace(plain, low=None, high=None, method="", note="no bound of this kind holds at every look")
    alike = pairs.by_cluster
    low, high = betting_ends((alike.means + 1) / 2, confidence, sizes=alike.sizes, in_order=in_order)
    return replace(plain, low=2 * low - 1, high=2 * high - 1, method="betting")
