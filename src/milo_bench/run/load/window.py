"""A target, prepared requests and a load profile in; one row a request out. Closed and open loop."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from milo_bench.core.chat import ChatRequest
from milo_bench.core.records import Timeouts
from milo_bench.core.units import seconds
from milo_bench.run.load.arrivals import Arrival
from milo_bench.run.load.in_flight import InFlight
from milo_bench.run.load.pauses import Pauses, pause_after_s
from milo_bench.run.load.quiet import quiet_collector
from milo_bench.run.load.rows import LoadRow, Mode, RowFailure, WindowRows, microseconds, row_of
from milo_bench.run.load.timer import DueTimer
from milo_bench.run.load.unread import MOST_BYTES, UnreadAnswers
from milo_bench.run.schedule import UNREACHABLE
from milo_bench.run.stop import StopSignal
from milo_bench.targets.base import Target

RAMP_S: Final = 1.0  # streams of a closed loop start spread over so long: users do not start in one instant
WARMUP_SHARE: Final = 0.1
WARMUP_MOST: Final = 0.5
COOLDOWN_MOST: Final = 0.5
GIVE_UP_AFTER: Final = 20
_PROBE_S = 0.02
_CANCEL_S = 2.0
_JUST_S = 0.1  # so long a server may still count a request that it has answered


@dataclass(frozen=True)
class LoadRequest:
    """A fixture's request, as ``run.prepare`` made it."""

    fixture: str
    request: ChatRequest
    workload: str = ""


@dataclass(frozen=True)
class Profile:
    """One window's load. ``level`` is streams (closed) or requests a second (open, trace).

    ``duration_s`` is the measured part. ``warmup_s`` None leaves the rule to decide: a tenth of the
    duration, and in a closed loop until each stream ended its first request. That takes at most half
    the duration: then the requests in flight are measured too. ``arrivals`` gives the due times of
    an open loop; ``max_in_flight`` caps it without hiding the queue: who waits, waits on the clock.
    ``drain_s`` is what measured requests get to end once the load has stopped.
    """

    mode: Mode
    level: float
    duration_s: float
    warmup_s: float | None = None
    arrivals: Callable[[], Iterator[Arrival]] | None = None
    max_in_flight: int = 512
    drain_s: float = 60.0
    timeouts: Timeouts = field(default_factory=Timeouts)
    begins_s: float | None = None  # on the run's clock, where several processes begin together
    keep_answers: bool = False  # to be graded after the window
    most_unread_bytes: int = MOST_BYTES

    @property
    def warmup_rule(self) -> str:
        if self.warmup_s is not None:
            return f"the first {seconds(self.warmup_s)}"
        least = f"the first {seconds(WARMUP_SHARE * self.duration_s)}"
        if self.mode != "closed":
            return least
        most = f"{seconds(WARMUP_MOST * self.duration_s)}"
        return (
            f"{least}, and until each stream has ended a request, but after {most}, requests still in "
            "flight are measured"
        )

    @property
    def cooldown_rule(self) -> str:
        return (
            f"load continues until the last measured request ends, at most "
            f"{seconds(COOLDOWN_MOST * self.duration_s)}, with {seconds(self.drain_s)} to finish"
        )


async def drive_window(
    target: Target,
    requests: Sequence[LoadRequest],
    profile: Profile,
    *,
    zero_s: float,
    stop: StopSignal | None = None,
    first: int = 0,
    in_flight: InFlight | None = None,
) -> WindowRows:
    """Put the load of ``profile`` on ``target``. Never raises for a broken server: failures are rows.

    ``zero_s`` is the run's zero on the monotonic clock. ``requests`` are sent in turn, ``first``
    first. Ends early, and says why, when the target cannot be reached so many times in a row, or on
    a stop request.
    """
    window = _Window(target, requests, profile, zero_s, stop or StopSignal(), first)
    with quiet_collector(), (in_flight or InFlight()).counted(window.in_flight):
        return await window.run()


def due_within(profile: Profile, began_s: float, from_s: float, to_s: float) -> Iterator[Arrival]:
    """The arrivals of an open loop that are due from ``from_s`` to before ``to_s``, with times on the run's clock."""
    assert profile.arrivals is not None
    first, end = microseconds(from_s), microseconds(to_s)
    for arrival in profile.arrivals():
        due_s = began_s + arrival.at_s
        due = microseconds(due_s)  # as its row will say it: what is due and what is measured are the same requests
        if due >= end:
            return
        if due >= first:
            yield Arrival(due_s, arrival.fixture)


class _Open(NamedTuple):
    """A request that is not answered yet: what its row says should it never be."""

    fixture: str
    intended_s: float
    started_s: float


