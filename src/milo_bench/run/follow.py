"""The events of a run in, what its end has to say out: how many are done, what stopped early, what did not fit."""

from __future__ import annotations

from milo_bench.run.events import AttemptFinished, RunEvent, RunStarted, TargetStopped


class RunFollower:
    """Remembers what the end of a run has to say."""

    def __init__(self) -> None:
        self.done = 0
        self.why = ""
        self.too_long: dict[str, int] = {}

    def listen(self, event: RunEvent) -> None:
        if isinstance(event, RunStarted):
            self.done = event.done
        elif isinstance(event, AttemptFinished):
            key, failure = event.attempt.key, event.attempt.failure
            self.done += key.retry == 0
            if failure is not None and failure.kind == "context_overflow":
                self.too_long[key.target] = self.too_long.get(key.target, 0) + 1
        elif isinstance(event, TargetStopped):
            self.why = f"'{event.target}' was stopped after {event.consecutive} {event.failure} failures in a row."
