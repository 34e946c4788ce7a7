"""A measured baseline and live work of a known truth in; how often an alarm rings for nothing, and how late, out."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.stats.control import RateWatch, usual_rate

CHANCE = 0.05  # of any alarm, ever: half for the baseline's bound, half for the live watch
WATCHED = 3_000  # live requests, looked at after each one
EVERY, WINDOW = 100, 100  # the naive watch: at each hundred, the latest hundred against the measured 95% interval


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """Rows of nothing that changed, then of changes: the share that is not found, with the median delay."""
    rows = []
    for n, rate in ((50, 0.0), (50, 0.02), (70, 0.1), (120, 0.05), (1000, 0.01), (1000, 0.4)):
        measured = random.binomial(n, rate, runs)
        live = random.random((runs, WATCHED)) < rate
        ours = sum(bool(_rung(int(k), n, row)) for k, row in zip(measured, live, strict=True))
        naive = sum(_naive(int(k), n, row) for k, row in zip(measured, live, strict=True))
        setting = f"{WATCHED:,} looks, {n} measured, true rate {rate:.0%}"
        rows.append(Row(setting, CHANCE, Found(ours, runs), Found(naive, runs)))
    for n in (50, 120, 1000):
        rows.append(_latency(n, runs, random))
    for n, before, after, quiet in ((120, 0.01, 0.1, 0), (120, 0.01, 0.1, 2_000), (1000, 0.01, 0.05, 2_000),
                                    (1000, 0.01, 0.3, 2_000)):  # fmt: skip
        rows.append(_change(n, before, after, quiet, max(1, runs // 4), random))
    return rows


def _rung(k: int, n: int, live: np.ndarray) -> int:
    """After how many requests our watch alarms, 0 where it never does."""
    at_most = usual_rate(k, n, CHANCE / 2)
    if at_most >= 1:
        return 0
    watch = RateWatch(at_most, CHANCE / 2)
    for event in live.tolist():
        if watch.add(event):
            return watch.alarmed_at
    return 0


def _naive(k: int, n: int, live: np.ndarray) -> bool:
    counts = np.add.reduceat(live.astype(int), np.arange(0, len(live), EVERY))
    return bool((counts / WINDOW > usual_rate(k, n, 0.025)).any())


def _latency(n: int, runs: int, random: Random) -> Row:
    """Answers past the measured p95, of a distribution with a long tail."""
    rank = -(-95 * n // 100)
    ours = naive = 0
    for _ in range(runs):
        p95 = np.sort(random.lognormal(0, 0.6, n))[rank - 1]
        live = random.lognormal(0, 0.6, WATCHED) > p95
        ours += bool(_rung(n - rank, n, live))
        naive += bool((np.add.reduceat(live.astype(int), np.arange(0, WATCHED, EVERY)) > 0.05 * WINDOW).any())
    return Row(f"{WATCHED:,} looks, latency, {n} measured", CHANCE, Found(ours, runs), Found(naive, runs))


def _change(n: int, before: float, after: float, quiet: int, runs: int, random: Random) -> Row:
    """What is missed within 1,000 requests of a change; an alarm before it counts as missed."""
    delays = []
    for _ in range(runs):
        live = np.concatenate([random.random(quiet) < before, random.random(1_000) < after])
        at = _rung(int(random.binomial(n, before)), n, live)
        delays.append(at - quiet if at > quiet else 1_001)
    missed = sum(delay > 1_000 for delay in delays)
    delay = f"{median(delays):,.0f}" if median(delays) <= 1_000 else "over 1,000"
    said = f"{n} measured, {before:.0%} to {after:.0%} after {quiet:,}: missed; median delay {delay}"
    return Row(said, None, Found(missed, runs))


ROAD = Road("an alarm of the gateway rings while nothing changed", "false alarm, ever", simulate)
