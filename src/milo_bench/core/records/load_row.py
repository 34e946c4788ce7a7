"""One request of a load window as a line of a run log, and what a window says of its rows."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from milo_bench.core.records.frozen import Frozen, RecordedCount, RecordedWhole, Tokens

LoadOutcome: TypeAlias = Literal["", "passed", "failed", "unjudged"]
"""What the suite's checks said of an answer; "" where nobody asked them."""


class LoadRequestRow(Frozen, frozen=True, tag="load_row", tag_field="type"):
    """One request. Times in microseconds since the run's zero, gaps between content chunks in microseconds.

    ``due_us`` is when it should have gone out, ``late_us`` the client's own delay in sending it. ``outcome`` and
    ``output``, the answer, are there where answers were graded.
    """

    fixture: str
    due_us: RecordedWhole
    sent_us: RecordedWhole
    end_us: RecordedWhole
    first_us: RecordedWhole | None = None
    late_us: RecordedWhole = 0
    gaps_us: tuple[RecordedWhole, ...] = ()
    chunk_tokens: tuple[Tokens, ...] = ()
    prompt: Tokens | None = None
    completion: Tokens | None = None
    cached: Tokens | None = None
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

    count: RecordedCount
    from_us: RecordedWhole
    to_us: RecordedWhole
    began_us: RecordedWhole
    ended_us: RecordedWhole
    warmup_rule: str
    cooldown_rule: str
    scheduled: RecordedCount | None
    held_back: RecordedCount
    most_in_flight: RecordedCount
    ended_early: str
    from_flight: bool
    level: dict[str, Any]  # the service level's limits in seconds, and its share
    rules: RecordedCount = 0  # by which figures follow from rows; see ``stats.load.figures.RULES``
