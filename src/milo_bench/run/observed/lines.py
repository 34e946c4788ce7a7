"""Events of a run, or windows of a load, in; one JSON line for each out, without text of a request or an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from milo_bench.core.records import Attempt, LoadRequestRow, LoadWindow, TargetRecord
from milo_bench.run.events import (
    AttemptFinished,
    BudgetSpent,
    FixturesWithheld,
    RetryWaits,
    RunEnded,
    RunEvent,
    RunStarted,
    RunStopping,
    TargetsStarting,
    TargetStopped,
    TargetWarmed,
    WorkAdded,
    WorkEnded,
)
from milo_bench.telemetry.lines import WriteEvent

_NAME: Final = re.compile(r"[a-z_]{1,40}")  # a server names its own reasons: only what is a name is kept


class RunLines:
    """A listener of a run. Attempts are written as they end; that one began is not."""

    def __init__(self, write: WriteEvent) -> None:
        self._write = write

    def listen(self, event: RunEvent) -> None:
        write = self._write
        match event:
            case TargetsStarting():
                write("targets_starting", targets=event.targets)
            case RunStarted():
                header = event.header
                names = [target.name for target in header.targets]
                write("run_started", suite=header.suite.name, targets=names, planned=event.total, done=event.done)
            case FixturesWithheld():
                write("fixtures_withheld", target=event.target, fixtures=len(event.fixtures))
            case AttemptFinished():
                write("attempt", **_attempt(event.attempt))
            case RetryWaits():
                key = event.key
                write("retry_waits", target=key.target, fixture=key.fixture, seconds=round(event.seconds, 3))
            case TargetStopped():
                write("target_stopped", target=event.target, failure=event.failure, unsent=event.unsent)
            case TargetWarmed():
                warmup = event.warmup
                took_s = round(warmup.ended_s - warmup.started_s, 6)
                write("target_warmed", target=warmup.target, took_s=took_s, failed=bool(warmup.problem))
            case WorkEnded():
                end = event.end
                write("work_ended", target=end.target, workload=end.workload, ending=end.ending, fixtures=end.fixtures,
                      withdrawn=event.withdrawn)  # fmt: skip
            case WorkAdded():
                write("work_added", workload=event.workload, fixtures=event.fixtures, attempts=event.attempts)
            case BudgetSpent():
                write("budget_spent")
            case RunStopping():
                write("run_stopping", in_flight=event.in_flight, grace_s=event.grace_s)
            case RunEnded():
                end_of = event.end
                write("run_ended", complete=end_of.complete, reason=end_of.reason, attempts=end_of.attempts,
                      failures=end_of.failures, unsent=event.unsent)  # fmt: skip
            case _:
                pass


def _attempt(attempt: Attempt) -> dict[str, Any]:
    key, times, failure = attempt.key, attempt.timings, attempt.failure
    found: dict[str, Any] = {
        "target": key.target, "fixture": key.fixture, "repeat": key.repeat, "retry": key.retry,
        "decoding": key.decoding,
        "outcome": failure.kind if failure else "bypassed" if attempt.bypass else "answered",
        "took_s": round(times.ended_s - times.intended_s, 6),
    }  # fmt: skip
    if failure is not None and failure.http_status is not None:
        found["http_status"] = failure.http_status
    if times.first_content_s is not None:
        found["first_s"] = round(times.first_content_s - times.intended_s, 6)
    for name, count in (("prompt", attempt.usage.prompt_tokens), ("completion", attempt.usage.completion_tokens)):
        if count is not None:
            found[f"{name}_tokens"] = count
    if attempt.finish_reason and _NAME.fullmatch(attempt.finish_reason):
        found["finish_reason"] = attempt.finish_reason
    return found


class LoadLines:
    """Takes each window of a load as it ends."""

    def __init__(self, write: WriteEvent) -> None:
        self._write = write

    def take(self, record: TargetRecord, window: LoadWindow, rows: Sequence[LoadRequestRow]) -> None:
        figures = window.figures
        self._write(
            "window", target=window.target, mode=window.mode, level=window.level, requests=figures.requests,
            answered=figures.answered, failures=figures.failures, requests_per_s=figures.requests_per_s,
            took_s=round(window.ended_s - window.started_s, 6), client_bound=window.client_bound,
        )  # fmt: skip
