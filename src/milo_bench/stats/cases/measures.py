"""Columns of attempts, a measure, a slice and any subset of rows in; the measure with its interval out. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from milo_bench.config.policy.measures import GATE_MEASURES, parse_slice, slice_text
from milo_bench.core.records import Interval, Measure
from milo_bench.stats.cases.columns import Cases, FixtureTable
from milo_bench.stats.cases.rows import Bools, Missed, RateRows, ValueRows, rows_of
from milo_bench.stats.clustered_values import clustered_mean, clustered_quantile_interval
from milo_bench.stats.intervals import Side, clustered_wilson, quantile


def case_measure(
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
    found = rows_of(cases, table, name, slice=slice, rows=rows, missed=missed)
    written = slice_text(parse_slice(slice, name))
    if isinstance(found, RateRows):
        return _rate(cases, name, written, found, confidence, side)
    return _of_values(cases, name, written, found, confidence, side)


def all_measures(
    cases: Cases,
    table: FixtureTable,
    peak_memory_bytes: int | None = None,
    *,
    classes: Sequence[str] | None = None,
) -> list[Measure]:
    """Every measure that the scorecard shows of these attempts, in its order.

    Recall and precision are of ``classes``, of every label that a case or an answer has where None.
    """
    found = [case_measure(cases, table, name) for name in ("pass_rate", "pass_rate_of_answers", "failure_rate")]
    asked = [("failure_rate", f"kind={kind}") for kind in sorted(cases.failure_kinds)]
    if cases.bypassed.any():
        asked.append(("bypass_rate", ""))
    if "json_reading" in cases.held:
        asked.append(("json_valid_rate", ""))
    if cases.fields:
        asked += [("field_accuracy", ""), *(("field_accuracy", f"field={name}") for name in sorted(cases.fields))]
    if "citation_coverage" in cases.parts:
        asked.append(("citation_coverage", ""))
    asked += [(name, "") for name in ("unsupported_claim_rate", "policy_violation_rate", "flagged_rate")]
    asked += [("check_pass_rate", f"check={check}") for check in sorted(cases.held)]
    named = sorted(cases.labels) if classes is None else classes
    if cases.labels:
        asked.append(("accuracy", ""))
        asked += [(name, f"class={label}") for label in named for name in ("recall", "precision")]
    here = np.zeros(len(table.ids), dtype=np.bool_)
    here[cases.fixture] = True
    asked += [("pass_rate", f"tag={tag}") for tag in sorted(table.tags) if (table.tags[tag] & here).any()]
    asked += [(f"{name}_{q}_s", "") for name in ("latency", "ttft") for q in ("p50", "p95")]
    asked += [
        (name, "") for name in ("decode_tokens_per_s", "prompt_tokens_mean", "output_tokens_mean", "cost_usd_mean")
    ]
    asked.append(("cut_at_max_tokens_rate", ""))
    for name, slice in asked:
        measure = case_measure(cases, table, name, slice=slice)
        # A class keeps its place although nobody has it; a figure that the run never asked for has none.
        if measure.n or name in ("recall", "precision"):
            found.append(measure)
    if peak_memory_bytes is not None:
        found.append(peak_memory(cases, peak_memory_bytes))
    retries = int(cases.retry.sum())
    if retries:
        n = len(cases)
        found.append(
            Measure("retries", cases.workload, cases.target, float(retries), "count", n, decoding=cases.decoding)
        )
    return found


def peak_memory(cases: Cases, peak_memory_bytes: int | None) -> Measure:
    """The most memory that the target's processes held during the run, where it was sampled."""
    value = None if peak_memory_bytes is None else float(peak_memory_bytes)
    note = "memory was not sampled" if value is None else "resident memory of the whole process tree"
    return _measure(cases, "peak_memory_bytes", "", value, int(value is not None), note=note)


def _rate(cases: Cases, name: str, slice: str, rows: RateRows, confidence: float, side: Side) -> Measure:
    _, held, asked = rows.by_fixture(cases.fixture)
    n, k = round(float(asked.sum())), round(float(held.sum()))
    interval = clustered_wilson(held, asked, confidence, side)
    why = "" if n else rows.why_none or "no attempt is of this kind"
    return _measure(cases, name, slice, k / n if n else None, n, interval=interval, k=k, note=why)


def _of_values(cases: Cases, name: str, slice: str, rows: ValueRows, confidence: float, side: Side) -> Measure:
    values = rows.values
    if not len(values):
        return _measure(cases, name, slice, None, 0, note=rows.why_none or "no attempt has a value")
    clusters = cases.fixture[rows.rows].astype(np.int64)
    both = confidence if side == "two" else 2 * confidence - 1
    if rows.q is None:
        interval = clustered_mean(values, clusters, both, least=0.0)
        return _measure(cases, name, slice, float(values.mean()), len(values), interval=_sided(interval, both, side))
    value = quantile(values, rows.q)
    reached = value is not None and math.isfinite(value)
    note = "" if reached else f"within the {int(np.isinf(values).sum())} failed of {len(values)}"
    interval = _sided(clustered_quantile_interval(values, clusters, rows.q, both), both, side)
    return _measure(cases, name, slice, value if reached else None, len(values), interval=interval, note=note)


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
        unit=GATE_MEASURES[name].unit,
        n=n,
        slice=slice,
        interval=interval,
        k=k,
        decoding=cases.decoding,
        note=note,
    )


__all__ = ["Bools", "Missed", "all_measures", "case_measure", "peak_memory"]
