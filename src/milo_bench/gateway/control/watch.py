"""Audit records and the state of a gateway in; incidents opened and closed, and routes rolled back, out."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from milo_bench.config.alarms import Alarm, AlarmCount, AlarmsFile, load_alarms
from milo_bench.core import units
from milo_bench.core.errors import MiloError
from milo_bench.core.text import one_line
from milo_bench.evidence.audited.alarms import AlarmWatch
from milo_bench.gateway.control.behaviour import BehaviourWatch
from milo_bench.gateway.control.joining import absorbed, find_cause, part_of, with_parts
from milo_bench.gateway.control.trials import TrialWatch, trial_of, trial_subject
from milo_bench.gateway.table import RoutingTable
from milo_bench.store.audit.records import AuditedRequest, AuditLine
from milo_bench.store.state.incidents import (
    GATEWAY,
    Incident,
    close_incident,
    join_incident,
    list_incidents,
    new_incident_id,
    open_incident,
    save_alarms,
    saved_alarms,
)
from milo_bench.store.state.queue import count_open

if TYPE_CHECKING:
    from milo_bench.gateway.serving import Gateway

# Runs an operation on the state database outside the event loop.
RunOutside: TypeAlias = Callable[..., Awaitable[Any]]
_AT_ONCE: Final = 50  # records, about a millisecond: requests on their way are not kept waiting
_MOST_PENDING: Final = 200_000
_SAVE_S: Final = 5.0
QUALITY_PAGE: Final = "runbook.md#drop-in-quality"
STALL_PAGE: Final = "runbook.md#stalled-queue"
ROLLBACK_PAGE: Final = "runbook.md#rollback"
_FOR_PEOPLE: Final = frozenset({"drift", "trial"})  # open until a person has looked
_CLOSED: Final = "the rules of {} are closed: "
_SAID: Final = {
    "no_answer": "calls without an answer",
    "slow": "answers slower than the measured p95",
    "queued": "requests in the review queue",
}


class StandingControl:
    """Looks once a second. ``folder`` is the audit's; without ``alarms`` it watches queue, permits and targets."""

    def __init__(self, gateway: Gateway, folder: Path, alarms: Path | None) -> None:
        self._gateway, self._folder, self._path = gateway, folder, alarms
        self._name = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()
        self._watch = AlarmWatch(load_alarms(alarms) if alarms is not None else AlarmsFile.usual())
        self._stamp = _stamp_of(alarms)
        self._table = gateway.serving.table
        self._trials = _trial_watch(self._table)
        self._pending: deque[AuditedRequest] = deque(maxlen=_MOST_PENDING)
        self._heard_n = 0  # the latest line that nothing counts
        self._counts = self._anything_counts()
        self._to_open: dict[str, Incident] = {}
        self._saved_n, self._save_after_s = -1, 0.0
        self._mine: set[str] = set()  # subjects whose cause this gateway has seen: another one's stay open
        self._open_behaviour: set[str] = set()
        self.behaviours = BehaviourWatch(gateway, gateway.settings.gateway.fingerprint_interval_s)

    @property
    def alarms(self) -> int:
        return len(self._watch.file.alarms)

    def restore(self) -> None:
        """Go on where the last gateway on this audit stopped: what it had not counted yet is counted now."""
        try:
            n, saved = saved_alarms(self._gateway.engine, self._name)
            self._watch.restore(n if n <= self._gateway.audit.lines else 0, saved)
            self._trials.restore(saved)
        except ValueError:
            self._gateway.say("alarms_lost", reason="what the alarms had counted cannot be read")
            self._watch, self._trials = AlarmWatch(self._watch.file), _trial_watch(self._table)
        if self._counts:
            from milo_bench.store.audit.verify import read_audit

            for line in read_audit(self._folder, after=self._watch.n):
                self._count(line)
        found = list_incidents(self._gateway.engine)
        self._mine = {one.subject for one in found}
        for one in found:
            upstream = self._gateway.serving.upstreams.get(one.target)
            if one.kind == "behaviour" and upstream is not None:
                # Closed until its answers are as before, or a person says so.
                upstream.health.behaviour_reason = one.what.removeprefix(_CLOSED.format(one_line(one.target)))
        self._close_routes(found)
        self._gateway.listeners.append(self._hear)

    async def look(self, run: RunOutside) -> None:
        """Count what came, open and close incidents. Raises StateError where the state database refuses."""
        engine = self._gateway.engine
        self._watch.n = max(self._watch.n, self._heard_n)  # alarms that come later begin after them
        self._reload()
        self._counts = self._anything_counts()
        await self._count_pending()
        causes = {cause.subject: cause for cause in self._causes(*(await run(count_open, engine)))}
        found = await run(list_incidents, engine)
        known = {one.subject: one for one in found}
        for subject in self._open_behaviour - known.keys():
            if subject in causes and causes[subject].kind == "behaviour":
                self.behaviours.accept(causes.pop(subject).target)  # a person has closed it
        self._mine |= causes.keys()
        changed = False
        for subject, incident in {**causes, **self._to_open}.items():
            if not any(subject in one.subjects for one in known.values()):
                changed |= await self._open(incident, known, run)
            self._to_open.pop(subject, None)
        for one in found:
            # One that an alarm was joined to keeps routes closed until a person has looked.
            gone = one.kind not in _FOR_PEOPLE and one.subject not in causes and not known[one.subject].also
            if gone and one.subject in self._mine:
                await run(close_incident, engine, one.id, GATEWAY, "the cause has gone", time.time())
                changed = True
                self._say("incident_closed", one)
        self._mine &= causes.keys() | {one.subject for one in found if one.kind in _FOR_PEOPLE}
        if changed:
            found = await run(list_incidents, engine)
        self._open_behaviour = {one.subject for one in found if one.kind == "behaviour"}
        self._close_routes(found)
        self._begin_again({subject for one in found for subject in one.subjects})
        await self._save(run)

    async def _open(self, incident: Incident, known: dict[str, Incident], run: RunOutside) -> bool:
        """Open ``incident``, or join it to the open one with the same cause; ``known`` (by subject) follows."""
        engine = self._gateway.engine
        cause = find_cause(incident, known.values(), self._gateway.serving.table.targets_of)
        if cause is not None:
            if not await run(join_incident, engine, cause.id, part_of(incident)):
                return False
            known[cause.subject] = with_parts(cause, [incident])
            self._say("incident_joined", msgspec.structs.replace(incident, id=cause.id))
            return True
        alarms = absorbed(incident, known.values())
        incident = with_parts(incident, alarms)
        if not await run(open_incident, engine, incident):
            return False
        for one in alarms:
            await run(close_incident, engine, one.id, GATEWAY, f"it has the cause of {incident.id}", time.time())
            known.pop(one.subject)
        known[incident.subject] = incident
        self._say("incident", incident)
        return True

    def _hear(self, record: AuditedRequest) -> None:
        """Thousands may come in a second: what nothing counts is not kept."""
        if self._counts or self._gateway.serving.table is not self._table:
            self._pending.append(record)
        else:
            self._heard_n = record.n

    def _anything_counts(self) -> bool:
        return bool(self._watch.file.alarms or self._trials)

    async def _count_pending(self) -> None:
        if self._pending and not self._counts:
            self._watch.n = self._pending[-1].n
            self._pending.clear()
        while self._pending:
            for _ in range(min(_AT_ONCE, len(self._pending))):
                self._count(self._pending.popleft())
            await asyncio.sleep(0)

    def _count(self, line: AuditLine) -> None:
        if line.n > self._watch.n:
            worse = self._trials.add(line)
            if worse is not None:
                self._to_open[worse.subject] = worse
        self._rang(self._watch.add(line))

    def _rang(self, alarms: tuple[Alarm, ...]) -> None:
        for alarm in alarms:
            table = self._gateway.serving.table
            back = alarm.then == "roll_back" or table.rolls_back(alarm.workload, alarm.target)
            incident = _drift(alarm, self._watch.count(alarm), rolled_back=back)
            self._to_open[incident.subject] = incident

    def _begin_again(self, open_subjects: set[str]) -> None:
        """An alarm or a trial whose incident a person has closed is watched anew."""
        for count in self._watch.counts():
            subject = _drift_subject(count.alarm)
            if count.state == "alarm" and subject not in open_subjects and subject not in self._to_open:
                self._watch.begin_again(count.alarm)
                self._saved_n = -1
        for trial in tuple(self._trials.stopped()):
            subject = trial_subject(trial)
            if subject not in open_subjects and subject not in self._to_open:
                self._trials.begin_again(trial)
                self._saved_n = -1

    def _close_routes(self, found: tuple[Incident, ...]) -> None:
        closed: dict[str, set[str]] = {}
        for one in found:
            for workload, target in one.rolls_back:
                closed.setdefault(workload, set()).add(target)
        self._gateway.incidents = found
        self._gateway.stopped_trials = frozenset(filter(None, map(trial_of, found)))
        self._gateway.rolled_back = {workload: frozenset(targets) for workload, targets in closed.items()}

    async def _save(self, run: RunOutside) -> None:
        now_s = time.monotonic()
        if self._watch.n == self._saved_n or now_s < self._save_after_s or not self._counts:
            return
        n = self._watch.n
        await run(save_alarms, self._gateway.engine, self._name, n, {**self._watch.saved(), **self._trials.saved()})
        self._saved_n, self._save_after_s = n, now_s + _SAVE_S

    def _reload(self) -> None:
        """Take over a changed file of alarms, whole; alarms that are the same go on. A broken one changes nothing.

        So do trials of a changed table that it had before.
        """
        if self._gateway.serving.table is not self._table:
            saved, self._table = self._trials.saved(), self._gateway.serving.table
            self._trials = _trial_watch(self._table)
            self._trials.restore(saved)
        stamp = _stamp_of(self._path)
        if self._path is None or stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            file = load_alarms(self._path)
        except MiloError as error:
            self._gateway.say("alarms_refused", reason=error.message, hint=error.hint)
            return
        watch = AlarmWatch(file)
        watch.restore(self._watch.n, self._watch.saved())
        self._watch = watch
        self._gateway.say("alarms_reloaded", alarms=len(file.alarms))

    # ------------------------------------------------------------ what is wrong now

    def _causes(self, open_work: int, oldest_at: float | None) -> Iterator[Incident]:
        yield from self._overdue(open_work, oldest_at)
        yield from self._expiring()
        yield from self._closed_targets()

    def _overdue(self, open_work: int, oldest_at: float | None) -> Iterator[Incident]:
        limit_s = self._gateway.settings.gateway.incidents.queue_overdue_s
        if oldest_at is not None and self._gateway.clock.time_s() - oldest_at > limit_s:
            waits = "request waits" if open_work == 1 else "requests wait"
            what = f"{open_work:,} {waits} for a person, the oldest for more than {units.seconds(limit_s)}"
            yield _made("queue_overdue", "queue", what, STALL_PAGE)

    def _expiring(self) -> Iterator[Incident]:
        days = self._gateway.settings.gateway.incidents.permit_days
        today = self._gateway.clock.today()
        for name, grant in self._gateway.serving.table.file.operators.items():
            if (grant.expires - today).days <= days:
                what = f"the permit of {one_line(name)} as an operator ends on {grant.expires.isoformat()}"
                yield _made("permit_expires", f"permit/{name}/{grant.permit}", what, ROLLBACK_PAGE, target=name)

    def _closed_targets(self) -> Iterator[Incident]:
        for name, one in self._gateway.serving.upstreams.items():
            reason = one.health.void_reason or one.health.permit_reason
            if not reason and one.health.behaviour_reason:
                what = f"{_CLOSED.format(one_line(name))}{one.health.behaviour_reason}"
                yield _made("behaviour", f"target/{name}", what, ROLLBACK_PAGE, target=name)
            if reason:
                what = f"{_CLOSED.format(one_line(name))}{one_line(reason, 200)}"
                yield _made("target_closed", f"target/{name}", what, ROLLBACK_PAGE, target=name)

    def _say(self, event: str, incident: Incident) -> None:
        self._gateway.say(
            event, id=incident.id, kind=incident.kind, workload=incident.workload, target=incident.target,
            said=incident.what, page=incident.page, rolled_back=incident.rolled_back,
        )  # fmt: skip


