"""Columns of attempts, a measure and a slice in; the rows that it is worked out from out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from milo_bench.config.policy.measures import GATE_MEASURES, SlicePart, parse_slice
from milo_bench.stats.cases.columns import NOT_JUDGED, Cases, FixtureTable

Bools = NDArray[np.bool_]
Numbers = NDArray[np.float64]
QUANTILES = {"p50": 0.5, "p95": 0.95}


@dataclass(frozen=True)
class RateRows:
    """``held`` of ``asked`` in each row of a rate; rows without anything asked are not of it."""

    held: Numbers
    asked: Numbers
    why_none: str = ""

    def by_fixture(self, fixture: NDArray[np.int32]) -> tuple[NDArray[np.int64], Numbers, Numbers]:
        """Numbers of the fixtures that were asked, with their sums of held and asked."""
        asked = np.bincount(fixture, weights=self.asked)
        held = np.bincount(fixture, weights=self.held)
        there: NDArray[np.int64] = np.flatnonzero(asked).astype(np.int64)
        held_there: Numbers = held[there].astype(np.float64)
        asked_there: Numbers = asked[there].astype(np.float64)
        return there, held_there, asked_there


@dataclass(frozen=True)
class ValueRows:
    """The rows of a mean or quantile (quantile ``q``), and the value of each."""

    rows: NDArray[np.int64]
    values: Numbers
    q: float | None = None
    why_none: str = ""


@dataclass(frozen=True)
class Missed:
    """Failed attempts as misses. ``wanted[fixture]`` is the place of the expected label in ``labels``, -1 unknown."""

    wanted: NDArray[np.int16] | None = None


def rows_of(
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
    known = GATE_MEASURES[measure]
    own = {part.name: part.value for part in parts if part.name in known.own}
    keep, why = _kept(cases, table, [part for part in parts if part.name not in own], rows, missed)
    if known.kind == "rate":
        found = _RATES[measure](cases, own)
        asked = found.asked
        if missed is not None and measure in _MISSABLE:
            asked = np.where(_failed(cases), _MISSABLE[measure](cases, own, missed), asked)
        asked = np.where(keep, asked, 0.0)
        return RateRows(np.where(asked > 0, found.held, 0.0), asked, why or found.why_none)
    values = _values(cases, measure)
    there = np.flatnonzero(keep & ~np.isnan(values))
    q = QUANTILES[measure.removesuffix("_s").rpartition("_")[2]] if known.kind == "quantile" else None
    return ValueRows(there, values[there], q, why)


def kept_rows(cases: Cases, table: FixtureTable, parts: list[SlicePart]) -> Bools:
    """The attempts on fixtures with every tag, class and length that ``parts`` ask for."""
    return _kept(cases, table, parts, None, None)[0]


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
            label = _label(cases, part.value)
            why = why or ("" if label >= 0 else f"no fixture has the label '{part.value}'")
            # By fixture, so that a failed attempt on a case of the class stays within it.
            keep &= (_wanted(cases, missed)[cases.fixture] == label) & (label >= 0)
    return keep, why


def _label(cases: Cases, label: str) -> int:
    return cases.labels.index(label) if label in cases.labels else -2


def _failed(cases: Cases) -> Bools:
    failed: Bools = cases.outcome == NOT_JUDGED
    return failed


def _share(held: Bools | NDArray[Any], asked: Bools | NDArray[Any], why_none: str = "") -> RateRows:
    return RateRows(np.asarray(held, dtype=np.float64), np.asarray(asked, dtype=np.float64), why_none)


def _judged(column: NDArray[np.int8] | None, cases: Cases, why_none: str) -> RateRows:
    """A column of 1, 0 and -1; ``why_none`` says what its absence means."""
    if column is None:
        return _share(np.zeros(len(cases)), np.zeros(len(cases)), why_none)
    return _share(column == 1, column != NOT_JUDGED, why_none)


def _fields(cases: Cases, own: Mapping[str, str]) -> RateRows:
    if "field" in own:
        return _judged(cases.fields.get(own["field"]), cases, f"no answer has a field '{own['field']}'")
    held, asked = np.zeros(len(cases)), np.zeros(len(cases))
    for column in cases.fields.values():
        held += column == 1
        asked += column != NOT_JUDGED
    return _share(held, asked, "the workload does not judge fields")


def _parts(cases: Cases, check: str) -> RateRows:
    if check not in cases.parts:
        return _share(np.zeros(len(cases)), np.zeros(len(cases)), f"the workload has no check '{check}'")
    held, asked = cases.parts[check]
    return _share(held, asked)


def _failures(cases: Cases, own: Mapping[str, str]) -> RateRows:
    every = np.ones(len(cases))
    if "kind" not in own:
        return _share(_failed(cases), every)
    kinds = cases.failure_kinds
    place = kinds.index(own["kind"]) if own["kind"] in kinds else -2
    return _share(cases.failure_kind == place, every)


def _labelled(cases: Cases, of: NDArray[np.int16] | None, own: Mapping[str, str]) -> RateRows:
    right, judged = (cases.want == cases.got) & (cases.want >= 0), cases.want >= 0
    if of is None:
        return _share(right, judged, "no fixture has a label")
    name = own["class"]
    return _share(right, judged & (of == _label(cases, name)), f"no fixture has the label '{name}'")


_RATES: Mapping[str, Callable[[Cases, Mapping[str, str]], RateRows]] = {
    "pass_rate": lambda c, own: _share(c.outcome == 1, np.ones(len(c))),
    "pass_rate_of_answers": lambda c, own: _share(c.outcome == 1, ~_failed(c) & ~c.bypassed),
    "failure_rate": _failures,
    "bypass_rate": lambda c, own: _share(c.bypassed, np.ones(len(c))),
    "json_valid_rate": lambda c, own: _judged(c.held.get("json_reading"), c, "the workload does not ask for JSON"),
    "field_accuracy": _fields,
    "citation_coverage": lambda c, own: _parts(c, "citation_coverage"),
    "unsupported_claim_rate": lambda c, own: _judged(c.unsupported, c, "no check looks for unsupported claims"),
    "policy_violation_rate": lambda c, own: _judged(c.policy_broken, c, "no check looks for policy violations"),
    "flagged_rate": lambda c, own: _share(c.flagged, ~_failed(c)),
    "check_pass_rate": lambda c, own: _judged(
        c.held.get(own["check"]), c, f"the check '{own['check']}' judged no answer"
    ),
    "accuracy": lambda c, own: _labelled(c, None, own),
    "recall": lambda c, own: _labelled(c, c.want, own),
    "precision": lambda c, own: _labelled(c, c.got, own),
    "cut_at_max_tokens_rate": lambda c, own: _share(c.cut, ~_failed(c) & ~c.bypassed),
}


def _once(cases: Cases, own: Mapping[str, str], missed: Missed) -> Numbers:
    return np.ones(len(cases))


def _each_field(cases: Cases, own: Mapping[str, str], missed: Missed) -> Numbers:
    return np.full(len(cases), 1.0 if "field" in own else float(len(cases.fields)))


def _each_label(cases: Cases, own: Mapping[str, str], missed: Missed) -> Numbers:
    """A failed attempt on a case of the class is one that was not found; where the class is known."""
    of_row = _wanted(cases, missed)[cases.fixture]
    return np.asarray(of_row == _label(cases, own["class"]) if "class" in own else of_row >= 0, dtype=np.float64)


def _wanted(cases: Cases, missed: Missed | None) -> NDArray[np.int16]:
    """The expected label of each fixture, as far as an answer of these cases or of others shows it."""
    if missed is not None and missed.wanted is not None:
        return missed.wanted
    wanted = np.full(int(cases.fixture.max(initial=-1)) + 1, NOT_JUDGED, dtype=np.int16)
    known = cases.want >= 0
    wanted[cases.fixture[known]] = cases.want[known]
    return wanted


_MISSABLE: Mapping[str, Callable[[Cases, Mapping[str, str], Missed], Numbers]] = {
    "json_valid_rate": _once,
    "field_accuracy": _each_field,
    "citation_coverage": _once,
    "check_pass_rate": _once,
    "accuracy": _each_label,
    "recall": _each_label,
}


def _values(cases: Cases, measure: str) -> Numbers:
    match measure:
        case "latency_p50_s" | "latency_p95_s":
            return cases.latency_s
        case "ttft_p50_s" | "ttft_p95_s":
            return cases.ttft_s
        case "decode_tokens_per_s":
            return cases.decode_tokens_per_s
        case "cost_usd_mean":
            return cases.cost_usd
        case "prompt_tokens_mean" | "output_tokens_mean":
            tokens = cases.prompt_tokens if measure.startswith("prompt") else cases.output_tokens
            answered = (tokens >= 0) & ~cases.bypassed & ~_failed(cases)
            return np.where(answered, tokens.astype(np.float64), np.nan)
        case _:
            return np.full(len(cases), np.nan)
