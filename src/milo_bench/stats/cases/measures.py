"""Columns of attempts, a measure, a slice and any subset of rows in; the measure with its interval out. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from milo_bench.config.policy.measures import MeasureDefinition, known_measures, parse_slice, slice_text
from milo_bench.core.records import Interval, Measure
from milo_bench.stats.cases.columns import Cases, FixtureTable
from milo_bench.stats.cases.rows import Missed, RateRows, ValueRows, expected_labels, select_rows
from milo_bench.stats.clustered_values import clustered_mean, clustered_quantile_interval
from milo_bench.stats.intervals import Side, clustered_wilson, quantile

LEAST_IN_SLICE: Final = 5  # groups with a tag, or fixtures that are alone, below which a scorecard leaves its slice out
GROUP_TAGS: Final = frozenset({"story", "template", "author", "thread"})  # what makes fixtures alike is no kind of work


def measure_cases(
    cases: Cases,
    table: FixtureTable,
    name: str,
    *,
    slice: str = "",
    rows: NDArray[np.bool_] | None = None,
    confidence: float = 0.95,
    side: Side = "two",
    missed: Missed | None = None,
) -> Measure:
    """One measure as a scorecard works it out, of ``rows`` (one for each attempt; all where None) within ``slice``.

    ``value`` is None, and ``note`` says why, where the rows give none: an empty class, a label or
    tag that nobody has, a quantile among failed attempts. A one-sided interval leaves its other
    end open. Raises ConfigError for an unknown measure or slice.
    """
    found = select_rows(cases, table, name, slice=slice, rows=rows, missed=missed)
    written = slice_text(parse_slice(slice, name))
    if isinstance(found, RateRows):
        return _rate(cases, table, name, written, found, confidence, side)
    return _of_values(cases, table, name, written, found, confidence, side)


def measure_all(
    cases: Cases,
    table: FixtureTable,
    peak_memory_bytes: int | None = None,
    *,
    every_slice: bool = False,
) -> list[Measure]:
    """Every measure that these attempts give, in the order of a scorecard.

    Classes are the labels that a case expects: what a model makes up instead of one is a class of nothing.
    ``every_slice`` gives the slices of groups and of a few fixtures too.
    """
    found: list[Measure] = []
    for name, known in known_measures().items():
        if known.kind == "peak" and peak_memory_bytes is not None:
            found.append(measure_peak_memory(cases, peak_memory_bytes))
        if known.rows is None:
            continue
        for slice in _slices(cases, table, known, every_slice=every_slice):
            measure = measure_cases(cases, table, name, slice=slice)
            # A class keeps its place although nobody has it, and so does a rate of which all is unjudged; a figure that
            # the run never asked for has none.
            told = measure.n and (known.good != "neither" or measure.k != 0)
            if known.needs == "class" or told or (measure.value is None and measure.note.endswith(" unjudged")):
                found.append(measure)
    retries = int(cases.retry.sum())
    if retries:
        n = len(cases)
        found.append(
            Measure("retries", cases.workload, cases.target, float(retries), "count", n, decoding=cases.decoding)
        )
    return found


def _slices(cases: Cases, table: FixtureTable, known: MeasureDefinition, *, every_slice: bool) -> Iterator[str]:
    """The slices that a scorecard gives of a measure: none, its own, then tags."""
    if not known.needs:
        yield ""
    for name in known.own:
        values: Sequence[str] = {
            "kind": cases.failure_kinds,
            "field": tuple(cases.fields),
            "check": tuple(cases.held),
            "class": expected_labels(cases),
        }[name]
        yield from (f"{name}={value}" for value in sorted(values))
    if known.by_tag:
        fixtures = np.unique(cases.fixture)
        yield from (f"tag={tag}" for tag in sorted(table.tags) if every_slice or _tells(tag, fixtures, table))


def _tells(tag: str, fixtures: NDArray[np.int32], table: FixtureTable) -> bool:
    """Whether a slice of ``tag`` says anything: it names no group, and enough groups (or single fixtures) have it."""
    if tag.partition(":")[0] in GROUP_TAGS:
        return False
    return len(np.unique(table.clusters(fixtures[table.tags[tag][fixtures]]))) >= LEAST_IN_SLICE


def measure_peak_memory(cases: Cases, peak_memory_bytes: int | None) -> Measure:
    """The most memory that the target's processes held during the run, where it was sampled."""
    value = None if peak_memory_bytes is None else float(peak_memory_bytes)
    note = "memory was not sampled" if value is None else "resident memory of the whole process tree"
    return _measure(cases, "peak_memory_bytes", "", value, int(value is not None), note=note)


def _rate(
    cases: Cases, table: FixtureTable, name: str, slice: str, rows: RateRows, confidence: float, side: Side
) -> Measure:
    _, held, asked = rows.by_fixture(table.clusters(cases.fixture))
    n, k = round(float(asked.sum())), round(float(held.sum()))
    interval = clustered_wilson(held, asked, confidence, side)
    why = "" if n else rows.why_none or "no attempt is of this kind"
    if unjudged := rows.count_unjudged:
        why = f"{unjudged:,} of {n + unjudged:,} unjudged"
    return _measure(cases, name, slice, k / n if n else None, n, interval=interval, k=k, note=why)


def _of_values(
    cases: Cases, table: FixtureTable, name: str, slice: str, rows: ValueRows, confidence: float, side: Side
) -> Measure:
    values = rows.values
    if not len(values):
        return _measure(cases, name, slice, None, 0, note=rows.why_none or "no attempt has a value")
    clusters = table.clusters(cases.fixture)[rows.rows].astype(np.int64)
    both = confidence if side == "two" else 2 * confidence - 1
    if rows.q is None:
        interval = clustered_mean(values, clusters, both, least=0.0)
        return _measure(cases, name, slice, float(values.mean()), len(values), interval=_sided(interval, both, side))
    value = quantile(values, rows.q)
    reached = value is not None and math.isfinite(value)
    note = _beside_warm(cases, name) if reached else f"within the {int(np.isinf(values).sum())} failed of {len(values)}"
    interval = _sided(clustered_quantile_interval(values, clusters, rows.q, both), both, side)
    return _measure(cases, name, slice, value if reached else None, len(values), interval=interval, note=note)


def _beside_warm(cases: Cases, name: str) -> str:
    """How many answers are not of this time, because their prompts came out of the server's cache."""
    warm = 0 if name.startswith("warm_") else int(np.isfinite(cases.warm_latency_s).sum())
    return f"{warm:,} warm answers are listed separately" if warm else ""


def _sided(interval: Interval | None, both: float, side: Side) -> Interval | None:
    """One end of an interval at ``both`` = 2c - 1 is the one-sided bound at c."""
    if interval is None or side == "two":
        return interval
    low, high = (interval.low, None) if side == "lower" else (None, interval.high)
    return Interval(low, high, (1 + both) / 2, interval.method)


def _measure(
    cases: Cases,
    name: str,
    slice: str,
    value: float | None,
    n: int,
    *,
    interval: Interval | None = None,
    k: int | None = None,
    note: str = "",
) -> Measure:
    return Measure(
        name=name,
        workload=cases.workload,
        target=cases.target,
        value=value,
        unit=known_measures()[name].unit,
        n=n,
        slice=slice,
        interval=interval,
        k=k,
        decoding=cases.decoding,
        note=note,
    )
