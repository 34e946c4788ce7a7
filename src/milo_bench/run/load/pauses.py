"""An answer in, how long its stream waits before the next request out; and how long streams waited in all.

A user who is refused waits. A stream that does not would ask a server that refuses it ten thousand times.
"""

from __future__ import annotations

from typing import Final

from milo_bench.core.chat import Exchange
from milo_bench.run.schedule import UNREACHABLE

PAUSE_S: Final = 0.1


def pause_after_s(exchange: Exchange) -> float:
    """As long as the server asks for; else a moment after a request that failed at once, or found nobody."""
    failure = exchange.failure
    if failure is None:
        return 0.0
    if failure.retry_after_s:
        return max(PAUSE_S, failure.retry_after_s)
    at_once = exchange.timings.ended_s - exchange.timings.started_s < PAUSE_S
    return PAUSE_S if at_once or failure.kind in UNREACHABLE else 0.0


class Pauses:
    """Those of a window's streams."""

    def __init__(self) -> None:
        self._times: list[tuple[float, float]] = []

    def begin(self, now_s: float, pause_s: float) -> None:
        self._times.append((now_s, now_s + pause_s))

    def within(self, from_s: float, to_s: float) -> float:
        """How much of them lies between two times, of all streams together."""
        return sum(max(0.0, min(ended_s, to_s) - max(began_s, from_s)) for began_s, ended_s in self._times)
