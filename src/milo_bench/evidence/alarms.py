"""The gateway's audit and alarms in, what each alarm counts over its latest requests out; no text is read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from milo_bench.config.alarms import Alarm, AlarmCount, AlarmsFile, AlarmState
from milo_bench.store.audit.records import AuditedRequest, AuditLine


def count_alarms(file: AlarmsFile, lines: Iterable[AuditLine]) -> tuple[AlarmCount, ...]:
    """Each alarm of ``file`` over the audit's latest requests, in the file's order.

    Left out: requests in shadow, those that the gateway rejected as wrong, and those whose client left. While a rule's
    flag is off, its requests are no evidence about a queue.
    """
    kept = [deque[bool](maxlen=file.window) for _ in file.alarms]
    for line in lines:
        if not isinstance(line, AuditedRequest) or line.shadow or line.outcome in ("rejected", "cancelled"):
            continue
        for alarm, events in zip(file.alarms, kept, strict=True):
            if alarm.workload == line.workload:
                events.extend(_events(alarm, line))
    return tuple(_counted(alarm, events, file.window) for alarm, events in zip(file.alarms, kept, strict=True))


def _events(alarm: Alarm, request: AuditedRequest) -> Iterator[bool]:
    if alarm.measure == "queued":
        if request.cause != "flag_off":
            yield request.outcome == "queued"
        return
    for call in request.calls:
        if alarm.target and call.target != alarm.target:
            continue
        match alarm.measure:
            case "no_answer":
                yield bool(call.failure)
            case "slow":
                yield bool(call.failure) or (alarm.slower_than_s is not None and call.took_s > alarm.slower_than_s)
            case _:
                yield alarm.check in call.failed_checks


def _counted(alarm: Alarm, events: deque[bool], window: int) -> AlarmCount:
    seen = sum(events)
    # A count can only grow until the window is full, so an early alarm is an alarm.
    state: AlarmState = "alarm" if seen > alarm.most else "usual" if len(events) == window else "waiting"
    return AlarmCount(
        alarm.id, alarm.workload, alarm.target, alarm.measure, state, seen, len(events), alarm.most, window,
        alarm.baseline,
    )  # fmt: skip
