"""What a load window leaves behind: one small row a request, and the times that bound the measured part."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from milo_bench.core.chat import Exchange
from milo_bench.core.records import FailureKind, LoadOutcome

Mode: TypeAlias = Literal["closed", "open", "trace", "single"]
# Beside what a server can do wrong: what the window's own end did to a request.
RowFailure: TypeAlias = FailureKind | Literal["unfinished", "unsent"]


# One for all rows without any: a window of ten minutes keeps a hundred thousand rows.
_NO_TOKENS: Final = array("L")
_NO_TIMINGS: Final[Mapping[str, float]] = {}


class LoadRow(msgspec.Struct, frozen=True):
    """One request. Times in seconds since the run's zero.

    ``late_s`` is the client's own delay in sending: from the moment it was due and a place in
    flight was free, to the moment it went out. ``gaps_s`` are times between content chunks,
    ``chunk_tokens`` the tokens of each content chunk, empty where the server does not tell.
    """

    fixture: str
    intended_s: float
    started_s: float
    ended_s: float
    late_s: float = 0.0
    first_content_s: float | None = None
    gaps_s: array[float] = msgspec.field(default_factory=lambda: array("d"))
    chunk_tokens: array[int] = msgspec.field(default_factory=lambda: array("L"))
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    is_warm: bool = False  # the server had the document before: its times are not those of a new one
    is_repeated: bool = False  # this load run had sent the document before
    failure: RowFailure | None = None
    lag_max_s: float | None = None
    lag_mean_s: float | None = None
    server_timings: Mapping[str, float] = {}
    outcome: LoadOutcome = ""
    output: str = ""
    exchange: Exchange | None = None  # until it is graded

    @property
    def is_empty(self) -> bool:
        """An answer without a word, a thought or a call: no content came, and no token but the one that ends it."""
        return self.failure is None and self.first_content_s is None and (self.completion_tokens or 0) <= 1


@lru_cache(maxsize=1024)
def _shared_tokens(counts: tuple[int, ...]) -> array[int]:
    """``counts`` as an array that nobody changes: most streams have one token a chunk, and equal ones share it."""
    return array("L", counts)


def row_of(fixture: str, exchange: Exchange, *, late_s: float, from_start: bool = False, keep: bool = False) -> LoadRow:
    """What a window keeps of an exchange: times and counts, and with ``keep`` the whole of it until it is graded.

    ``from_start``: it was due when it went out.
    """
    times = exchange.timings
    return LoadRow(
        fixture=fixture,
        intended_s=times.started_s if from_start else times.intended_s,
        started_s=times.started_s,
        ended_s=times.ended_s,
        late_s=late_s,
        first_content_s=times.first_content_s,
        gaps_s=array("d", times.chunk_gaps_s),
        chunk_tokens=_shared_tokens(times.chunk_tokens) if times.chunk_tokens else _NO_TOKENS,
        prompt_tokens=exchange.usage.prompt_tokens,
        completion_tokens=exchange.usage.completion_tokens,
        cached_tokens=exchange.usage.cached_tokens,
        failure=None if exchange.failure is None else exchange.failure.kind,
        lag_max_s=times.client_lag_max_s,
        lag_mean_s=times.client_lag_mean_s,
        server_timings=exchange.server_timings or _NO_TIMINGS,
        exchange=exchange if keep else None,
    )


def microseconds(value_s: float) -> int:
    """A time as the lines of a log say it."""
    return round(value_s * 1e6)


class WindowRows(Struct, frozen=True):
    """All requests of a window, in order of their end.

    The measured part is ``from_s`` (inclusive) to ``to_s``; before it is warm-up, after it
    cool-down, in which the load goes on so that the last measured requests run under it too.
    ``scheduled`` counts the arrivals due in the measured part, None in a closed loop, where nothing
    is due. ``loop_lags_s`` is how late the client's own timers were, one each 10 ms.
    ``held_back`` counts requests that waited for a place below the cap on requests in flight.
    """

    mode: Mode
    level: float
    began_s: float
    from_s: float
    to_s: float
    ended_s: float
    rows: tuple[LoadRow, ...]
    warmup_rule: str
    cooldown_rule: str
    scheduled: int | None = None
    held_back: int = 0
    most_in_flight: int = 0
    loop_lags_s: array[float] = msgspec.field(default_factory=lambda: array("d"))
    ended_early: str = ""  # why the window ended before its time
    from_flight: bool = False  # see ``measured``
    workers: int = 1  # processes that sent the requests
    paused_s: float = 0.0  # of the measured part, what streams waited after requests that failed, all of them together
    own_cpu_share: float = 0.0  # of a core, what this process used while the load lasted
    worker_cpu_share: float | None = None  # of a core, the busiest worker's; None where this process sent them

    @property
    def measured(self) -> tuple[LoadRow, ...]:
        """The rows whose intended start lies in the measured part.

        ``from_flight``: where a closed loop's warm-up was over before each stream had ended a request,
        those then in flight are measured too; they ran beside each other from their start.
        """
        return tuple(row for row in self.rows if self.is_measured(row.intended_s, row.ended_s))

    def is_measured(self, intended_s: float, ended_s: float) -> bool:
        if self.from_flight and intended_s < self.from_s:
            return ended_s >= self.from_s
        return self.from_s <= intended_s < self.to_s
