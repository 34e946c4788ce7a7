"""A detector's name in, its measured precision and recall out, as shipped in ``measured.json``.

Findings that rest on a detector carry these figures. A test recomputes every one from its
labelled set, so a figure can only change together with the detector's version or its set.
"""

from __future__ import annotations

import math
from functools import cache
from importlib import resources

import msgspec

from milo_bench.core.errors import UsageError
from milo_bench.core.records import Frozen
from milo_bench.core.suggest import hint_for


class Measured(Frozen, frozen=True, omit_defaults=False):
    """``n`` labelled texts of ``set``; shares between 0 and 1; 95% Wilson intervals as (low, high).

    ``writer`` says who wrote the set where that was not the author of the rules.
    """

    detector: str
    version: str
    set: str
    n: int
    precision: float
    precision_interval: tuple[float, float]
    recall: float
    recall_interval: tuple[float, float]
    note: str = ""
    writer: str = ""


@cache
def all_measured() -> dict[str, Measured]:
    """Every detector that has been measured, by name."""
    raw = resources.files("milo_bench.guards").joinpath("measured.json").read_bytes()
    return {entry.detector: entry for entry in msgspec.json.decode(raw, type=tuple[Measured, ...])}


def figures_of(detector: str) -> Measured:
    """The figures of one detector; UsageError with a suggestion where it was never measured."""
    known = all_measured()
    if detector not in known:
        message = f"Unknown measured detector '{detector}'."
        raise UsageError(message, hint=hint_for(detector, known, noun="detectors"))
    return known[detector]


def wilson_95(k: int, n: int) -> tuple[float, float]:
    """Wilson score interval (Wilson 1927) at 95%, rounded to four places; (0, 1) for n = 0.

    Stated here once more because this room lies below ``stats``.
    """
    if n == 0:
        return 0.0, 1.0
    z = 1.959963984540054
    share, spread = k / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return round(max(0.0, centre - half), 4), round(min(1.0, centre + half), 4)
