"""Prepared requests and what can draw more of them in; requests in turn, none twice while there are others, out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from milo_bench.run.load.rows import WindowRows
from milo_bench.run.load.window import LoadRequest, Profile

# A window should have this many documents for each that it is expected to send.
_SPARE: Final = 1.5
_FIRST_GUESS_PER_S: Final = 2.0  # of a stream, before any window has said
MOST_DOCUMENTS: Final = 20_000
MOST_DRAWING_S: Final = 20.0

# How many requests there are already, and how many more are wanted, in; more of them out, [] where there are none.
DrawRequests = Callable[[int, int], Sequence[LoadRequest]]


class LoadDocuments:
    """The requests of a load run. A suite with a generator gives fresh ones between windows, never inside one."""

    def __init__(self, requests: Sequence[LoadRequest], draw: DrawRequests | None = None) -> None:
        self.requests: list[LoadRequest] = list(requests)
        self._first = len(self.requests)
        self._draw = draw
        self._per_stream_s = _FIRST_GUESS_PER_S
        self._seen: set[str] = set()
        self._by_name: dict[str, LoadRequest] = {}

    @property
    def by_name(self) -> dict[str, LoadRequest]:
        """Each request by its fixture."""
        for request in self.requests[len(self._by_name) :]:
            self._by_name[request.fixture] = request
        return self._by_name

    def prepare(self, profile: Profile, sent: int) -> int:
        """Draw what the next window may need beyond what was ``sent``; how many were drawn."""
        if self._draw is None:
            return 0
        length_s = profile.duration_s + (profile.warmup_s or profile.duration_s / 2)
        rate = profile.level * (self._per_stream_s if profile.mode == "closed" else 1.0)
        wanted = min(MOST_DOCUMENTS, sent + int(_SPARE * rate * length_s) + 10)
        before, began_s = len(self.requests), time.monotonic()
        while len(self.requests) < wanted and time.monotonic() - began_s < MOST_DRAWING_S:
            fresh = self._draw(len(self.requests) - self._first, min(200, wanted - len(self.requests)))
            if not fresh:
                break
            self.requests += fresh
        return len(self.requests) - before

    def sent(self, rows: WindowRows) -> frozenset[int]:
        """Which rows of a window, by their place, asked a document that this run had sent before."""
        again = []
        for place in sorted(range(len(rows.rows)), key=lambda one: rows.rows[one].started_s):
            fixture = rows.rows[place].fixture
            if rows.rows[place].failure == "unsent":
                continue
            if fixture in self._seen:
                again.append(place)
            self._seen.add(fixture)
        length_s = rows.ended_s - rows.began_s
        if rows.mode == "closed" and rows.level and length_s > 0:
            self._per_stream_s = max(_FIRST_GUESS_PER_S / 10, len(rows.rows) / rows.level / length_s)
        return frozenset(again)
