"""Events of a run, or windows of a load, in; a page of Prometheus metrics out."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from milo_bench.core.records import LoadRequestRow, LoadWindow, TargetRecord
from milo_bench.run.events import AttemptFinished, AttemptStarted, RetryWaits, RunEnded, RunEvent, RunStarted
from milo_bench.telemetry.prometheus import Counter, Gauge, Histogram, digits, metrics_page


class RunMetrics:
    """A listener of a run. ``page`` may be called from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts = Counter("milo_run_attempts_total", "Attempts that ended.", ("target", "outcome"))
        self._retries = Counter("milo_run_retries_total", "Retries that waited.", ("target",))
        self._seconds = Histogram("milo_run_attempt_seconds", "Time from due to the end of an answer.", ("target",))
        self._first = Histogram("milo_run_first_token_seconds", "Time from due to the first content.", ("target",))
        self._tokens = Counter("milo_run_tokens_total", "Tokens as the targets count them.", ("target", "kind"))
        self._now: dict[str, float] = {"planned": 0, "done": 0, "in_flight": 0, "complete": 0, "running": 0}
        self._seen_s = time.time()
        self._all = (
            self._attempts, self._retries, self._seconds, self._first, self._tokens,
            Gauge("milo_run_planned", "First tries that the plan has.", (), lambda: {(): self._now["planned"]}),
            Gauge("milo_run_done", "First tries that the log has.", (), lambda: {(): self._now["done"]}),
            Gauge("milo_run_in_flight", "Attempts that wait for an answer.", (), lambda: {(): self._now["in_flight"]}),
            Gauge("milo_run_running", "1 while it runs.", (), lambda: {(): self._now["running"]}),
            Gauge("milo_run_complete", "1 once everything planned is done.", (), lambda: {(): self._now["complete"]}),
            Gauge("milo_run_last_event_seconds", "When something last happened, in seconds since 1970.", (),
                  lambda: {(): self._seen_s}),
        )  # fmt: skip

    def listen(self, event: RunEvent) -> None:
        with self._lock:
            self._seen_s = time.time()
            self._take(event)

    def page(self) -> str:
        with self._lock:
            return metrics_page(self._all)

    def _take(self, event: RunEvent) -> None:
        now = self._now
        match event:
            case RunStarted():
                now.update(planned=event.total, done=event.done, running=1)
            case AttemptStarted():
                now["in_flight"] += 1
            case RetryWaits():
                self._retries.add(event.key.target)
            case AttemptFinished():
                attempt = event.attempt
                target, times = attempt.key.target, attempt.timings
                now["in_flight"] = max(0, now["in_flight"] - 1)
                now["done"] += attempt.key.retry == 0
                outcome = attempt.failure.kind if attempt.failure else "bypassed" if attempt.bypass else "answered"
                self._attempts.add(target, outcome)
                if outcome == "answered":
                    self._seconds.observe(times.ended_s - times.intended_s, target)
                    if times.first_content_s is not None:
                        self._first.observe(times.first_content_s - times.intended_s, target)
                self._tokens.add(target, "prompt", by=attempt.usage.prompt_tokens or 0)
                self._tokens.add(target, "completion", by=attempt.usage.completion_tokens or 0)
            case RunEnded():
                now.update(running=0, in_flight=0, complete=float(event.end.complete))
            case _:
                pass


class LoadMetrics:
    """Takes each window of a load as it ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        labels = ("target", "mode", "level")
        self._requests = Counter("milo_load_requests_total", "Requests of windows.", (*labels, "outcome"))
        self._seconds = Histogram("milo_load_request_seconds", "Time from due to the end of an answer.", labels)
        self._first = Histogram("milo_load_first_token_seconds", "Time from due to the first content.", labels)
        self._tokens = Counter("milo_load_completion_tokens_total", "Tokens as the target counts them.", labels)
        self._bound = Counter("milo_load_client_bound_total", "Windows in which this client was the limit.", labels)
        self._windows = Counter("milo_load_windows_total", "Windows that ended.", labels)
        self._all = (self._requests, self._seconds, self._first, self._tokens, self._bound, self._windows)

    def take(self, record: TargetRecord, window: LoadWindow, rows: Sequence[LoadRequestRow]) -> None:
        with self._lock:
            labels = (window.target, window.mode, digits(window.level))
            self._windows.add(*labels)
            self._bound.add(*labels, by=float(window.client_bound))
            for row in rows:
                if row.warm:
                    continue
                self._requests.add(*labels, row.failure or "answered")
                if row.failure:
                    continue
                self._seconds.observe((row.end_us - row.due_us) / 1e6, *labels)
                if row.first_us is not None:
                    self._first.observe((row.first_us - row.due_us) / 1e6, *labels)
                self._tokens.add(*labels, by=row.completion or 0)

    def page(self) -> str:
        with self._lock:
            return metrics_page(self._all)
