"""Telemetry samples in, what a counter gained a second between two times out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from milo_bench.core.records import Telemetry


def used_between(
    samples: Sequence[Telemetry], from_s: float, to_s: float, counter: Literal["cpu_s", "client_cpu_s"], *, target: str
) -> float | None:
    """Gain a second of a growing counter over the samples within ``from_s`` to ``to_s``; None for fewer than two."""
    seen = [
        (sample.at_s, value)
        for sample in samples
        if sample.target == target and from_s <= sample.at_s <= to_s and (value := getattr(sample, counter)) is not None
    ]
    if len(seen) < 2 or seen[-1][0] <= seen[0][0]:
        return None
    return float((seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0]))
