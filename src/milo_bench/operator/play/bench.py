"""A plan, targets and an open log in; episodes played one after the other and written as they end; the end out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec

from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.clock import Clock, SystemClock
from milo_bench.core.errors import TargetError
from milo_bench.core.records import (
    AttemptKey,
    Episode,
    Failure,
    Plan,
    RunEnd,
    RunHeader,
    StoreText,
    SuiteRef,
    TargetRecord,
    Timeouts,
    Timings,
)
from milo_bench.operator.play import commitments
from milo_bench.operator.play.choice import ChosenProtocol, ProtocolWish, choose_protocol
from milo_bench.operator.play.episode import EpisodeLimits, EpisodePlayer, Pause
from milo_bench.operator.play.plan import fixtures_of, operator_suite, operator_workload, plan_episodes, split_id
from milo_bench.operator.worlds.task import OpenSession, Task
from milo_bench.operator.worlds.tasks import all_tasks
from milo_bench.run.serving.live_targets import start_targets, stop_targets
from milo_bench.run.spec import RunSpec, check_hosted
from milo_bench.run.stop import StopSignal
from milo_bench.store.log.writer import Resumed
from milo_bench.targets.base import OnEnd, Target

_SEATS = 3  # that an episode may lose before it is recorded as broken

OpenEpisodeLog = Callable[[RunHeader], Resumed]


@dataclass(frozen=True)
class EpisodeEnded:
    """One more episode is in the log; ``done`` of ``planned``."""

    episode: Episode
    done: int
    planned: int


@dataclass(frozen=True)
class Playing:
    """The targets are up, with the protocol of each; ``done`` of ``planned`` episodes stand in the log already."""

    protocols: Mapping[str, ChosenProtocol]
    done: int
    planned: int
    messages: tuple[str, ...]


EpisodeListener = Callable[[EpisodeEnded | Playing], None]


@dataclass(frozen=True)
class OperatorSpec:
    """All that ``play_all`` needs to know. ``chosen`` are protocols that a log to be resumed holds already.

    ``own`` are tasks of the user's own, played instead of the built-in ones, as the suite ``own_suite``.
    """

    plan: Plan
    limits: EpisodeLimits
    tool_version: str
    protocol: ProtocolWish = "auto"
    store_text: StoreText = "full"
    inventory: str = ""
    allow_hosted: bool = False
    chosen: Mapping[str, ChosenProtocol] = field(default_factory=dict)
    own: tuple[Task, ...] = ()
    own_suite: SuiteRef | None = None
    own_folder: str = ""
    run_secret: str = ""  # what the secrets of all episodes follow from; "" lets each draw its own

    def as_run(self) -> RunSpec:
        """The same as any run's, for what all runs share."""
        fixtures = {fixture.id: fixture for fixture in fixtures_of(self.own or all_tasks())}
        workload = operator_workload(self.limits, self.protocol)
        return RunSpec(
            suite=self.own_suite or operator_suite(),
            workloads={workload.name: workload},
            fixtures=fixtures,
            plan=self.plan,
            tool_version=self.tool_version,
            store_text=self.store_text,
            inventory=self.inventory,
            allow_hosted=self.allow_hosted,
            suite_folder=self.own_folder,
        )


@dataclass(frozen=True)
class Played:
    """How a run ended, and every episode that its log holds now, as it was before any text was cut from it."""

    header: RunHeader
    end: RunEnd
    episodes: tuple[Episode, ...]
    planned: int


class EpisodeSeats(Protocol):
    """Servers on many machines, each of which takes one episode at a time."""

    async def begin(self, header: RunHeader) -> object:
        """The log is open."""
        ...

    def count(self) -> int:
        """How many servers there are now."""
        ...

    def seat(self, target: str) -> AbstractAsyncContextManager[Target]:
        """A server of ``target`` that plays nothing else meanwhile; waits for one. Its ``ask`` may raise SeatLost."""
        ...


class SeatLost(Exception):
    """The server that an episode was played on is gone; nothing of that episode counts."""


