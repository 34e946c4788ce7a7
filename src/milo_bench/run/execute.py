"""A spec, targets and an open log in; attempts written as they finish, events to listeners, the end out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from msgspec.structs import replace

from milo_bench.core import units
from milo_bench.core.chat import ChatRequest
from milo_bench.core.clock import Clock, SystemClock
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Failure,
    Fixture,
    RunEnd,
    TargetRecord,
    Timings,
    Warmup,
)
from milo_bench.run.asked.shared_text import measure_shared_text, shared_share
from milo_bench.run.budget import Spending
from milo_bench.run.cache_probe import find_cache
from milo_bench.run.events import (
    AttemptFinished,
    AttemptStarted,
    BudgetSpent,
    FixturesWithheld,
    RetryWaits,
    RunEnded,
    RunEvent,
    RunListener,
    RunStarted,
    RunStopping,
    TargetsStarting,
    TargetStopped,
    TargetWarmed,
    TelemetrySampled,
    WorkAdded,
    WorkEnded,
    WorkLooked,
)
from milo_bench.run.machine.watching import watch
from milo_bench.run.opened_log import OpenedLog, OpenRunLog, open_with_rows
from milo_bench.run.plan import keys_of_fixtures, plan_attempts
from milo_bench.run.prepare import cannot_fit, prepare
from milo_bench.run.schedule import (
    AttemptRecorded,
    Begin,
    Cancelled,
    Drained,
    Extend,
    GiveUp,
    Schedule,
    ScheduleEvent,
    Send,
    Stop,
    Warm,
    Warmed,
    Withdraw,
)
from milo_bench.run.sending import Sending, SendsItself, send_whole_or_in_parts
from milo_bench.run.serving.backoff import RetryTimes
from milo_bench.run.serving.live_targets import CLOSING_S, one_at_a_time, start_targets, stop_targets, warm_up
from milo_bench.run.serving.others import watch_others
from milo_bench.run.spec import RunSpec, check_hosted, server_of
from milo_bench.run.steering import RunLooks, Steer, Steering
from milo_bench.run.stop import StopSignal, reason_of
from milo_bench.suites.pictures import with_pictures
from milo_bench.targets.base import Target


async def execute(
    spec: RunSpec,
    *,
    targets: Mapping[str, Target],
    open_log: OpenRunLog,
    clock: Clock | None = None,
    listeners: Sequence[RunListener] = (),
    stop: StopSignal | None = None,
    steering: Steering | None = None,
    sending: Sending | None = None,
) -> RunEnd:
    """Run ``spec`` to its end, a stop request or a broken disk; returns the ``end`` record as written.

    ``steering`` looks at the answers, where the plan has a stopping rule, and says what need not be sent.
    ``sending`` is who sends, this process itself unless given.

    ``open_log`` is called once the targets have started, because the header carries what they say of
    themselves; it creates the log or takes one up. Targets are started and stopped here. An end that
    is not ``complete`` was interrupted, or a target was given up; the log can be resumed either way.

    Raises UsageError for hosted targets that the run does not allow, ConfigError or DataError for a
    fixture that makes no request, TargetError for a target that does not start (nothing is written
    in any of these), IncompleteRun for a disk that takes no more.
    """
    clock = clock or SystemClock()
    stop = stop or StopSignal()
    names = spec.plan.targets
    check_hosted(spec, [targets[name].record for name in names])
    shared = measure_shared_text(spec)

    def emit(event: RunEvent) -> None:
        for listener in listeners:
            listener(event)

    emit(TargetsStarting(names))
    begun_s = clock.monotonic_s()
    try:
        look = partial(find_cache, spec.plan, now_s=clock.monotonic_s, look=spec.fingerprint)
        wanted = [targets[name] for name in names]
        records = await start_targets(wanted, stop, fingerprint=spec.fingerprint, look=look)
        check_hosted(spec, records)
        whole = await one_at_a_time(targets, records)
        sending = sending or SendsItself(targets)
        opened = await open_with_rows(open_log, spec.header(records, now=clock.now()), sending.begin)
        run = _Run(
            spec,
            targets,
            opened,
            records=records,
            clock=clock,
            emit=emit,
            stop=stop,
            steering=steering,
            sending=sending,
            shared=shared,
            begun_s=begun_s,
            whole=whole,
        )
        return await run.to_the_end()
    finally:
        await stop_targets([targets[name] for name in names], at_once=stop.at_once)


class _Run:
    """One run while it lives: carries out what the schedule says."""

    def __init__(
        self,
        spec: RunSpec,
        targets: Mapping[str, Target],
        opened: OpenedLog,
        *,
        records: Sequence[TargetRecord],
        clock: Clock,
        emit: Callable[[RunEvent], None],
        stop: StopSignal,
        steering: Steering | None,
        sending: Sending,
        shared: Mapping[str, int],
        begun_s: float,
        whole: Sequence[str],
    ) -> None:
        self._spec = spec
        self._steering = steering
        self._sending = sending
        self._shared = shared
        self._begun_s = begun_s
        self._fixtures: dict[str, Fixture] = dict(spec.fixtures)
        self._queued: dict[str, list[str]] = {}  # fixtures of each workload, as far as they are planned
        for fixture in spec.planned_fixtures():
            self._queued.setdefault(fixture.workload, []).append(fixture.id)
        self._spending = Spending({record.name: record for record in records})
        self._spent = ""  # which budget is spent, in words
        self._targets = targets
        self._endpoints = {record.name: server_of(record) for record in records}
        self._windows = {record.name: record.context_window for record in records}
        self._writer = opened.writer
        self._opened = opened
        self._clock = clock
        self._emit = emit
        self._stop = stop
        self._keys = plan_attempts(spec.plan)
        self._schedule = Schedule(
            self._keys,
            concurrency=spec.plan.concurrency,
            slots=lambda target: sending.slots(target, spec.plan.concurrency),
            lanes={record.name: sending.lane(record) for record in records},
            retries=spec.plan.retries,
            done=opened.done,
            retry_after=None if steering is None else 4 * spec.plan.concurrency,
            whole=whole,
        )
        self._attempts = len(opened.done)
        self._failures = sum(1 for kind in opened.done.values() if kind is not None)
        self._tasks: dict[AttemptKey, asyncio.Task[Attempt]] = {}
        self._landed: list[tuple[AttemptKey, asyncio.Task[Attempt]]] = []
        self._looks = None if steering is None else RunLooks(steering, self._steer, self._happened, self._fail)
        self._retries = RetryTimes()
        self._warming: asyncio.Task[Warmup] | None = None
        self._pumping = False
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        # A resumed run's clock goes on where the log's last record stands: times in a log never overlap.
        self._zero_s = clock.monotonic_s() - opened.last_s

    def _now_s(self) -> float:
        return self._clock.monotonic_s() - self._zero_s

    async def to_the_end(self) -> RunEnd:
        done = sum(1 for key in self._keys if key in self._opened.done)
        told = self._spec.budget.told_at_start(self._clock.monotonic_s() - self._begun_s)
        self._emit(RunStarted(self._writer.header, len(self._keys), done, (*self._opened.messages, *told)))
        for target, fixtures in self._spec.plan.withheld.items():
            self._emit(FixturesWithheld(target, fixtures))
        watching_ends = asyncio.Event()
        watching = asyncio.gather(self._watch(watching_ends), self._watch_others(watching_ends))
        try:
            with self._stop.calling(self._stop_requested):
                if self._steering is not None:
                    self._steer(self._steering.take_up(self._writer.header))
                deadline = self._deadline()
                self._happened(Stop() if self._stop.requested or self._spent else Begin())
                await self._over
            if deadline is not None:
                deadline.cancel()
            await self._end_watching(watching_ends, watching)
            return self._close()
        except BaseException:
            await self._end_watching(watching_ends, watching)
            if not self._writer.closed:
                with suppress(Exception):  # the first error is the one to tell
                    self._close(aborted=True)
            raise
        finally:
            self._cancel_all()
            if self._looks is not None:
                await self._looks.end()

    async def _end_watching(self, ends: asyncio.Event, watching: asyncio.Future[tuple[None, None]]) -> None:
        # Waited for, not cancelled: a thread may be inside a call on the log's file.
        ends.set()
        await asyncio.gather(watching, return_exceptions=True)

    def _close(self, *, aborted: bool = False) -> RunEnd:
        unsent = self._schedule.unsent + self._schedule.in_flight
        complete = unsent == 0 and not aborted
        interrupted = self._stop.requested and not aborted
        end = RunEnd(
            ended_at=self._clock.now().isoformat(timespec="milliseconds"),
            attempts=self._attempts,
            failures=self._failures,
            complete=complete,
            reason=reason_of(complete, interrupted, bool(self._spent)),
            ended_s=self._now_s(),
        )
        self._writer.close(end)
        self._emit(RunEnded(end, unsent))
        return end

    # ------------------------------------------------------------ the schedule's hands

    def _happened(self, event: ScheduleEvent) -> None:
        unaffordable: list[AttemptKey] = []
        for instruction in self._schedule.handle(event):
            if isinstance(instruction, Send):
                if unaffordable or not self._affords(instruction.key):
                    unaffordable.append(instruction.key)
                else:
                    self._send(instruction.key)
            elif isinstance(instruction, Warm):
                self._warming = self._loop.create_task(
                    warm_up(self._targets[instruction.target], zero_s=self._zero_s, started_s=self._now_s())
                )
                self._warming.add_done_callback(partial(self._warmed, instruction.target))
            elif isinstance(instruction, GiveUp):
                self._emit(
                    TargetStopped(instruction.target, instruction.failure, instruction.consecutive, instruction.unsent)
                )
            elif isinstance(instruction, Drained) and not self._over.done():
                self._over.set_result(None)
        if unaffordable:
            self._end_by_budget(f"--max-usd {units.number(self._spec.budget.max_usd or 0)}")
        for key in unaffordable:
            self._happened(Cancelled(key))

    def _affords(self, key: AttemptKey) -> bool:
        most = self._spec.budget.max_usd
        if most is None:
            return True
        fixture = self._fixtures[key.fixture]
        ready = prepare(fixture, self._spec.workloads[fixture.workload], decoding=key.decoding)
        if ready.request is None:
            return True
        if self._spending.committed_usd + self._spending.most_usd(key.target, ready.requests) > most:
            return False
        self._spending.hold(key, ready.requests)
        return True

    def _deadline(self) -> asyncio.TimerHandle | None:
        left_s = self._spec.budget.left_s(self._clock.monotonic_s() - self._begun_s)
        said = f"--max-minutes {units.number(self._spec.budget.max_minutes or 0)}"
        if left_s == 0.0:
            self._end_by_budget(said)
        return self._loop.call_later(left_s, self._end_by_budget, said) if left_s else None

    def _end_by_budget(self, said: str) -> None:
        """Send nothing more. What is in flight gets a moment, as after a stop request."""
        if self._spent or self._over.done():
            return
        self._spent = said
        self._emit(BudgetSpent(said))
        self._happened(Stop())
        self._loop.call_later(self._spec.grace_s, self._cancel_all)
        self._loop.call_later(self._spec.grace_s + CLOSING_S, self._leave)

    def _steer(self, steers: Sequence[Steer]) -> None:
        """Write what a look found, and carry it out."""
        for steer in steers:
            for execution in steer.executions:
                self._writer.append(execution)
            for end in (*steer.ended_before, *steer.ends):
                if end in steer.ends:
                    self._writer.append(end)
                before = self._schedule.unsent
                self._happened(Withdraw(end.target, frozenset(self._queued.get(end.workload, ()))))
                self._emit(WorkEnded(end, before - self._schedule.unsent))
            if steer.fresh:
                self._add(steer)
            self._emit(WorkLooked(steer.open))
        self._writer.flush()

    def _add(self, steer: Steer) -> None:
        workload = steer.fresh[0].workload
        for fixture in steer.fresh:
            if fixture.id not in self._opened.fixtures:
                self._writer.append(fixture)
            self._fixtures[fixture.id] = fixture
            self._queued.setdefault(workload, []).append(fixture.id)
        keys = keys_of_fixtures(self._spec.plan, [fixture.id for fixture in steer.fresh])
        keys = tuple(key for key in keys if key.target in steer.targets)
        self._emit(WorkAdded(workload, len(steer.fresh), len(keys)))
        self._happened(Extend(keys))

    def _warmed(self, target: str, task: asyncio.Task[Warmup]) -> None:
        if self._over.done():
            return
        try:
            if not task.cancelled():
                warmup = task.result()
                self._writer.append(warmup)
                self._writer.flush()
                self._emit(TargetWarmed(warmup))
            self._happened(Warmed(target))
        except BaseException as error:
            self._fail(error)

    def _send(self, key: AttemptKey) -> None:
        task = self._loop.create_task(self._attempt(key))
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._land(key, done))

    def _land(self, key: AttemptKey, task: asyncio.Task[Attempt]) -> None:
        self._tasks.pop(key, None)
        if not task.cancelled():
            task.exception()  # looked at, so that the loop does not report it as forgotten
        self._landed.append((key, task))
        if not self._pumping:
            self._pumping = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        """Record all that ended in this turn of the loop in one write, and only then send what comes next.

        So a kill at any moment repeats at most the attempts that are in flight.
        """
        self._pumping = False
        landed, self._landed = self._landed, []
        if self._over.done():
            return
        try:
            events = [self._record(key, task) for key, task in landed]
            self._writer.flush()
            ended = zip(landed, events, strict=True)
            recorded = {event: task.result() for (_, task), event in ended if isinstance(event, AttemptRecorded)}
            for event in events if self._looks is None else self._looks.take(events, recorded):
                self._happened(event)
        except BaseException as error:
            self._fail(error)

    def _record(self, key: AttemptKey, task: asyncio.Task[Attempt]) -> ScheduleEvent:
        if task.cancelled():
            self._spending.release(key)
            return Cancelled(key)
        attempt = task.result()
        kind = attempt.failure.kind if attempt.failure is not None else None
        self._spending.settle(attempt)
        if kind == "cancelled" and (self._stop.requested or self._spent):
            return Cancelled(key)
        # First those who listen: a log whose texts are not kept needs the verdict on disk before the attempt, or a
        # full disk leaves an attempt that nobody can judge.
        self._emit(AttemptFinished(attempt))
        self._writer.append(attempt)
        self._attempts += 1
        self._failures += kind is not None
        if attempt.failure is not None:
            self._retries.failed(key, attempt.failure, self._now_s())
        return AttemptRecorded(key, kind)

    def _fail(self, error: BaseException) -> None:
        if not self._over.done():
            self._over.set_exception(error)

    # ------------------------------------------------------------ one attempt

    async def _attempt(self, key: AttemptKey) -> Attempt:
        spec = self._spec
        fixture = self._fixtures[key.fixture]
        seed = spec.plan.seed + key.repeat
        ready = prepare(fixture, spec.workloads[fixture.workload], decoding=key.decoding, seed=seed)
        waited_s = await self._wait_for(key)
        intended_s = self._now_s()
        self._emit(AttemptStarted(key, intended_s))
        if ready.request is None:
            at_once = Timings(intended_s=intended_s, started_s=intended_s, ended_s=intended_s)
            return Attempt(key=key, request_hash="", timings=at_once, bypass=ready.bypass, prepared=ready.prepared)
        draft = Attempt(
            key=key,
            request_hash=ready.request_hash,
            timings=Timings(intended_s=intended_s, started_s=intended_s, ended_s=intended_s),
            prepared=ready.prepared,
            waited_s=waited_s,
            shared_share=shared_share(self._shared.get(fixture.workload, 0), ready),
        )
        window = self._windows.get(key.target)
        if any(cannot_fit(request, window) for request in ready.requests):
            message = f"not sent: the prompt does not fit into the window of {window} tokens"
            return replace(draft, failure=Failure("context_overflow", message))

        async def send(request: ChatRequest, intended_s: float) -> Attempt:
            sent = with_pictures(request, spec.suite_folder)
            limits = {"zero_s": self._zero_s, "intended_s": intended_s}
            return await self._sending.send(draft, sent, timeouts=spec.plan.timeouts, **limits)

        return await send_whole_or_in_parts(draft, ready, send, intended_s=intended_s, now_s=self._now_s)

    async def _wait_for(self, key: AttemptKey) -> float:
        """Leave a server alone before a retry, in its place of the closed loop; seconds since the failure before."""
        failed_s, due_s = self._retries.take(key)
        if failed_s is None:
            return 0.0
        if (left_s := due_s - self._now_s()) > 0:
            self._emit(RetryWaits(key, left_s))
            await asyncio.sleep(left_s)
        return self._now_s() - failed_s

    # ------------------------------------------------------------ stopping

    def _stop_requested(self) -> None:
        if self._over.done():
            return
        if self._stop.at_once:
            self._over.set_result(None)
            return
        self._emit(RunStopping(self._schedule.in_flight, self._spec.grace_s))
        self._happened(Stop())
        self._loop.call_later(self._spec.grace_s, self._cancel_all)
        self._loop.call_later(self._spec.grace_s + CLOSING_S, self._leave)

    def _cancel_all(self) -> None:
        for task in tuple(self._tasks.values()):
            task.cancel()
        if self._warming is not None and not self._warming.done():
            self._warming.cancel()

    def _leave(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    # ------------------------------------------------------------ beside the attempts

    def _in_flight_at(self, target: str) -> int:
        """Requests of ours that the server of ``target`` may be working on, whichever target sent them."""
        place = self._endpoints[target]
        ours = sum(self._endpoints[key.target] == place for key in self._tasks)
        return ours + (self._warming is not None and not self._warming.done())

    async def _watch_others(self, ends: asyncio.Event) -> None:
        every_s = self._spec.telemetry_s
        watching = watch_others(self._targets, self._in_flight_at, now_s=self._now_s, every_s=every_s, ends=ends)
        try:
            async for sample in watching:
                self._writer.append(sample)
        except Exception as error:
            self._fail(error)

    async def _watch(self, ends: asyncio.Event) -> None:
        pids = {name: target.server_pids() for name, target in self._targets.items()}
        watching = watch(pids, self._writer, now_s=self._now_s, every_s=self._spec.telemetry_s, ends=ends)
        try:
            async for sample in watching:
                self._emit(TelemetrySampled(sample))
        except Exception as error:
            self._fail(error)
