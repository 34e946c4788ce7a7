"""The events of a run in, what its end has to say out: how many are done, what stopped early, what did not fit."""

from __future__ import annotations

from milo_bench.core.records import WorkEnd
from milo_bench.run.events import (
    AttemptFinished,
    BudgetSpent,
    OpenWork,
    RunEvent,
    RunStarted,
    TargetStopped,
    WorkAdded,
    WorkEnded,
    WorkLooked,
)


class RunFollower:
    """Remembers what the end of a run has to say."""

    def __init__(self) -> None:
        self.done = 0
        self.total = 0  # attempts planned: without those that were withdrawn, with those that were added
        self.work_ends: list[WorkEnd] = []
        self.open: tuple[OpenWork, ...] = ()
        self.why = ""
        self.too_long: dict[str, int] = {}

    def listen(self, event: RunEvent) -> None:
        if isinstance(event, RunStarted):
            self.done, self.total = event.done, event.total
        elif isinstance(event, AttemptFinished):
            key, failure = event.attempt.key, event.attempt.failure
            self.done += key.retry == 0
            if failure is not None and failure.kind == "context_overflow":
                self.too_long[key.target] = self.too_long.get(key.target, 0) + 1
        elif isinstance(event, WorkEnded):
            self.total -= event.withdrawn
            self.work_ends.append(event.end)
        elif isinstance(event, WorkAdded):
            self.total += event.attempts
        elif isinstance(event, WorkLooked):
            self.open = event.open
        elif isinstance(event, BudgetSpent):
            self.why = f"{event.said} is spent."
        elif isinstance(event, TargetStopped):
            self.why = f"'{event.target}' was stopped after {event.consecutive} {event.failure} failures in a row."