class _Window:
    def __init__(
        self,
        target: Target,
        requests: Sequence[LoadRequest],
        profile: Profile,
        zero_s: float,
        stop: StopSignal,
        first: int,
    ) -> None:
        if not requests:
            raise ValueError("no request to send")
        self._target = target
        self._requests = requests
        self._by_fixture = {request.fixture: request for request in requests}
        self._profile = profile
        self._zero_s = zero_s
        self._stop = stop
        self._next = first
        self._rows: list[LoadRow] = []
        self._tasks: dict[asyncio.Task[float], _Open] = {}  # in flight
        self._unread: dict[asyncio.Task[float], _Open] = {}  # answered, while we have not read the answer yet
        self._most_unread = int(profile.level) if profile.mode == "closed" else profile.max_in_flight
        self._later: dict[asyncio.Task[float], _Open] = {}  # answered, to be read when the load is over
        self._for_later = UnreadAnswers(profile.most_unread_bytes)
        self._just_ended_s: deque[float] = deque(maxlen=self._most_unread)
        self._answered = 0
        self._pauses = Pauses()
        self._lags = array("d")
        self._unreachable_in_a_row = 0
        self._ended_early = ""
        self._sending = True
        self._over = asyncio.Event()  # of the sending
        self._changed = asyncio.Event()  # something ended
        self._from_s = self._to_s = float("inf")
        self._waiting: list[Arrival] = []
        self._held_back = self._most_in_flight = 0
        self._from_flight = False
        self._reached_s = float("-inf")  # due time of the last arrival taken
        self._all_arrived = profile.mode == "closed"
        self._slot_free_s = 0.0

    def _now_s(self) -> float:
        return time.monotonic() - self._zero_s

    def in_flight(self) -> int:
        """Ours; in a closed loop all streams, since one that ended is begun again before a server's counters know."""
        ended, since_s = self._just_ended_s, self._now_s() - _JUST_S
        while ended and ended[0] < since_s:
            ended.popleft()
        now = len(self._tasks) + len(self._unread) + len(ended)
        return max(now, int(self._profile.level)) if self._profile.mode == "closed" else now

    async def run(self) -> WindowRows:
        profile = self._profile
        began_s = self._now_s() if profile.begins_s is None else profile.begins_s
        await asyncio.sleep(max(0.0, began_s - self._now_s()))
        used_s = time.process_time()
        probe = asyncio.ensure_future(self._probe_loop())
        with self._stop.calling(self._stop_asked):
            if self._stop.requested:
                self._stop_asked()
            load = self._closed(began_s) if profile.mode == "closed" else self._open(began_s)
            loading = asyncio.ensure_future(load)
            try:
                await self._bound(began_s)
                await self._cool_down()
                self._end_sending()
                await self._drain()
            finally:
                self._end_sending()
                loading.cancel()
                probe.cancel()
                await asyncio.gather(loading, probe, return_exceptions=True)
                await self._cancel_all()
            ended_s = self._now_s()
            cpu_share = (time.process_time() - used_s) / max(1e-9, ended_s - began_s)
            await self._read_later()
        if loading.done() and not loading.cancelled() and (error := loading.exception()) is not None:
            raise error
        from_s, to_s = min(self._from_s, ended_s), min(self._to_s, ended_s)
        scheduled = None if profile.mode == "closed" else self._count_due(began_s)
        return WindowRows(
            mode=profile.mode,
            level=profile.level,
            began_s=began_s,
            from_s=from_s,
            to_s=to_s,
            ended_s=ended_s,
            rows=tuple(sorted(self._rows, key=lambda row: row.ended_s)),
            warmup_rule=profile.warmup_rule,
            cooldown_rule=profile.cooldown_rule,
            scheduled=scheduled,
            held_back=self._held_back,
            most_in_flight=self._most_in_flight,
            loop_lags_s=self._lags,
            ended_early=self._ended_early,
            from_flight=self._from_flight,
            own_cpu_share=cpu_share,
            paused_s=self._pauses.within(from_s, to_s),
        )

    # ------------------------------------------------------------ the window's parts

    async def _bound(self, began_s: float) -> None:
        """Wait out warm-up and measured part; either ends at once when the sending does."""
        profile = self._profile
        if profile.warmup_s is not None:
            await self._until(began_s + profile.warmup_s)
        else:
            await self._until(began_s + WARMUP_SHARE * profile.duration_s)
            if profile.mode == "closed":
                latest_s = began_s + WARMUP_MOST * profile.duration_s
                while self._answered < profile.level and self._now_s() < latest_s and self._sending:
                    await self._until(latest_s, something_ended=True)
                self._from_flight = self._answered < profile.level
        if not self._sending:  # over in the warm-up: nothing was measured
            self._from_s = self._to_s = self._now_s()
            self._from_flight = False
            return
        self._from_s = self._now_s() if profile.mode == "closed" else self._open_from_s(began_s)
        self._to_s = self._from_s + profile.duration_s
        await self._until(self._to_s)
        self._to_s = min(self._to_s, max(self._from_s, self._now_s()))

    def _open_from_s(self, began_s: float) -> float:
        # Due times are known beforehand, so the bound is exact and not where the timer woke us.
        profile = self._profile
        warmup_s = WARMUP_SHARE * profile.duration_s if profile.warmup_s is None else profile.warmup_s
        return began_s + warmup_s

    async def _cool_down(self) -> None:
        latest_s = self._to_s + COOLDOWN_MOST * self._profile.duration_s
        while self._sending and self._measured_left() and self._now_s() < latest_s:
            await self._until(latest_s, something_ended=True)

    async def _drain(self) -> None:
        """Requests still waiting for a place get one while the drain lasts; arrivals have stopped."""
        latest_s = self._now_s() + (0.0 if self._stop.at_once else self._profile.drain_s)
        if self._stop.requested or self._ended_early:
            latest_s = min(latest_s, self._now_s() + _CANCEL_S)
        while self._measured_left() and self._now_s() < latest_s and not self._stop.at_once:
            self._fill_places()
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, latest_s - self._now_s())):
                    await self._changed.wait()

    async def _read_later(self) -> None:
        """The answers that waited for the load to be over; no longer than a second stop."""
        self._for_later.read_all()
        while self._later and not self._stop.at_once:
            self._changed.clear()
            await self._changed.wait()
        await self._cancel(tuple(self._later))

    def _measured_left(self) -> bool:
        if self._sending and not self._all_arrived and self._reached_s < self._to_s:
            return True  # arrivals due in the measured part that we have not come to
        return (
            any(self._is_measured(one.intended_s) for one in self._tasks.values())
            or any(self._is_measured(one.intended_s) for one in self._unread.values())
            or any(self._is_measured(arrival.at_s) for arrival in self._waiting)
        )

    def _is_measured(self, intended_s: float) -> bool:
        # Asked of open requests only, so whatever began before the measured part is in flight at its start.
        return (self._from_flight or self._from_s <= intended_s) and intended_s < self._to_s

    async def _until(self, at_s: float, *, something_ended: bool = False) -> None:
        """Sleep until ``at_s``, the end of the sending or, where asked, the end of any request."""
        event = self._changed if something_ended else self._over
        if something_ended:
            self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, at_s - self._now_s())):
                await event.wait()

    # ------------------------------------------------------------ load

    async def _closed(self, began_s: float) -> None:
        streams = int(self._profile.level)
        ramp_s = min(RAMP_S, WARMUP_SHARE * self._profile.duration_s)
        if self._profile.warmup_s is not None:
            ramp_s = min(ramp_s, self._profile.warmup_s)
        for number in range(streams):
            delay_s = began_s + ramp_s * number / streams - self._now_s()
            if delay_s > 0.001:
                await asyncio.sleep(delay_s)
            self._next_of_stream()

    def _next_of_stream(self) -> None:
        if self._sending:
            now_s = self._now_s()
            self._send(self._in_turn(), now_s, now_s)

    async def _open(self, began_s: float) -> None:
        assert self._profile.arrivals is not None
        timer = DueTimer()
        measured_from_s = self._open_from_s(began_s)
        try:
            for arrival in self._profile.arrivals():
                due_s = began_s + arrival.at_s
                await timer.until(due_s + self._zero_s)
                if not self._sending:
                    return
                self._reached_s = due_s
                self._waiting.append(Arrival(due_s, arrival.fixture))
                if len(self._tasks) >= self._profile.max_in_flight:
                    self._held_back += measured_from_s <= due_s < measured_from_s + self._profile.duration_s
                self._fill_places()
            self._all_arrived = True  # a trace has an end; the window keeps its length
        finally:
            timer.close()

    def _count_due(self, began_s: float) -> int:
        """Arrivals due in the measured part; those that we never came to become rows, unsent."""
        due = list(due_within(self._profile, began_s, self._from_s, self._to_s))
        for arrival in due:
            if arrival.at_s > self._reached_s:
                self._rows.append(_left(_Open(arrival.fixture, arrival.at_s, arrival.at_s), "unsent", self._to_s))
        return len(due)

    def _fill_places(self) -> None:
        while self._waiting and len(self._tasks) < self._profile.max_in_flight:
            arrival = self._waiting.pop(0)
            request = self._by_fixture.get(arrival.fixture) or self._in_turn()
            self._send(request, arrival.at_s, max(arrival.at_s, self._slot_free_s))

    def _in_turn(self) -> LoadRequest:
        request = self._requests[self._next % len(self._requests)]
        self._next += 1
        return request

    # ------------------------------------------------------------ one request

    def _send(self, request: LoadRequest, intended_s: float, could_s: float) -> None:
        now_s = self._now_s()
        task = asyncio.get_running_loop().create_task(self._ask(request, intended_s, could_s))
        self._tasks[task] = _Open(request.fixture, intended_s, now_s)
        self._most_in_flight = max(self._most_in_flight, len(self._tasks))
        task.add_done_callback(self._land)

    async def _ask(self, request: LoadRequest, intended_s: float, could_s: float) -> float:
        """How long its stream waits before the next."""
        exchange = await self._target.ask(
            request.request,
            timeouts=self._profile.timeouts,
            zero_s=self._zero_s,
            intended_s=intended_s,
            on_end=self._answer_in,
        )
        self._for_later.all_well = exchange.failure is None
        late_s = max(0.0, exchange.timings.started_s - could_s)
        # In a closed loop nothing is due: its own delay in sending is told, and is no part of an answer.
        from_start = self._profile.mode == "closed"
        self._rows.append(
            row_of(request.fixture, exchange, late_s=late_s, from_start=from_start, keep=self._profile.keep_answers)
        )
        if exchange.failure is None or exchange.failure.kind not in UNREACHABLE:
            self._unreachable_in_a_row = 0
            return pause_after_s(exchange)
        self._unreachable_in_a_row += 1
        if self._unreachable_in_a_row >= GIVE_UP_AFTER and not self._ended_early:
            times = self._unreachable_in_a_row
            self._ended_early = f"{times} {exchange.failure.kind} failures in a row: {exchange.failure.message}"
            self._end_sending()
        return pause_after_s(exchange)

    def _answer_in(self, size: int) -> Awaitable[object] | None:
        """Its place is free before we read it, so that our reading holds no user back; a bounded number of times."""
        task = asyncio.current_task()
        # After one that said nothing right, a stream waits for what its own answer says: it may have to pause.
        if task not in self._tasks or (self._profile.mode == "closed" and not self._for_later.all_well):
            return None
        later = self._for_later.wait_for(size) if self._sending else None
        if later is not None or len(self._unread) < self._most_unread:
            waiting = self._unread if later is None else self._later
            waiting[task] = self._tasks.pop(task)
            self._slot_free_s = now_s = self._now_s()
            self._just_ended_s.append(now_s)
            self._answered += 1
            self._changed.set()
            if later is not None:
                self._unreachable_in_a_row = 0
            if self._profile.mode == "closed":
                self._next_of_stream()
            elif self._sending:
                self._fill_places()
        return later

    def _land(self, task: asyncio.Task[float]) -> None:
        still_open = self._later.pop(task, None) or self._unread.pop(task, None)
        has_gone_on = still_open is not None
        pause_s = 0.0
        if still_open is None:
            still_open = self._tasks.pop(task)
            self._answered += 1
        if task.cancelled():
            self._rows.append(_left(still_open, "unfinished", self._now_s()))
        elif (error := task.exception()) is not None:
            raise error  # a fault of ours, not of the server: to the loop's handler, loudly
        else:
            pause_s = task.result()
        self._changed.set()
        if has_gone_on:
            return
        self._slot_free_s = self._now_s()
        if self._profile.mode != "closed":
            if self._sending:
                self._fill_places()
        elif pause_s:
            self._pauses.begin(self._slot_free_s, pause_s)
            asyncio.get_running_loop().call_later(pause_s, self._next_of_stream)
        else:
            self._next_of_stream()

    # ------------------------------------------------------------ the end

    def _stop_asked(self) -> None:
        self._ended_early = self._ended_early or "interrupted"
        self._end_sending()

    def _end_sending(self) -> None:
        self._sending = False
        self._over.set()
        self._changed.set()

    async def _cancel_all(self) -> None:
        now_s = self._now_s()
        for arrival in self._waiting:
            self._rows.append(_left(_Open(arrival.fixture, arrival.at_s, now_s), "unsent", now_s))
        self._waiting.clear()
        await self._cancel((*self._tasks, *self._unread))

    @staticmethod
    async def _cancel(tasks: Collection[asyncio.Task[float]]) -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_CANCEL_S)

    async def _probe_loop(self) -> None:
        """How late our own timers are: the client's delay where the kernel gives no receive stamps."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + _PROBE_S

        def rang() -> None:
            nonlocal due_s
            now_s = loop.time()
            self._lags.append(max(0.0, now_s - due_s))
            due_s = max(due_s + _PROBE_S, now_s)
            timers[0] = loop.call_at(due_s, rang)

        timers = [loop.call_at(due_s, rang)]
        try:
            await loop.create_future()
        finally:
            timers[0].cancel()


def _left(row: _Open, failure: RowFailure, now_s: float) -> LoadRow:
    return LoadRow(row.fixture, row.intended_s, row.started_s, now_s, failure=failure)
