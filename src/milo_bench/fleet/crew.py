"""Targets, a cluster and an open log in; workers on the nodes, which make each attempt whoever of them dies, out."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from milo_bench.config.fleet import FleetConfig
from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest
from milo_bench.core.errors import IncompleteRun, MiloError, PrerequisiteError, TargetError
from milo_bench.core.records import Attempt, AttemptKey, Failure, RunHeader, TargetRecord, Timeouts
from milo_bench.core.units import seconds
from milo_bench.core.version import __version__
from milo_bench.core.weights.served import differences
from milo_bench.fleet.cluster import Cluster
from milo_bench.fleet.dispatch import Dispatch, DispatchInstruction, Give, GiveUpAttempt, TakeBack
from milo_bench.fleet.placement import FleetNode, lanes_of, place_targets
from milo_bench.fleet.targets import FingerprintedFleetTarget, FleetTarget
from milo_bench.fleet.wire import ATTEMPTS, COLLECTED, WORKER_READY, AttemptJob, WorkerOrder, encode
from milo_bench.fleet.worker import Worker
from milo_bench.targets.base import Fingerprinted, Target

_CALLS_AT_ONCE: Final = 64  # of a worker: submissions do not wait for the collection that is under way
_LOOK_S: Final = 1.0  # between looks for nodes that came or came back
_HEAD_LOOKS: Final = 10  # in a row that find no head, before it is gone
_PINGS: Final = 5
_STARTS: Final = 5  # of a worker on one node that ends before it is ready
# Where one of these differs, two nodes serve two models under one name.
_ONE_MODEL: Final = ("model", "weights", "quantisation", "adapters", "chat template", "default parameters")


@dataclass
class _Hand:
    """A worker as the run sees it."""

    name: str
    node: FleetNode
    targets: tuple[str, ...]
    actor: Any
    records: tuple[TargetRecord, ...] = ()
    to_give: list[AttemptJob] = field(default_factory=list)


class Crew:
    """The workers of one run. ``start`` them, ``begin`` with the open log's header, ``send`` attempts, ``stop``.

    A worker that dies is started again, on its node if that is alive; nodes that join later get one as well.
    """

    def __init__(
        self,
        cluster: Cluster,
        config: FleetConfig,
        targets: Mapping[str, TargetConfig],
        *,
        concurrency: int,
        cold: bool = True,
    ) -> None:
        self._cluster = cluster
        self._config = config
        self._targets = targets
        self._concurrency = concurrency
        self._cold = cold
        self._hands: dict[str, _Hand] = {}
        self._numbers = itertools.count(1)
        self._dispatch = Dispatch(concurrency)
        self._asked: dict[AttemptKey, tuple[AttemptJob, asyncio.Future[Attempt]]] = {}
        self._records: dict[str, TargetRecord] = {}
        self._lanes: dict[str, str] = {}
        self._header: bytes = b""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._starting: asyncio.Future[None] | None = None
        self._broken: dict[str, int] = {}  # node id to starts in a row that failed
        self._coming: set[str] = set()  # node ids whose worker starts
        self._missing_since: dict[str, float] = {}
        self._fatal: BaseException | None = None
        self._has_head = True
        self._stopped = False
        self.restarts = 0
        self.problems: dict[str, str] = {}  # of a worker's disk, by its name; the run goes on
        self.changed = asyncio.Condition()  # a worker came or went

    def as_targets(self, opened: Mapping[str, Target]) -> dict[str, Target]:
        """The targets of ``opened``, which are not started here, as the fleet serves them."""
        return {
            name: (FingerprintedFleetTarget if isinstance(one, Fingerprinted) else FleetTarget)(self, one.record)
            for name, one in opened.items()
        }

    # ------------------------------------------------------------ starting

    async def start(self) -> None:
        """Workers on all nodes that may serve a target. Raises PrerequisiteError, TargetError. A second call waits."""
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._start())
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        placed = self._placed(self._cluster.nodes())
        started = await asyncio.gather(*(self._first(*one) for one in placed), return_exceptions=True)
        for one in started:
            if isinstance(one, BaseException):
                raise one
            self._admit(one)
        by_node = {hand.node.id: hand.targets for hand in self._hands.values()}
        self._lanes = lanes_of(list(self._records.values()), by_node)

    async def _first(self, node: FleetNode, names: tuple[str, ...]) -> _Hand:
        """A worker whose targets run, before any attempt is made. One that dies as it starts gets another chance."""
        for _ in range(_STARTS):
            hand = self._new_hand(node, names)
            self._hands[hand.name] = hand  # so that it is stopped, whatever comes
            try:
                return await self._ready(hand)
            except WorkerDied as error:
                del self._hands[hand.name]
                died = error
        message = f"A worker of the fleet ends on {node.name} as it starts ({died})."
        raise PrerequisiteError(message, hint="see 'ray status', and the worker's log in Ray's folder of logs.")

    def _placed(self, nodes: Sequence[FleetNode]) -> list[tuple[FleetNode, tuple[str, ...]]]:
        by_id = {node.id: node for node in nodes}
        placed = place_targets(self._targets, nodes, self._config.placement)
        return [(by_id[id], names) for id, names in placed.items()]

    def _new_hand(self, node: FleetNode, names: tuple[str, ...]) -> _Hand:
        order = WorkerOrder(
            name=node.name,
            targets={name: self._targets[name].model_dump(mode="json", exclude_unset=True) for name in names},
            concurrency=self._concurrency,
            folder=str(Path.cwd()),
            segments=self._config.segments or "",
            cold=self._cold,
            version=__version__,
        )
        actor = self._cluster.actor(Worker, node, encode(order), at_once=_CALLS_AT_ONCE)
        return _Hand(f"{node.name}/{next(self._numbers)}", node, names, actor)

    async def _ready(self, hand: _Hand) -> _Hand:
        """``hand`` with its targets running; where they do not come up, it is ended."""
        try:
            ready = WORKER_READY.decode(await self._called(hand.actor.start.remote()))
        except BaseException:
            self._cluster.ray.kill(hand.actor)
            raise
        hand.records = ready.records
        return hand

    async def _called(self, call: Any) -> Any:
        """The result of a call on an actor. Raises what the worker raised, WorkerDied where there is none any more."""
        ray = self._cluster.ray
        try:
            return await call
        except ray.exceptions.RayTaskError as error:
            cause = error.cause
            if isinstance(cause, MiloError):
                raise cause from None
            message = f"A worker of the fleet failed: {type(cause).__name__}: {cause}"
            raise PrerequisiteError(message[:400], hint="see the worker's log in Ray's folder of logs.") from None
        except ray.exceptions.RayError as error:
            raise WorkerDied(type(error).__name__) from None

    def _admit(self, hand: _Hand) -> None:
        """Take a worker whose targets run. Raises TargetError where they are not the models that others serve."""
        for record in hand.records:
            known = self._records.setdefault(record.name, record)
            for part, there, here in differences(known, record):
                if part in _ONE_MODEL:
                    message = (
                        f"Target '{record.name}' has {part} {here!r} on {hand.node.name}, but {there!r} elsewhere."
                    )
                    raise TargetError(message, hint="serve one model under one name, or give the node other labels.")
        self._hands[hand.name] = hand

    # ------------------------------------------------------------ the log is open

    async def begin(self, header: RunHeader) -> list[Attempt]:
        """Let the workers begin their segments; the attempts that earlier workers of this run left on the nodes."""
        self._header = encode(header)
        left = await asyncio.gather(*(self._begin_or_die(hand) for hand in self._hands.values()))
        for hand in tuple(self._hands.values()):
            self._watch(self._serve(hand))
        self._watch(self._look_for_nodes())
        self._watch(self._look_for_head())
        return list({attempt.key: attempt for attempts in left for attempt in attempts}.values())

    async def _begin_or_die(self, hand: _Hand) -> list[Attempt]:
        """As ``_begin``. Of a worker that is dead nothing comes here: who serves it finds that out, and replaces it."""
        try:
            return await self._begin(hand)
        except WorkerDied:
            return []

    async def _begin(self, hand: _Hand) -> list[Attempt]:
        ahead_s = min([await self._ping(hand) for _ in range(_PINGS)])[1]
        return ATTEMPTS.decode(await self._called(hand.actor.begin.remote(self._header, ahead_s)))

    async def _ping(self, hand: _Hand) -> tuple[float, float]:
        """How long a call took, and how far the node's clock was ahead in its middle; the shortest errs least."""
        before = time.monotonic()
        there = await self._called(hand.actor.clock_s.remote())
        after = time.monotonic()
        return after - before, there - (before + after) / 2

    def _watch(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._fatal = self._fatal or error
        asyncio.ensure_future(self._say_changed())  # noqa: RUF006  whoever waits for a worker is told
        for _, future in self._asked.values():
            if not future.done():
                future.set_exception(error)
                future.exception()  # whoever waits gets it; where nobody does any more, it is no fault

    # ------------------------------------------------------------ attempts

    async def send(
        self, draft: Attempt, request: ChatRequest, *, timeouts: Timeouts, zero_s: float, intended_s: float
    ) -> Attempt:
        """As ``run.sending.Sending.send``."""
        if self._fatal is not None:
            raise self._fatal
        future: asyncio.Future[Attempt] = asyncio.get_running_loop().create_future()
        self._asked[draft.key] = (AttemptJob(draft, request, timeouts, zero_s), future)
        self._carry_out(self._dispatch.asked(draft.key))
        try:
            return await future
        finally:
            if self._asked.pop(draft.key, None) is not None and future.cancelled():
                self._carry_out(self._dispatch.withdrawn(draft.key))

    def slots(self, target: str, concurrency: int) -> int:
        return max(1, self._dispatch.slots(target))

    def lane(self, record: TargetRecord) -> str:
        return self._lanes[record.name]

    def _carry_out(self, instructions: Sequence[DispatchInstruction]) -> None:
        for one in instructions if not self._stopped else ():  # what is taken back then has no worker any more
            if isinstance(one, Give):
                hand = self._hands[one.worker]
                hand.to_give.append(self._asked[one.key][0])
                if len(hand.to_give) == 1:
                    asyncio.get_running_loop().call_soon(self._give, hand)
            elif isinstance(one, TakeBack):
                self._hands[one.worker].actor.cancel.remote(encode([one.key]))
            elif isinstance(one, GiveUpAttempt):
                self._answer(_killed_its_workers(self._asked[one.key][0].draft, one.deaths))

    def _give(self, hand: _Hand) -> None:
        """All that was given in this turn of the loop, in one message. If it is lost, so is the worker."""
        jobs, hand.to_give = hand.to_give, []
        jobs = [job for job in jobs if job.draft.key in self._asked]
        if jobs:
            hand.actor.submit.remote(encode(jobs))

    def _answer(self, attempt: Attempt) -> None:
        job_and_future = self._asked.get(attempt.key)
        if job_and_future is not None and not job_and_future[1].done():
            job_and_future[1].set_result(attempt)

    async def _serve(self, hand: _Hand) -> None:
        """Take in what ``hand`` ends, until it dies; then have another one in its place."""
        self._carry_out(self._dispatch.joined(hand.name, hand.targets))
        await self._say_changed()
        try:
            while True:
                collected = COLLECTED.decode(await self._called(hand.actor.collect.remote()))
                if collected.problem:
                    self.problems.setdefault(hand.name, collected.problem)
                for attempt in collected.attempts:
                    self._answer(attempt)
                    self._carry_out(self._dispatch.finished(attempt.key))
        except WorkerDied:
            pass
        self._coming.add(hand.node.id)
        try:
            await self._replace(hand)
        finally:
            self._coming.discard(hand.node.id)

    async def _replace(self, hand: _Hand) -> None:
        """Another worker on the node, which first tells what ``hand`` had ended; only the rest is handed on."""
        self.restarts += 1
        self._dispatch.died(hand.name)
        fresh = None
        if hand.node.id in {node.id for node in await self._nodes()}:
            fresh = self._new_hand(hand.node, hand.targets)
            with suppress(WorkerDied):
                await self._take_in(fresh)
        del self._hands[hand.name]
        self._carry_out(self._dispatch.lost(hand.name))
        if fresh is not None:
            await self._put_to_work(fresh)

    async def _take_in(self, hand: _Hand) -> None:
        """Let a worker begin its segment; what others left beside it are answers to what is still asked.

        One whose disk takes no segment works without.
        """
        left: list[Attempt] = []
        try:
            left = await self._begin(hand)
        except MiloError as error:
            self.problems.setdefault(hand.name, f"{error.message.rstrip('.')} on {hand.node.name}")
        for attempt in left:
            if attempt.key in self._asked:
                self._answer(attempt)
                self._carry_out(self._dispatch.finished(attempt.key))

    async def _put_to_work(self, hand: _Hand) -> None:
        """Start the targets of a worker that came later; a node on which that fails is tried again a few times."""
        try:
            self._admit(await self._ready(hand))
        except (WorkerDied, MiloError):
            self._broken[hand.node.id] = self._broken.get(hand.node.id, 0) + 1
            return
        self._broken.pop(hand.node.id, None)
        self._watch(self._serve(hand))

    async def _look_for_nodes(self) -> None:
        """A node that came, or whose worker did not come up again, gets one; no target may lack one for long."""
        while True:
            await asyncio.sleep(_LOOK_S)
            nodes = [node for node in await self._nodes() if self._broken.get(node.id, 0) < _STARTS]
            with suppress(PrerequisiteError):  # none for a target now: that is counted below
                at_work = {hand.node.id for hand in self._hands.values()} | self._coming
                for node, names in self._placed(nodes):
                    if node.id not in at_work:
                        self._coming.add(node.id)
                        self._watch(self._welcome(node, names))
            self._count_missing()

    async def _nodes(self) -> list[FleetNode]:
        """The nodes that are alive. Where the head goes meanwhile, only a thread that nobody waits for hangs."""
        while True:
            if await asyncio.to_thread(self._cluster.has_head):
                break
            await asyncio.sleep(_LOOK_S)
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[FleetNode]] = loop.create_future()

        def tell(nodes: list[FleetNode]) -> None:
            if not found.done():
                found.set_result(nodes)

        def ask() -> None:
            with suppress(Exception):  # of Ray, or because the loop has ended
                loop.call_soon_threadsafe(tell, self._cluster.nodes())

        threading.Thread(target=ask, daemon=True).start()
        return await found

    async def _look_for_head(self) -> None:
        """End the run where the head is gone: Ray would end the whole process, and say nothing of the rows."""
        missing = 0
        while missing < _HEAD_LOOKS:
            await asyncio.sleep(_LOOK_S)
            missing = 0 if await asyncio.to_thread(self._cluster.has_head) else missing + 1
        self._has_head = False
        message = f"The head of the fleet has not answered for {seconds(_HEAD_LOOKS * _LOOK_S)}."
        raise IncompleteRun(message, hint="start it again, then resume the run. No row is lost.")

    async def _welcome(self, node: FleetNode, names: tuple[str, ...]) -> None:
        hand = self._new_hand(node, names)
        try:
            with suppress(WorkerDied):
                await self._take_in(hand)
                await self._put_to_work(hand)
        finally:
            self._coming.discard(node.id)

    def _count_missing(self) -> None:
        now = time.monotonic()
        for name in self._targets:
            if self._dispatch.serves(name):
                self._missing_since.pop(name, None)
            elif now - self._missing_since.setdefault(name, now) > self._config.lost_after_s:
                message = f"No node of the fleet has served '{name}' for {seconds(self._config.lost_after_s)}."
                raise IncompleteRun(message, hint="start a node with its labels, then resume the run.")

    # ------------------------------------------------------------ the end

    async def stop(self, *, all_in_the_log: bool = False) -> None:
        """Stop the workers and their targets. With ``all_in_the_log`` the segments on the nodes go. Never raises."""
        self._stopped = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not self._has_head:  # every call would wait for it, and the nodes end their workers themselves
            return
        hands, self._hands = list(self._hands.values()), {}
        stopping = [self._called(hand.actor.stop.remote(all_in_the_log=all_in_the_log)) for hand in hands]
        with suppress(TimeoutError):
            async with asyncio.timeout(10.0):
                await asyncio.gather(*stopping, return_exceptions=True)
        for hand in hands:
            with suppress(Exception):
                self._cluster.ray.kill(hand.actor)

    # ------------------------------------------------------------ beside the plan

    def record(self, target: str) -> TargetRecord:
        """What a target says of itself, once its workers run."""
        return self._records[target]

    async def _say_changed(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    @property
    def fatal(self) -> BaseException | None:
        """Why the crew can do no more work, if it cannot."""
        return self._fatal

    def at_work(self, target: str = "") -> list[str]:
        """Names of the workers that live, with ``target`` only those that serve it."""
        return self._dispatch.living(target)

    async def call(self, worker: str, target: str, method: str, *arguments: bytes) -> bytes:
        """A call on one worker. Raises WorkerDied."""
        hand = self._hands.get(worker)
        if hand is None:
            raise WorkerDied(worker)
        result: bytes = await self._called(getattr(hand.actor, method).remote(target, *arguments))
        return result

    async def call_first(self, target: str, method: str, *arguments: bytes) -> bytes:
        """A call on the first worker that serves ``target``."""
        for _ in range(_STARTS):
            for hand in [one for one in self._hands.values() if target in one.targets]:
                try:
                    result: bytes = await self._called(getattr(hand.actor, method).remote(target, *arguments))
                    return result
                except WorkerDied:
                    if not self._header:  # nobody serves it yet, who would find out
                        del self._hands[hand.name]
                        self._admit(await self._first(hand.node, hand.targets))
            await asyncio.sleep(_LOOK_S)
        raise TargetError(f"No node of the fleet serves '{target}' now.", hint="see 'ray status'.")


class WorkerDied(Exception):
    """The worker, its node or the way to it is gone."""


def _killed_its_workers(draft: Attempt, deaths: int) -> Attempt:
    message = f"{deaths} workers of the fleet died while this attempt was at work"
    return structs.replace(draft, failure=Failure("server_died", message))
