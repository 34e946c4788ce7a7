"""Two sides graded on the same fixtures in, paired differences out; fixtures that differ are refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from milo_bench.core.errors import DataError
from milo_bench.core.records import Decoding, Frozen, Interval
from milo_bench.core.units import share
from milo_bench.stats.betting import betting_ends, p_at_any_look
from milo_bench.stats.cases.columns import NOT_JUDGED, UNJUDGED, Cases, FixtureTable
from milo_bench.stats.check_rules import CheckRules
from milo_bench.stats.clustered_values import clustered_mean
from milo_bench.stats.paired import (
    bootstrap_difference,
    holm,
    mcnemar_exact,
    rate_difference,
    share_difference,
    sign_flip_exact,
)


class RateComparison(Frozen, frozen=True):
    """Pass rates of two sides on the same fixtures of one workload.

    ``only_first`` and ``only_second`` count the fixtures (with repeats: those with a higher
    share) that one side alone passed. ``difference`` is first minus second. ``p_adjusted`` is
    Holm's over the workloads compared together.
    """

    workload: str
    decoding: Decoding
    pairs: int
    first_rate: float
    second_rate: float
    difference: float
    interval: Interval | None
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    p_value: float
    p_adjusted: float
    method: str


class MeanComparison(Frozen, frozen=True):
    """A mean of paired differences, first minus second, over fixtures that both sides answered."""

    name: str
    workload: str
    decoding: Decoding
    unit: str
    pairs: int
    first_mean: float
    second_mean: float
    difference: float
    interval: Interval | None


class Comparison(Frozen, frozen=True):
    """All differences between two sides, with what else differs between them."""

    first: str
    second: str
    rates: tuple[RateComparison, ...]
    means: tuple[MeanComparison, ...]
    only_in_first: int
    only_in_second: int
    differs: tuple[str, ...] = ()
    silver: dict[str, str] = {}  # by workload, how far its labels can be trusted: they were mined
    rules: tuple[CheckRules, ...] = ()  # of the checks that look for faults by rules: pass rates are as good as these


UNITS = {"latency_s": "s", "ttft_s": "s", "output_tokens": "tokens", "field_accuracy": "share"}


@dataclass(frozen=True)
class Side:
    """One side of a comparison: the final attempts of one target, an entry for each workload and decoding."""

    name: str
    fixtures: FixtureTable
    cases: Sequence[Cases]
    stopped: bool = False  # its run ended by what it saw


@dataclass(frozen=True)
class _Outcome:
    """One fixture on one side: how often it was passed, and the mean of each figure over its answers."""

    fixture_hash: str
    workload: str
    decoding: Decoding
    group: int
    passed: int
    tries: int
    figures: Mapping[str, float]

    def rate(self) -> Fraction:
        return Fraction(self.passed, self.tries)


def _outcomes(side: Side) -> dict[tuple[str, Decoding], _Outcome]:
    """By fixture and decoding, in the order in which fixtures first appear."""
    found: dict[tuple[str, Decoding], _Outcome] = {}
    for cases in side.cases:
        fixtures, first = np.unique(cases.fixture, return_index=True)
        tries = np.bincount(cases.fixture, weights=cases.outcome != UNJUDGED)
        passed = np.bincount(cases.fixture, weights=cases.outcome == 1)
        means = {name: _means_by_fixture(cases, values) for name, values in _figures(cases).items()}
        for number in (int(one) for one in fixtures[np.argsort(first)] if tries[one] > 0):
            found[(side.fixtures.ids[number], cases.decoding)] = _Outcome(
                side.fixtures.hashes[number],
                cases.workload,
                cases.decoding,
                number if side.fixtures.group is None else int(side.fixtures.group[number]),
                int(passed[number]),
                round(float(tries[number])),
                {name: float(of[number]) for name, of in means.items() if not np.isnan(of[number])},
            )
    return found


def _figures(cases: Cases) -> dict[str, NDArray[np.float64]]:
    """The figures of each attempt, NaN where there is none: no answer, or nothing to measure."""
    answered = (cases.outcome != NOT_JUDGED) & ~cases.bypassed
    judged = sum((column >= 0 for column in cases.fields.values()), np.zeros(len(cases)))
    held = sum((column == 1 for column in cases.fields.values()), np.zeros(len(cases)))
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy = held / judged
    tokens = np.where(cases.output_tokens >= 0, cases.output_tokens, np.nan)
    figures = {
        "latency_s": cases.latency_s,
        "ttft_s": cases.ttft_s,
        "output_tokens": tokens,
        "field_accuracy": accuracy,
    }
    return {name: np.where(answered, values, np.nan) for name, values in figures.items()}


def _means_by_fixture(cases: Cases, values: NDArray[np.float64]) -> NDArray[np.float64]:
    there = ~np.isnan(values)
    size = int(cases.fixture.max(initial=-1)) + 1
    counts = np.bincount(cases.fixture[there], minlength=size)
    sums = np.bincount(cases.fixture[there], weights=values[there], minlength=size)
    with np.errstate(invalid="ignore"):
        means: NDArray[np.float64] = sums / counts
    return means


_MOST_APART: Final = 0.1


def cached_apart(first: Side, second: Side) -> tuple[float, float] | None:
    """The mean cached shares of two sides where they are too far apart for their times to be compared; else None."""
    shares = []
    for side in (first, second):
        found = np.concatenate([cases.cached_share for cases in side.cases]) if side.cases else np.zeros(0)
        known = found[~np.isnan(found)]
        if not len(known):
            return None
        shares.append(float(known.mean()))
    return (shares[0], shares[1]) if abs(shares[0] - shares[1]) > _MOST_APART else None


def compare_sides(first: Side, second: Side, *, differs: Sequence[str] = (), seed: int = 0) -> Comparison:
    """Pair two sides fixture by fixture.

    Raises DataError where a fixture of the same id has another hash, or nothing pairs.
    """
    apart = cached_apart(first, second)
    if apart is not None:
        said = f"share of prompts from the cache: {share(apart[0])} → {share(apart[1])}, so times are not compared"
        differs = [*differs, said]
    stopped = first.stopped or second.stopped
    if stopped:
        differs = [
            *differs,
            "a run was stopped by its results, so only rates are compared, by bounds that hold at every look",
        ]
    ours, theirs = _outcomes(first), _outcomes(second)
    shared = [place for place in ours if place in theirs]
    changed = sorted({place[0] for place in shared if ours[place].fixture_hash != theirs[place].fixture_hash})
    if changed:
        listed = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        noun = "fixture differs" if len(changed) == 1 else "fixtures differ"
        message = f"{len(changed)} {noun} between the two sides: {listed}."
        raise DataError(message, hint="run both sides on one version of the suite.")
    if not shared:
        message = f"'{first.name}' and '{second.name}' have no fixtures in common."
        raise DataError(message, hint="compare runs of the same suite, or targets of one run.")
    groups: dict[tuple[str, Decoding], list[tuple[str, Decoding]]] = defaultdict(list)
    for place in shared:
        groups[(ours[place].workload, place[1])].append(place)
    rates, means = [], []
    for (workload, decoding), places in groups.items():
        pairs = [(place[0], ours[place], theirs[place]) for place in places]
        rates.append(_rates(workload, decoding, pairs, stopped=stopped))
        means += [] if stopped else _means(workload, decoding, pairs, seed, timed=apart is None)
    adjusted = holm([rate.p_value for rate in rates])
    return Comparison(
        first=first.name,
        second=second.name,
        rates=tuple(_with_adjusted(rate, p) for rate, p in zip(rates, adjusted, strict=True)),
        means=tuple(means),
        only_in_first=len(ours) - len(shared),
        only_in_second=len(theirs) - len(shared),
        differs=tuple(differs),
    )


def _rates(
    workload: str, decoding: Decoding, pairs: list[tuple[str, _Outcome, _Outcome]], *, stopped: bool
) -> RateComparison:
    differences = [a.rate() - b.rate() for _, a, b in pairs]
    only_first = tuple(name for (name, _, _), d in zip(pairs, differences, strict=True) if d > 0)
    only_second = tuple(name for (name, _, _), d in zip(pairs, differences, strict=True) if d < 0)
    groups = np.array([a.group for _, a, _ in pairs], dtype=np.int64)
    together: dict[int, Fraction] = {}
    for group, difference in zip(groups.tolist(), differences, strict=True):
        together[group] = together.get(group, Fraction()) + difference
    once = all(a.tries == 1 and b.tries == 1 for _, a, b in pairs)
    if stopped:
        _, places, counts = np.unique(groups, return_inverse=True, return_counts=True)
        sums, sizes = np.bincount(places, weights=[float(d) for d in differences]), counts.astype(np.float64)
        means = (sums / sizes + 1) / 2
        p_value, method = p_at_any_look(means, 0.5, sizes=sizes), "betting"
        low, high = betting_ends(means, 0.975, sizes=sizes)
        interval: Interval | None = Interval(2 * low - 1, 2 * high - 1, 0.95, "betting")
    elif len(together) < len(pairs):
        # Fixtures of one story are alike: a story is right or wrong as a whole, and is flipped so.
        p_value, method = sign_flip_exact(list(together.values())), "exact sign flip over groups"
        interval = clustered_mean([float(d) for d in differences], groups)
    elif once:
        p_value, method = mcnemar_exact(len(only_first), len(only_second)), "exact McNemar"
        interval = rate_difference(len(only_first), len(only_second), len(pairs))
    else:
        p_value, method = sign_flip_exact(differences), "exact sign flip over fixtures"
        interval = share_difference([float(d) for d in differences])
    return RateComparison(
        workload=workload,
        decoding=decoding,
        pairs=len(pairs),
        first_rate=float(sum((a.rate() for _, a, _ in pairs), Fraction()) / len(pairs)),
        second_rate=float(sum((b.rate() for _, _, b in pairs), Fraction()) / len(pairs)),
        difference=float(sum(differences, Fraction()) / len(pairs)),
        interval=interval,
        only_first=only_first,
        only_second=only_second,
        p_value=p_value,
        p_adjusted=p_value,
        method=method,
    )


def _means(
    workload: str, decoding: Decoding, pairs: list[tuple[str, _Outcome, _Outcome]], seed: int, *, timed: bool
) -> list[MeanComparison]:
    means = []
    for name, unit in UNITS.items():
        if unit == "s" and not timed:
            continue
        both = [(a.figures[name], b.figures[name]) for _, a, b in pairs if name in a.figures and name in b.figures]
        if not both:
            continue
        firsts, seconds = [a for a, _ in both], [b for _, b in both]
        differences = [a - b for a, b in zip(firsts, seconds, strict=True)]
        means.append(
            MeanComparison(
                name=name,
                workload=workload,
                decoding=decoding,
                unit=unit,
                pairs=len(both),
                first_mean=sum(firsts) / len(both),
                second_mean=sum(seconds) / len(both),
                difference=sum(differences) / len(both),
                interval=bootstrap_difference(differences, seed=seed),
            )
        )
    return means


def _with_adjusted(rate: RateComparison, p_adjusted: float) -> RateComparison:
    return msgspec.structs.replace(rate, p_adjusted=p_adjusted)
