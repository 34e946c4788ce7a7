"""Load windows at several concurrencies in; slope of the latency and knee of the throughput out. Pure.

The throughput of N closed streams is bounded by N / R at low load and by the bottleneck at high
load; the two bounds cross at N* = X_max * R, the knee (Denning and Buzen 1978, Computing Surveys
10:225). Both bounds are fitted to the logarithms of the measured rates; intervals by resampling the
sub-windows of each level, blocks of time being nearer to independent than requests are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from milo_bench.core.records import Interval, LoadWindow, Measure
from milo_bench.core.units import change, figure, number
from milo_bench.stats.load.failing import MOST

RESAMPLES = 1000
LEAST_LEVELS = 3
LEAST_ANSWERED = 10  # a level: with fewer, a resample of its sub-windows repeats a handful of requests


class Fit(Struct, frozen=True):
    """``knee`` in streams, ``per_stream`` requests a second before it, ``highest`` requests a second after it."""

    knee: float
    per_stream: float
    highest: float


def fit_knee(streams: Sequence[float], rates: Sequence[float]) -> Fit | None:
    """The two bounds with the least squared error in logarithms; None for fewer than two levels or a dead one."""
    fits = fit_knees(streams, np.asarray(rates, dtype=float)[np.newaxis])
    return fits[0] if fits else None


def fit_knees(streams: Sequence[float], rates: NDArray[np.float64]) -> list[Fit]:
    """A fit for each row of ``rates``, shape (fits, levels); rows with a dead level are left out."""
    n = np.asarray(streams, dtype=float)
    if len(n) < 2:
        return []
    order = np.argsort(n)
    log_n, log_x = np.log(n[order]), np.log(rates[(rates > 0).all(axis=1)][:, order])
    log_each = log_x - log_n
    least, best_each, best_flat = (np.full(len(log_x), value) for value in (np.inf, 0.0, 0.0))
    for rising in range(1, len(n)):
        each, flat = log_each[:, :rising].mean(axis=1), log_x[:, rising:].mean(axis=1)
        fitted = np.minimum(each[:, np.newaxis] + log_n, flat[:, np.newaxis])
        error = ((log_x - fitted) ** 2).sum(axis=1)
        better = error < least - 1e-12
        least, best_each, best_flat = (
            np.where(better, new, old) for new, old in ((error, least), (each, best_each), (flat, best_flat))
        )
    return [
        Fit(math.exp(flat - each), math.exp(each), math.exp(flat))
        for each, flat in zip(best_each.tolist(), best_flat.tolist(), strict=True)
    ]


def degradation(windows: Sequence[LoadWindow], *, seed: int = 0) -> tuple[Measure, ...]:
    """``knee_streams`` and ``latency_slope_s`` of each target's closed windows; those bound by the client, and those
    whose requests mostly failed, left out.

    The slope is the rise of the median latency for one stream more (least squares over the levels).
    A knee whose interval reaches the highest level tried is not a knee: the value is None and the
    note says how far throughput kept up.
    """
    measures: list[Measure] = []
    for target in dict.fromkeys(window.target for window in windows):
        usable = [w for w in windows if w.target == target and w.mode == "closed" and not w.client_bound]
        by_level: dict[float, list[LoadWindow]] = {}
        for window in usable:
            figures = window.figures
            if figures.answered and not figures.ended_early and (figures.failure_share or 0.0) <= MOST:
                by_level.setdefault(window.level, []).append(window)
        if len(by_level) < 2:
            continue
        random = np.random.default_rng(seed)
        measures.append(_knee(target, by_level, random))
        slope = _slope(target, by_level, random)
        if slope is not None:
            measures.append(slope)
    return tuple(measures)


def _knee(target: str, by_level: dict[float, list[LoadWindow]], random: np.random.Generator) -> Measure:
    levels = sorted(by_level)
    parts = [_sub_rates(by_level[level]) for level in levels]
    n = sum(window.figures.answered for windows in by_level.values() for window in windows)
    top = levels[-1]

    def measure(value: float | None, interval: Interval | None, note: str) -> Measure:
        return Measure(
            name="knee_streams",
            workload="",
            target=target,
            value=value,
            unit="streams",
            n=n,
            interval=interval,
            note=note,
        )

    fit = fit_knee(levels, [float(part.mean()) for part in parts])
    if len(levels) < LEAST_LEVELS or fit is None:
        return measure(None, None, f"{len(levels)} answered levels of {LEAST_LEVELS} needed")
    fewest = min(sum(window.figures.answered for window in windows) for windows in by_level.values())
    if fewest < LEAST_ANSWERED:
        return measure(
            None, None, f"a level answered {fewest} of {LEAST_ANSWERED} requests needed: give a longer --duration"
        )
    drawn = np.column_stack([resampled.mean(axis=1) for resampled in resampled(parts, random)])
    knees = [again.knee for again in fit_knees(levels, drawn)]
    if len(knees) < RESAMPLES / 2:
        return measure(None, None, "too few answers per level to resample")
    low, high = (float(value) for value in np.quantile(knees, [0.025, 0.975]))
    if high >= top * 0.98:
        bound = Interval(min(low, top), None, 0.95, "bootstrap")
        return measure(None, bound, f"no knee up to {figure(top, 'streams')}")
    note = f"throughput stays near {number(fit.highest)} requests per second beyond it"
    return measure(fit.knee, Interval(low, high, 0.95, "bootstrap"), note)


def _slope(target: str, by_level: dict[float, list[LoadWindow]], random: np.random.Generator) -> Measure | None:
    samples = {level: _latencies(windows) for level, windows in sorted(by_level.items())}
    medians = {level: float(_median(values)) for level, values in samples.items() if len(values)}
    levels = [level for level, value in medians.items() if math.isfinite(value)]
    if len(levels) < 2:
        return None
    x = np.array(levels)
    value = float(np.polyfit(x, [medians[level] for level in levels], 1)[0])
    drawn = np.column_stack([_median(one) for one in resampled([samples[level] for level in levels], random)])
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    interval = None
    if len(drawn) >= RESAMPLES / 2:
        low, high = np.quantile(np.polyfit(x, drawn.T, 1)[0], [0.025, 0.975])
        interval = Interval(float(low), float(high), 0.95, "bootstrap")
    base = medians[levels[0]]
    note = f"{change(value / base * 100, 'percent')} of the median at {number(levels[0])} per additional stream"
    n = sum(len(samples[level]) for level in levels)
    return Measure(
        name="latency_slope_s", workload="", target=target, value=value, unit="s", n=n, interval=interval, note=note
    )


def _sub_rates(windows: Sequence[LoadWindow]) -> NDArray[np.float64]:
    rates = [rate for window in windows for rate in window.figures.steady.requests_per_s]
    return np.array(rates or [windows[0].figures.requests_per_s or 0.0])


def _latencies(windows: Sequence[LoadWindow]) -> NDArray[np.float64]:
    """Sketch values with the failed ones as infinite."""
    values: list[float] = []
    for window in windows:
        sketch = window.figures.distributions.latency
        scale = len(sketch.values) / sketch.finite if sketch.finite else 1.0
        values += [*sketch.values, *[math.inf] * round(sketch.infinite * scale)]
    return np.array(values)


def _median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lower median over the last axis."""
    place = max(0, math.ceil(values.shape[-1] / 2) - 1)
    return np.asarray(np.partition(values, place)[..., place])


def resampled(parts: Sequence[NDArray[np.float64]], random: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """For each part its ``RESAMPLES`` resamples of its own length, shape (resamples, length).

    The draws come part after part within each resample, in one call: the same as one call for each, in less time.
    """
    lengths = [len(part) for part in parts]
    drawn = random.integers(0, np.tile(np.repeat(lengths, lengths), (RESAMPLES, 1)))
    for part, end in zip(parts, np.cumsum(lengths).tolist(), strict=True):
        yield np.take(part, drawn[:, end - len(part) : end])
