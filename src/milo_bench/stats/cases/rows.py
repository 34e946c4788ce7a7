"""Columns of attempts, a measure and a slice in; the rows that it is worked out from out."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from milo_bench.config.policy.measures import SlicePart, known_measures, parse_slice
from milo_bench.stats.arrays import Bools, Floats
from milo_bench.stats.cases.columns import NOT_JUDGED, Cases, FixtureTable


class RateRows(Struct, frozen=True):
    """``held`` of ``asked`` in each row of a rate; rows without anything asked are not of it.

    ``unjudged`` counts, in each row, what belongs to the rate although no check could judge it; None for nothing.
    """

    held: Floats
    asked: Floats
    why_none: str = ""
    unjudged: Floats | None = None

    @property
    def count_unjudged(self) -> int:
        return 0 if self.unjudged is None else round(float(self.unjudged.sum()))

    def if_unjudged(self, held: bool) -> RateRows:
        """The rate as it would be had all of the unjudged held, or none of it."""
        if self.unjudged is None:
            return self
        return RateRows(self.held + self.unjudged * held, self.asked + self.unjudged, self.why_none)

    def by_fixture(self, fixture: NDArray[np.int32]) -> tuple[NDArray[np.int64], Floats, Floats]:
        """Numbers of the fixtures that were asked, with their sums of held and asked."""
        asked = np.bincount(fixture, weights=self.asked)
        held = np.bincount(fixture, weights=self.held)
        there: NDArray[np.int64] = np.flatnonzero(asked).astype(np.int64)
        held_there: Floats = held[there].astype(np.float64)
        asked_there: Floats = asked[there].astype(np.float64)
        return there, held_there, asked_there


class ValueRows(Struct, frozen=True):
    """The rows of a mean or quantile (quantile ``q``), and the value of each."""

    rows: NDArray[np.int64]
    values: Floats
    q: float | None = None
    why_none: str = ""


class Missed(Struct, frozen=True):
    """Failed attempts as misses. ``wanted[fixture]`` is the place of the expected label in ``labels``, -1 unknown."""

    wanted: NDArray[np.int16] | None = None


def select_rows(
    cases: Cases,
    table: FixtureTable,
    measure: str,
    *,
    slice: str = "",
    rows: Bools | None = None,
    missed: Missed | None = None,
) -> RateRows | ValueRows:
    """The rows of ``measure`` within ``slice`` and ``rows``. Raises ConfigError for an unknown measure or slice.

    With ``missed``, a failed attempt counts as a miss in rates of answers where high is good, as
    it does in ``pass_rate`` anyhow; without it they stay outside, as in a scorecard.
    """
    parts = parse_slice(slice, measure)
    known = known_measures()[measure]
    own = {part.name: part.value for part in parts if part.name in known.own}
    keep, why = _kept(cases, table, [part for part in parts if part.name not in own], rows, missed)
    if known.rows is None:
        return ValueRows(np.zeros(0, dtype=np.int64), np.zeros(0), why_none=f"{measure} is not of single attempts")
    if known.kind == "rate":
        found: RateRows = known.rows(cases, own)
        asked = found.asked
        if missed is not None and known.missed is not None:
            asked = np.where(failed(cases), known.missed(cases, own, missed), asked)
        asked = np.where(keep, asked, 0.0)
        unjudged = None if found.unjudged is None else np.where(keep, found.unjudged, 0.0)
        return RateRows(np.where(asked > 0, found.held, 0.0), asked, why or found.why_none, unjudged)
    values: Floats = known.rows(cases, own)
    there = np.flatnonzero(keep & ~np.isnan(values))
    if not len(there) and known.kind == "quantile" and known.unit == "s":
        warm = int((keep & np.isfinite(cases.warm_latency_s)).sum())
        why = why or (f"all {warm:,} prompts came out of the server's cache" if warm else "")
    return ValueRows(there, values[there], known.q, why)


def rows_in_slice(
    cases: Cases, table: FixtureTable, measure: str, *, slice: str = "", rows: Bools | None = None
) -> Bools:
    """The rows within ``rows`` that ``slice`` keeps, whatever of it is the measure's own left out."""
    own = known_measures()[measure].own
    return _kept(cases, table, [part for part in parse_slice(slice, measure) if part.name not in own], rows, None)[0]


def _kept(
    cases: Cases, table: FixtureTable, parts: list[SlicePart], rows: Bools | None, missed: Missed | None
) -> tuple[Bools, str]:
    keep = np.ones(len(cases), dtype=np.bool_) if rows is None else rows.copy()
    why = ""
    for part in parts:
        if part.name == "tag":
            tagged = table.tags.get(part.value)
            why = why or ("" if tagged is not None else f"no fixture has the tag '{part.value}'")
            keep &= tagged[cases.fixture] if tagged is not None else False
        elif part.name == "words":
            words = table.words[cases.fixture]
            known = words >= 0  # a log of hashes does not tell lengths
            why = why or ("" if known.any() else "the logs have no texts, so lengths are unknown")
            keep &= (
                known
                & (words >= (part.low or 0))
                & (words <= (np.iinfo(np.int64).max if part.high is None else part.high))
            )
        else:
            label = find_label(cases, part.value)
            why = why or ("" if label >= 0 else f"no fixture has the label '{part.value}'")
            # By fixture, so that a failed attempt on a case of the class stays within it.
            keep &= (find_wanted_labels(cases, missed)[cases.fixture] == label) & (label >= 0)
    return keep, why


def find_label(cases: Cases, label: str) -> int:
    """The number of a label; -2, which no row has, for one that nobody has."""
    return cases.labels.index(label) if label in cases.labels else -2


def expected_labels(cases: Cases) -> tuple[str, ...]:
    """The labels that some case expects, in order of name; what a model makes up is not among them."""
    return tuple(sorted(cases.labels[place] for place in np.unique(cases.want[cases.want >= 0])))


def failed(cases: Cases) -> Bools:
    """Attempts that gave nothing to judge."""
    there: Bools = cases.outcome == NOT_JUDGED
    return there


def find_wanted_labels(cases: Cases, missed: Missed | None) -> NDArray[np.int16]:
    """The expected label of each fixture, as far as an answer of these cases or of others shows it."""
    if missed is not None and missed.wanted is not None:
        return missed.wanted
    wanted = np.full(int(cases.fixture.max(initial=-1)) + 1, NOT_JUDGED, dtype=np.int16)
    known = cases.want >= 0
    wanted[cases.fixture[known]] = cases.want[known]
    return wanted
