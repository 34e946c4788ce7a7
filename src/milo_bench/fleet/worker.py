"""Jobs in, attempts out, each on this node's disk before it is handed over: one worker of a run, as a Ray actor.

Nothing here imports Ray: ``fleet.crew`` makes an actor of it. All that goes in and out is bytes (``fleet.wire``).
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import Exchange
from milo_bench.core.errors import IncompleteRun, MiloError, PrerequisiteError
from milo_bench.core.records import Attempt, AttemptKey, Behaviour, Failure, Timings
from milo_bench.core.version import __version__
from milo_bench.fleet.segments import Segments, default_segments
from milo_bench.fleet.wire import (
    BESIDE,
    HEADER,
    JOBS,
    KEYS,
    WORKER_ORDER,
    AttemptJob,
    Beside,
    Collected,
    WorkerOrder,
    WorkerReady,
    encode,
)
from milo_bench.run.sending import answered
from milo_bench.run.serving.live_targets import start_targets, stop_targets
from milo_bench.run.stop import StopSignal
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.targets.base import Fingerprinted, Target
from milo_bench.targets.opening import open_target

_LINGER_S = 0.002  # what ends within it goes to the run in one message


class Worker:
    """Asks the targets of its node. Its address and keys come from the environment of the node, never from the run."""

    def __init__(self, order: bytes) -> None:
        self._order: WorkerOrder = WORKER_ORDER.decode(order)
        self._targets: dict[str, Target] = {}
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._tasks: dict[AttemptKey, asyncio.Task[None]] = {}
        self._ended: list[Attempt] = []
        self._problem = ""  # with this node's disk
        self._ahead_s = 0.0  # of this machine's monotonic clock, compared with the run's
        self._news = asyncio.Event()
        self._segments: Segments | None = None
        self._segment: RunLogWriter | None = None

    async def start(self) -> bytes:
        """Start the targets, and say what they are. Raises what ``Target.start`` raises."""
        order = self._order
        if order.version != __version__:
            message = f"{order.name} has version {__version__} of Milo Bench, and the run has {order.version}."
            raise PrerequisiteError(message, hint="install one version on all nodes.")
        # Ray allows a worker that takes no share of the processors one thread; the server that it starts has them all.
        os.environ.pop("OMP_NUM_THREADS", None)
        with suppress(OSError):  # a node without that folder has no relative paths to follow
            os.chdir(order.folder)
        for name, settings in order.targets.items():
            config = TargetConfig.model_validate(settings).model_copy(update={"name": name})
            self._targets[name] = open_target(config, os.environ, cold=order.cold)
            self._slots[name] = asyncio.Semaphore(order.concurrency)
        try:
            records = await start_targets(list(self._targets.values()), StopSignal())
        except MiloError as error:
            await stop_targets(list(self._targets.values()), at_once=True)
            raise type(error)(f"On {order.name}: {error.message}", hint=error.hint) from None
        return encode(WorkerReady(tuple(records)))

    def clock_s(self) -> float:
        """This machine's monotonic clock."""
        return time.monotonic()

    def begin(self, header: bytes, ahead_s: float) -> bytes:
        """Take the difference of the clocks, begin the segment of a run, and give what earlier workers left of it here.

        A run that stores less than the full texts has no segments: its texts must be judged before they are dropped.
        """
        self._ahead_s = ahead_s
        run = HEADER.decode(header)
        if run.store_text != "full":
            return encode([])
        folder = Path(self._order.segments) if self._order.segments else default_segments()
        self._segments = Segments(folder, run.run_id)
        left = list(self._segments.left())
        self._segment = self._segments.new(f"{self._order.name}-{os.getpid()}-{time.time_ns():x}", run)
        return encode(left)

    async def submit(self, jobs: bytes) -> None:
        """Take attempts, to be made in this order."""
        for job in JOBS.decode(jobs):
            task = asyncio.ensure_future(self._make(job))
            self._tasks[job.draft.key] = task
            task.add_done_callback(partial(self._forget, job.draft.key))

    def _forget(self, key: AttemptKey, task: asyncio.Task[None]) -> None:
        self._tasks.pop(key, None)

    async def collect(self) -> bytes:
        """The attempts that ended since the last call; waits for one."""
        if not self._news.is_set():
            await self._news.wait()
            await asyncio.sleep(_LINGER_S)
        self._news.clear()
        ended, self._ended = self._ended, []
        return encode(Collected(ended, self._problem))

    async def cancel(self, keys: bytes) -> None:
        """Do not go on with these."""
        for key in KEYS.decode(keys):
            task = self._tasks.get(key)
            if task is not None:
                task.cancel()

    async def ask(self, target: str, request: bytes) -> bytes:
        """One request beside the plan, a warm-up or a probe of the cache."""
        asked: Beside = BESIDE.decode(request)
        zero_s = asked.zero_s + self._ahead_s
        exchange = await self._targets[target].ask(
            asked.request, timeouts=asked.timeouts, zero_s=zero_s, intended_s=time.monotonic() - zero_s
        )
        return encode(exchange)

    async def behaviour(self, target: str) -> bytes:
        """How a target answers the fixed prompts."""
        asked = self._targets[target]
        return encode(await asked.behaviour() if isinstance(asked, Fingerprinted) else Behaviour())

    async def stop(self, *, all_in_the_log: bool) -> None:
        """Stop the targets. With ``all_in_the_log`` the segments of the run go."""
        for task in tuple(self._tasks.values()):
            task.cancel()
        if self._segment is not None:
            self._segment.close()
        if self._segments is not None and all_in_the_log:
            self._segments.remove()
        await stop_targets(list(self._targets.values()), at_once=False)

    async def _make(self, job: AttemptJob) -> None:
        """The attempt; in its place of a closed loop, so that its latency counts from when a slot was free for it."""
        name = job.draft.key.target
        zero_s = job.zero_s + self._ahead_s
        async with self._slots[name]:
            intended_s = time.monotonic() - zero_s
            try:
                exchange = await self._targets[name].ask(
                    job.request, timeouts=job.timeouts, zero_s=zero_s, intended_s=intended_s
                )
            except Exception as error:  # one bad row must not end the work on all others
                now_s = time.monotonic() - zero_s
                failure = Failure("reset", f"{type(error).__name__} in the worker on {self._order.name}")
                exchange = Exchange(timings=Timings(intended_s, intended_s, now_s), failure=failure)
            # On the disk before the slot is free: a kill repeats no more than what the servers were at.
            attempt = answered(job.draft, exchange)
            self._keep(attempt)
        self._ended.append(attempt)
        self._news.set()

    def _keep(self, attempt: Attempt) -> None:
        """Write ``attempt`` to the segment. A disk that takes no more loses no answer: it goes to the run all the same,
        and only a kill of this worker would have it made again.
        """
        if self._segment is None or self._segment.closed:
            return
        try:
            self._segment.append(attempt)
            self._segment.flush()
        except IncompleteRun as error:
            reason = error.message.partition(". ")[0]
            self._problem = f"{reason} on {self._order.name}: its answers are sent again if its worker is killed"
