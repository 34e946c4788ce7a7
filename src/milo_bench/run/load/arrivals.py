"""A rate, or a recorded trace, in; the times at which requests are due out. Pure."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from milo_bench.core.errors import DataError, UsageError
from milo_bench.core.units import number

Arrivals: TypeAlias = Literal["poisson", "constant"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request due ``at_s`` after the window's start; ``fixture`` "" takes the next in turn."""

    at_s: float
    fixture: str = ""


def constant_arrivals(rate: float) -> Iterator[Arrival]:
    """One each ``1 / rate`` seconds, the first after one such time; without an end."""
    _check_rate(rate)
    number = 0
    while True:
        number += 1
        yield Arrival(number / rate)  # not a running sum: it would drift


def poisson_arrivals(rate: float, *, seed: int) -> Iterator[Arrival]:
    """A Poisson process of ``rate`` a second (independent exponential gaps); without an end."""
    _check_rate(rate)
    chance = random.Random(seed)  # noqa: S311  no secret: the same seed must give the same arrivals
    at_s = 0.0
    while True:
        at_s += chance.expovariate(rate)
        yield Arrival(at_s)


def arrivals_at(kind: Arrivals, rate: float, *, seed: int) -> Iterator[Arrival]:
    """The endless schedule of ``kind`` at ``rate`` requests a second."""
    return constant_arrivals(rate) if kind == "constant" else poisson_arrivals(rate, seed=seed)


def parse_trace(text: str, *, where: str) -> tuple[Arrival, ...]:
    """A recorded trace: one arrival a line, a number of seconds or ``{"at_s": …, "fixture": …}``.

    A log is a trace too: of a run log its attempts' intended starts and fixtures, of a load log when its requests
    were due. Times are shifted so that the first is 0 and sorted. Raises DataError with file and line.
    """
    arrivals = []
    for line_number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        arrival = _arrival(line, f"{where} line {line_number}")
        if arrival is not None:
            arrivals.append(arrival)
    if not arrivals:
        raise DataError(f"{where} contains no arrivals.", hint='write one per line: seconds, or {"at_s": 0.5}.')
    first_s = min(arrival.at_s for arrival in arrivals)
    shifted = (Arrival(arrival.at_s - first_s, arrival.fixture) for arrival in arrivals)
    return tuple(sorted(shifted, key=lambda arrival: arrival.at_s))


def _arrival(line: str, where: str) -> Arrival | None:
    hint = 'write a number of seconds, or {"at_s": 0.5, "fixture": "id"}.'
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise DataError(f"{where} is neither a number nor JSON.", hint=hint) from None
    fixture = ""
    if isinstance(value, dict):
        kind = value.get("type")
        if kind == "attempt":
            timings, key = value.get("timings"), value.get("key")
            fixture = key.get("fixture", "") if isinstance(key, dict) else ""
            value = timings.get("intended_s") if isinstance(timings, dict) else None
        elif kind == "load_row":
            # Its document may have been drawn for that run alone.
            due_us = value.get("due_us")
            value = due_us / 1e6 if isinstance(due_us, int) else None
        elif isinstance(kind, str):
            return None  # a record of a log that is not a request, whatever times it has
        else:
            fixture = value.get("fixture", "")
            value = value.get("at_s")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError(f"{where} has no time.", hint=hint)
    if not isinstance(fixture, str):
        raise DataError(f"{where}: 'fixture' is not text.", hint=hint)
    return Arrival(float(value), fixture)


def trace_rate(arrivals: Sequence[Arrival]) -> float:
    """Mean arrivals a second between the first and the last of a trace; their count where it has no length."""
    length_s = arrivals[-1].at_s - arrivals[0].at_s
    return (len(arrivals) - 1) / length_s if length_s > 0 else float(len(arrivals))


def _check_rate(rate: float) -> None:
    if not rate > 0 or not math.isfinite(rate):
        raise UsageError(f"A rate of {number(rate)} per second sends nothing.", hint="set --rate to a number above 0.")