async def play_all(
    spec: OperatorSpec,
    *,
    targets: Mapping[str, Target],
    open_log: OpenEpisodeLog,
    clock: Clock | None = None,
    listeners: Sequence[EpisodeListener] = (),
    stop: StopSignal | None = None,
    pause: Pause = asyncio.sleep,
    seats: EpisodeSeats | None = None,
) -> Played:
    """Play what is planned and not yet in the log. Targets are started and stopped here.

    One episode at a time: what a model may take for granted of its runtime is part of what is
    measured. With ``seats``, one at a time on each of them; an episode whose server is lost is played again from its
    start. A stop request drops what is being played; the log can be resumed.

    Raises UsageError for hosted targets that the run does not allow, TargetError for a target that
    does not start (nothing is written), IncompleteRun for a disk that takes no more.
    """
    clock, stop, run = clock or SystemClock(), stop or StopSignal(), spec.as_run()
    names = spec.plan.targets
    check_hosted(run, [targets[name].record for name in names])
    try:
        records = await start_targets([targets[name] for name in names], stop)
        check_hosted(run, records)
        chosen = {
            name: spec.chosen.get(name)
            or await choose_protocol(targets[name], spec.protocol, max_tokens=spec.limits.max_tokens, clock=clock)
            for name in names
        }
        told = [chosen[record.name].beside(record) for record in records]
        header = run.header(told, now=clock.now())
        if spec.run_secret:
            committed = commitments.commitments(spec.run_secret, plan_episodes(spec.plan))
            header = msgspec.structs.replace(header, commitments=committed)
        opened = open_log(header)
        bench = _Bench(spec, targets, chosen, {record.name: record for record in records}, opened, clock, pause, seats)
        if seats is not None:
            await seats.begin(opened.writer.header)
        return await bench.to_the_end(stop, listeners)
    finally:
        await stop_targets([targets[name] for name in names], at_once=stop.at_once)


