"""Events of a run, or windows of a load, in; one span for each request, under one for the whole, out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from milo_bench.core.records import Attempt, LoadRequestRow, LoadWindow, TargetRecord
from milo_bench.run.events import AttemptFinished, RunEnded, RunEvent, RunStarted
from milo_bench.telemetry.spans import Attribute, SpanSink, SpanTimes, model_attributes

LoadListener: TypeAlias = Callable[[TargetRecord, LoadWindow, Sequence[LoadRequestRow]], None]


class RunSpans:
    """A listener of a run."""

    def __init__(self, sink: SpanSink) -> None:
        self._sink = sink
        self._root: Any = None
        self._targets: dict[str, TargetRecord] = {}

    def listen(self, event: RunEvent) -> None:
        now_ns = time.time_ns()
        match event:
            case RunStarted():
                self._targets = {target.name: target for target in event.header.targets}
                about: dict[str, Attribute] = {
                    "milo.suite": event.header.suite.name, "milo.planned": event.total, "milo.done": event.done
                }  # fmt: skip
                self._root = self._sink.begin("milo-bench run", "internal", now_ns, about)
            case AttemptFinished():
                if not event.attempt.bypass:
                    self._add(event.attempt, now_ns)
            case RunEnded():
                if self._root is not None:
                    reason = "" if event.end.complete else event.end.reason
                    self._sink.end(self._root, now_ns, error=reason, attributes={"milo.unsent": event.unsent})
                    self._root = None
            case _:
                pass

    def _add(self, attempt: Attempt, now_ns: int) -> None:
        key, times = attempt.key, attempt.timings
        record = self._targets.get(key.target)
        about = _about(record, key.target)
        about |= {"milo.fixture": key.fixture, "milo.repeat": key.repeat, "milo.retry": key.retry}
        about |= _used(attempt.usage.prompt_tokens, attempt.usage.completion_tokens)
        about["gen_ai.response.finish_reasons"] = (attempt.finish_reason,) if attempt.finish_reason else ()
        if times.first_content_s is not None:
            about["milo.first_token_s"] = round(times.first_content_s - times.started_s, 6)
        took_ns = round((times.ended_s - times.started_s) * 1e9)
        self._sink.add(
            f"chat {record.model if record else key.target}", "client", SpanTimes(now_ns - took_ns, now_ns), about,
            parent=self._root, error=attempt.failure.kind if attempt.failure else "",
        )  # fmt: skip


class LoadSpans:
    """Takes each window of a load as it ends: a span for the window, and under it one for each request."""

    def __init__(self, sink: SpanSink) -> None:
        self._sink = sink

    def take(self, record: TargetRecord, window: LoadWindow, rows: Sequence[LoadRequestRow]) -> None:
        ended_us = max([round(window.ended_s * 1e6), *(row.end_us for row in rows)])
        zero_ns = time.time_ns() - ended_us * 1_000
        about: dict[str, Attribute] = {
            "milo.target": window.target, "milo.load.mode": window.mode, "milo.load.level": window.level,
            "milo.load.client_bound": window.client_bound, "milo.load.requests": len(rows),
        }  # fmt: skip
        start_ns = zero_ns + round(window.started_s * 1e9)
        root = self._sink.begin("milo-bench load", "internal", start_ns, about)
        for row in rows:
            own = _about(record, window.target) | _used(row.prompt, row.completion)
            own |= {"milo.fixture": row.fixture, "milo.load.warm": row.warm, "milo.load.late_us": row.late_us}
            if row.first_us is not None:
                own["milo.first_token_s"] = (row.first_us - row.sent_us) / 1e6
            times = SpanTimes(zero_ns + row.sent_us * 1_000, zero_ns + row.end_us * 1_000)
            self._sink.add(f"chat {record.model}", "client", times, own, parent=root, error=row.failure)
            self._sink.make_room()
        self._sink.end(root, zero_ns + round(window.ended_s * 1e9))


def _about(record: TargetRecord | None, name: str) -> dict[str, Attribute]:
    if record is None:
        return {"milo.target": name}
    return {**model_attributes(record.runtime or record.api, record.model, record.endpoint), "milo.target": name}


def _used(prompt: int | None, completion: int | None) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    if prompt is not None:
        found["gen_ai.usage.input_tokens"] = prompt
    if completion is not None:
        found["gen_ai.usage.output_tokens"] = completion
    return found
