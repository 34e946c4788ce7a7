"""One request of a load window as a line of a run log, and what a window says of its rows."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from milo_bench.core.records.frozen import Frozen

LoadOutcome: TypeAlias = Literal["", "passed", "failed", "unjudged"]
"""What the suite's checks said of an answer; "" where nobody asked them."""


class LoadRequestRow(Frozen, frozen=True, tag="load_row", tag_field="type"):
    """One request. Times in microseconds since the run's zero, gaps between content chunks in microseconds.

    ``due_us`` is when it should have gone out, ``late_us`` the client's own delay in sending it. ``outcome`` and
    ``output``, the answer, are there where answers were graded.
    """

    fixture: str
    due_us: int
    sent_us: int
    end_us: int
    first_us: int | None = None
    late_us: int = 0
    gaps_us: tuple[int, ...] = ()
    chunk_tokens: tuple[int, ...] = ()
    prompt: int | None = None
    completion: int | None = None
    cached: int | None = None
    warm: bool = False
    repeated: bool = False
    failure: str = ""
    lag_max_us: float | None = None
    lag_mean_us: float | None = None
    server: dict[str, float] = {}
    outcome: LoadOutcome = ""
    output: str = ""
    erased: str = ""  # what sealed the answer before it was erased


class LoadRows(Frozen, frozen=True, omit_defaults=False):
    """What a window says of the ``count`` rows before its line: its measured part, its rules and its service level."""

    count: int
    from_us: int
    to_us: int
    began_us: int
    ended_us: int
    warmup_rule: str
    cooldown_rule: str
    scheduled: int | None
    held_back: int
    most_in_flight: int
    ended_early: str
    from_flight: bool
    level: dict[str, Any]  # the service level's limits in seconds, and its share