class _Bench:
    def __init__(
        self,
        spec: OperatorSpec,
        targets: Mapping[str, Target],
        chosen: Mapping[str, ChosenProtocol],
        records: Mapping[str, TargetRecord],
        opened: Resumed,
        clock: Clock,
        pause: Pause,
        seats: EpisodeSeats | None,
    ) -> None:
        self._spec = spec
        self._seats = seats
        self._targets = dict(targets)
        self._chosen = chosen
        self._records = records
        self._opened = opened
        self._clock = clock
        self._pause = pause
        # A resumed run's clock goes on where the log's last record stands: times in a log never overlap.
        self._zero_s = clock.monotonic_s() - opened.last_s
        self._episodes: list[Episode] = list(opened.episodes)
        self._died: set[str] = set()

    async def to_the_end(self, stop: StopSignal, listeners: Sequence[EpisodeListener]) -> Played:
        keys, writer = plan_episodes(self._spec.plan), self._opened.writer
        due = [key for key in keys if key not in self._opened.done]

        def emit(event: EpisodeEnded | Playing) -> None:
            for listener in listeners:
                listener(event)

        complete = False
        try:
            emit(Playing(self._chosen, len(self._episodes), len(keys), self._opened.messages))
            async for episode in (
                self._one_by_one(due, stop) if self._seats is None else self._on(self._seats, due, stop)
            ):
                writer.append(episode)
                writer.flush()
                await asyncio.to_thread(writer.sync)
                self._episodes.append(episode)
                emit(EpisodeEnded(episode, len(self._episodes), len(keys)))
            complete = len(self._episodes) >= len(keys)
        finally:
            if not writer.closed:
                end = self._end(complete=complete, interrupted=stop.requested)
                writer.close(end)
        return Played(writer.header, end, tuple(self._episodes), len(keys))

    async def _one_by_one(self, due: Sequence[AttemptKey], stop: StopSignal) -> AsyncIterator[Episode]:
        for key in due:
            episode = await self._until_stopped(key, stop)
            if episode is None:
                return
            yield episode

    async def _on(self, seats: EpisodeSeats, due: Sequence[AttemptKey], stop: StopSignal) -> AsyncIterator[Episode]:
        """Episodes as they end, wherever they are played; those of each target in the order of the plan."""
        waiting, playing = deque(due), set[asyncio.Task[Episode]]()

        def drop() -> None:
            for task in playing:
                task.cancel()

        try:
            with stop.calling(drop):
                while (waiting or playing) and not stop.requested:
                    while waiting and len(playing) < seats.count() * len(self._targets):
                        playing.add(asyncio.ensure_future(self._play_in_a_seat(seats, waiting.popleft())))
                    ended, _ = await asyncio.wait(playing, return_when=asyncio.FIRST_COMPLETED)
                    playing -= ended
                    for task in ended:
                        if not (task.cancelled() and stop.requested):
                            yield task.result()
        finally:
            drop()
            await asyncio.gather(*playing, return_exceptions=True)

    async def _play_in_a_seat(self, seats: EpisodeSeats, key: AttemptKey) -> Episode:
        for _ in range(_SEATS):
            async with seats.seat(key.target) as target:
                with suppress(SeatLost):
                    return await self._play(key, target)
        failure = Failure("server_died", f"the servers of {_SEATS} workers were lost while this episode was played")
        return await self._play(key, _Dead(self._targets[key.target], failure))

    async def _until_stopped(self, key: AttemptKey, stop: StopSignal) -> Episode | None:
        if stop.requested:
            return None
        playing = asyncio.ensure_future(self._play_here(key))

        def drop() -> None:
            playing.cancel()

        with stop.calling(drop):
            try:
                return await playing
            except asyncio.CancelledError:
                if not stop.requested:
                    raise
                return None

    async def _play_here(self, key: AttemptKey) -> Episode:
        episode = await self._play(key, await self._living(key.target))
        last = episode.turns[-1].failure if episode.turns else None
        if last is not None and last.kind == "server_died":
            self._died.add(key.target)
        return episode

    async def _play(self, key: AttemptKey, target: Target) -> Episode:
        task, form = split_id(key.fixture)
        secret = commitments.episode_secret(self._spec.run_secret, key) if self._spec.run_secret else None
        with task.open_session(self._spec.plan.seed + key.repeat, form, secret) as session:
            return await self._played(key, session, target)

    async def _played(self, key: AttemptKey, session: OpenSession, target: Target) -> Episode:
        player = EpisodePlayer(
            session=session,
            target=target,
            key=key,
            protocol=self._chosen[key.target].protocol,
            limits=self._spec.limits,
            window=self._records[key.target].context_window,
            clock=self._clock,
            zero_s=self._zero_s,
            pause=self._pause,
        )
        return await player.play()

    async def _living(self, name: str) -> Target:
        """The target, started again where its server died over an earlier episode."""
        target = self._targets[name]
        if name not in self._died:
            return target
        with suppress(Exception):  # it is dead; what goes wrong while closing it is no news
            await target.stop()
        try:
            await target.start()
        except TargetError as error:
            return _Dead(target, Failure("server_died", f"it could not be restarted: {error.message}"))
        self._died.discard(name)
        return target

    def _end(self, *, complete: bool, interrupted: bool) -> RunEnd:
        broken = sum(episode.ending == "runtime_failure" for episode in self._episodes)
        return RunEnd(
            ended_at=_stamp(self._clock.now()),
            attempts=len(self._episodes),
            failures=broken,
            complete=complete,
            reason="done" if complete else "interrupted" if interrupted else "aborted",
            ended_s=self._clock.monotonic_s() - self._zero_s,
        )


class _Dead:
    """A target whose server is gone for good: every question fails as what it is."""

    def __init__(self, target: Target, failure: Failure) -> None:
        self._target = target
        self._failure = failure

    @property
    def record(self) -> TargetRecord:
        return self._target.record

    async def start(self) -> TargetRecord:
        return self._target.record

    async def ask(
        self,
        request: ChatRequest,
        *,
        timeouts: Timeouts,
        zero_s: float,
        intended_s: float,
        on_end: OnEnd | None = None,
    ) -> Exchange:
        return Exchange(timings=Timings(intended_s, intended_s, intended_s), failure=self._failure)

    async def models(self) -> tuple[str, ...]:
        return ()

    def server_pids(self) -> tuple[int, ...]:
        return ()

    async def stop(self) -> None:
        return None


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds")
