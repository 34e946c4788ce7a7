"""What a fake server keeps in memory of each chat request, for tests and for its admin path."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

RequestOutcome: TypeAlias = Literal["answering", "answered", "fault", "client_closed"]


@dataclass(slots=True)
class SeenRequest:
    """One chat request as the server saw it. Times are seconds on the monotonic clock.

    ``key`` is the last user message. ``written_s`` has one time for each content chunk.
    ``ended`` is set when the outcome is known.
    """

    number: int
    path: str
    key: str
    model: str
    body: Mapping[str, Any]
    at_s: float
    outcome: RequestOutcome = "answering"
    fault: str = ""
    status: int = 200
    written_s: list[float] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def as_data(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "path": self.path,
            "key": self.key,
            "model": self.model,
            "outcome": self.outcome,
            "fault": self.fault,
            "status": self.status,
            "chunks": len(self.written_s),
        }