def _trial_watch(table: RoutingTable) -> TrialWatch:
    trials = [(rule, one.target) for rule, found in table.challengers.items() for one in found if one.mode == "canary"]
    return TrialWatch(list(dict.fromkeys(trials)), table.trial_error)


def _drift_subject(alarm: str) -> str:
    return f"alarm/{alarm}"


def _drift(alarm: Alarm, count: AlarmCount, *, rolled_back: bool) -> Incident:
    said = f"answers that fail {alarm.check.replace('_', ' ')}" if alarm.check else _SAID[alarm.measure]
    what = (
        f"{said}: {count.seen:,} of the latest {count.requests:,}, usual is {units.share(alarm.at_most)} at most "
        f"(alarm {alarm.id})"
    )
    page = STALL_PAGE if alarm.measure in ("slow", "no_answer", "queued") else QUALITY_PAGE
    return _made(
        "drift", _drift_subject(alarm.id), what, page, workload=alarm.work, target=alarm.target,
        rolled_back=rolled_back,
    )  # fmt: skip


def _made(kind: Any, subject: str, what: str, page: str, **more: Any) -> Incident:
    return Incident(new_incident_id(), kind, subject[:300], what, page, time.time(), **more)


def _stamp_of(path: Path | None) -> tuple[int, int]:
    try:
        found = path.stat() if path is not None else None
    except OSError:
        found = None
    return (0, 0) if found is None else (found.st_mtime_ns, found.st_size)
