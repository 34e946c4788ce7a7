"""A series of equal sub-windows in, whether the system was steady, drifting or undecided out; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from milo_bench.core.load_records import SteadyState
from milo_bench.core.records import Interval
from milo_bench.stats.intervals import z_value

SUB_WINDOWS = 10
LEAST_SUB_WINDOWS = 6
TOLERANCE = 0.10  # of the median, from the first sub-window to the last


class Drift(Struct, frozen=True):
    """``change`` is Sen's slope over the whole series as a share of its median; None where there is none."""

    state: SteadyState
    change: float | None = None
    interval: Interval | None = None
    note: str = ""


def find_drift(series: Sequence[float], *, confidence: float = 0.95, tolerance: float = TOLERANCE) -> Drift:
    """Sen's slope with its rank interval (Sen 1968; variance of Kendall's S with ties, Gilbert 1987, ch. 16).

    ``drifting`` where the interval excludes no change and the change is more than half the
    tolerance, ``steady`` where the whole interval lies within the tolerance, ``undecided``
    otherwise: an absence of evidence is not called steady. The series must be finite.
    """
    n = len(series)
    if n < LEAST_SUB_WINDOWS:
        return Drift("undecided", note=f"{n} sub-windows of {LEAST_SUB_WINDOWS} needed")
    middle = _median(series)
    if middle <= 0:
        return Drift("undecided", note="most sub-windows have no finished request")
    slopes = sorted((series[j] - series[i]) / (j - i) for i in range(n) for j in range(i + 1, n))
    half_width = z_value(confidence) * math.sqrt(_kendall_variance(series))
    count = len(slopes)
    low_at = math.floor((count - half_width) / 2)
    high_at = math.ceil((count + half_width) / 2)
    scale = (n - 1) / middle
    change = _median(slopes) * scale
    if low_at < 0 or high_at >= count:
        return Drift("undecided", change, note="too few sub-windows for an interval")
    low, high = slopes[low_at] * scale, slopes[high_at] * scale
    interval = Interval(low, high, confidence, "sen")
    if (low > 0 or high < 0) and abs(change) > tolerance / 2:
        return Drift("drifting", change, interval)
    if -tolerance <= low and high <= tolerance:
        return Drift("steady", change, interval)
    return Drift("undecided", change, interval, note="the sub-windows vary too much")


def together(drifts: Sequence[Drift]) -> SteadyState:
    """Drifting if one is, steady if all are, undecided otherwise."""
    states = {drift.state for drift in drifts}
    if "drifting" in states:
        return "drifting"
    return "steady" if states == {"steady"} else "undecided"


def _kendall_variance(series: Sequence[float]) -> float:
    n = len(series)
    ties = [series.count(value) for value in dict.fromkeys(series)]
    return (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half, odd = divmod(len(ordered), 2)
    return ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2
