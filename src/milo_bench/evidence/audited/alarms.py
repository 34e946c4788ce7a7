"""Lines of the gateway's audit and alarms in, which alarms ring out; no text is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from milo_bench.config.alarms import Alarm, AlarmCount, AlarmsFile
from milo_bench.core.hashing import sha256_data
from milo_bench.stats.control import RateWatch
from milo_bench.store.audit.records import AuditedRequest, AuditLine

# Work that did not take its usual way because a person, or an alarm, closed that way: no evidence about a queue.
_CLOSED = frozenset({"flag_off", "rolled_back"})


class AlarmWatch:
    """Every alarm of a file, one request after the other. ``n`` is the number of the last line that was counted."""

    def __init__(self, file: AlarmsFile) -> None:
        self.file = file
        self.n = 0
        self._watches = {alarm.id: _watch(file, alarm) for alarm in file.alarms}
        self._by_workload: dict[str, list[Alarm]] = {}
        for alarm in file.alarms:
            self._by_workload.setdefault(alarm.workload, []).append(alarm)

    def add(self, line: AuditLine) -> tuple[Alarm, ...]:
        """Count a line; the alarms that ring at it for the first time.

        Left out: requests in shadow, those that the gateway rejected as wrong, and those whose client left. While a
        rule's flag is off, or its target is rolled back, its requests are no evidence about a queue; nor are those that
        a challenger answered.
        """
        if line.n <= self.n:
            return ()
        self.n = line.n
        if not isinstance(line, AuditedRequest) or line.shadow or line.outcome in ("rejected", "cancelled"):
            return ()
        ringing = []
        for alarm in self._by_workload.get(line.workload, ()):
            if alarm.use and alarm.use != line.use:
                continue
            watch = self._watches[alarm.id]
            rang = [watch.add(event) for event in _events(alarm, line)]  # every event counts
            if any(rang):
                ringing.append(alarm)
        return tuple(ringing)

    def begin_again(self, alarm: str) -> None:
        """A person has dealt with it: its watch starts anew, with a chance of its own. Unknown ids are let be."""
        for one in self.file.alarms:
            if one.id == alarm:
                self._watches[alarm] = _watch(self.file, one)

    def counts(self) -> tuple[AlarmCount, ...]:
        """Each alarm, in the file's order."""
        return tuple(_counted(alarm, self._watches[alarm.id]) for alarm in self.file.alarms)

    def count(self, alarm: Alarm) -> AlarmCount:
        return _counted(alarm, self._watches[alarm.id])

    def saved(self) -> dict[str, Sequence[float]]:
        """Each alarm's watch as numbers, by the alarm and everything that its limit depends on."""
        return {_version(self.file, alarm): self._watches[alarm.id].saved() for alarm in self.file.alarms}

    def restore(self, n: int, saved: Mapping[str, Sequence[float]]) -> None:
        """Go on after line ``n``. Alarms that are new or changed start there.

        Raises ValueError for what was not saved by one.
        """
        self.n = n
        for alarm in self.file.alarms:
            found = saved.get(_version(self.file, alarm))
            if found is not None:
                self._watches[alarm.id].restore(found)


def count_alarms(file: AlarmsFile, lines: Iterable[AuditLine]) -> tuple[AlarmCount, ...]:
    """Each alarm of ``file`` over the lines of an audit, in the file's order."""
    watch = AlarmWatch(file)
    for line in lines:
        watch.add(line)
    return watch.counts()


def _version(file: AlarmsFile, alarm: Alarm) -> str:
    counted = alarm.model_dump(mode="json", exclude={"baseline", "then", *(() if alarm.use else ("use",))})
    return f"{alarm.id}:{sha256_data([counted, file.chance_each])[:16]}"


def _watch(file: AlarmsFile, alarm: Alarm) -> RateWatch:
    return RateWatch(alarm.at_most, file.chance_each)


def _events(alarm: Alarm, request: AuditedRequest) -> Iterator[bool]:
    if alarm.measure == "queued":
        if request.cause not in _CLOSED and request.trial != "canary":
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


def _counted(alarm: Alarm, watch: RateWatch) -> AlarmCount:
    return AlarmCount(
        alarm.id, alarm.work, alarm.target, alarm.measure, "alarm" if watch.alarmed_at else "usual",
        sum(watch.recent), len(watch.recent), watch.requests, alarm.at_most, watch.evidence, 1 / watch.chance,
        alarm.then, alarm.baseline,
    )  # fmt: skip
