"""A target and a window's profile in; processes that each send a part of its load, and their rows as one, out.

One process of Python reads what one processor core can read. Beyond that the streams of a window, or every
n-th arrival of its schedule, go to processes of their own. They share the monotonic clock of the machine,
begin at the same moment of it, and their rows are merged by when they ended.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final

from milo_bench.config.settings import TargetConfig
from milo_bench.core.errors import IncompleteRun, MiloError, TargetError
from milo_bench.run.event_loop import measuring_loop, run_to_end
from milo_bench.run.load.arrivals import Arrival
from milo_bench.run.load.rows import WindowRows
from milo_bench.run.load.window import LoadRequest, Profile, drive_window, due_within
from milo_bench.run.stop import StopSignal
from milo_bench.targets.opening import open_target

STREAMS_A_WORKER: Final = 256
RATE_A_WORKER: Final = 1000.0
_HEAD_START_S: Final = 0.2  # between the message that a window begins and its beginning


def workers_for(profile: Profile, wanted: int) -> int:
    """How many processes send the load of ``profile``: ``wanted``, or for 0 as many as it takes and there are cores.

    Never more than there are streams, or places for requests in flight.
    """
    most = int(profile.level) if profile.mode == "closed" else profile.max_in_flight
    if wanted:
        return min(wanted, most)
    least = math.ceil(profile.level / (STREAMS_A_WORKER if profile.mode == "closed" else RATE_A_WORKER))
    return max(1, min(least, usable_cores(), most))


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class _Part:
    """What one worker gets of a window."""

    requests: Sequence[LoadRequest]
    profile: Profile
    zero_s: float


@dataclass(frozen=True)
class _Failed:
    """Why a worker did not start."""

    message: str
    hint: str


class LoadWorkers:
    """Processes that stay for a load run; started when the first window needs them."""

    def __init__(self, config: TargetConfig, env: Mapping[str, str], *, cold: bool) -> None:
        self._given = (config, dict(env), cold)
        self._processes: list[tuple[BaseProcess, Connection]] = []

    async def drive(
        self,
        count: int,
        requests: Sequence[LoadRequest],
        profile: Profile,
        *,
        zero_s: float,
        stop: StopSignal,
        first: int,
    ) -> WindowRows:
        """See ``window.drive_window``; ``count`` processes send the load. Raises IncompleteRun where one ends."""
        await self._have(count)
        begins_s = time.monotonic() - zero_s + _HEAD_START_S
        turn = [*requests[first % len(requests) :], *requests[: first % len(requests)]]
        connections = [connection for _, connection in self._processes[:count]]
        for number, connection in enumerate(connections):
            mine = turn[number::count] or turn
            connection.send(_Part(mine, replace(_share(profile, number, count), begins_s=begins_s), zero_s))

        def tell_them() -> None:
            for connection in connections:
                connection.send("stop")

        with stop.calling(tell_them):
            answers = await asyncio.gather(*(asyncio.to_thread(_received, one) for one in connections))
        return merged(answers, profile)

    async def _have(self, count: int) -> None:
        context = get_context("spawn")
        fresh = []
        while len(self._processes) < count:
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, *self._given), daemon=True, name="milo-bench load")
            process.start()
            theirs.close()
            self._processes.append((process, ours))
            fresh.append(ours)
        await asyncio.gather(*(asyncio.to_thread(_received, one) for one in fresh))

    async def close(self) -> None:
        for process, connection in self._processes:
            connection.close()  # its worker reads the end and stops
            await asyncio.to_thread(process.join, 5.0)
            if process.is_alive():
                process.kill()
        self._processes.clear()


def _received(connection: Connection) -> Any:
    try:
        answer = connection.recv()
    except (EOFError, OSError):
        message = "A process that sends the load ended by itself."
        raise IncompleteRun(message, hint="run it again with --workers 1, and look for a memory limit.") from None
    if isinstance(answer, _Failed):
        raise TargetError(answer.message, hint=answer.hint)
    return answer


def _share(profile: Profile, number: int, count: int) -> Profile:
    """What the worker ``number`` of ``count`` gets of the load."""
    most = max(1, profile.max_in_flight // count + (number < profile.max_in_flight % count))
    profile = replace(profile, most_unread_bytes=profile.most_unread_bytes // count)
    if profile.mode == "closed":
        streams = int(profile.level) // count + (number < int(profile.level) % count)
        return replace(profile, level=float(streams), max_in_flight=most)
    assert profile.arrivals is not None
    arrivals = partial(_every, profile.arrivals, number, count)
    return replace(profile, level=profile.level / count, max_in_flight=most, arrivals=arrivals)


def _every(arrivals: Any, number: int, count: int) -> Iterator[Arrival]:
    return islice(arrivals(), number, None, count)


def merged(parts: Sequence[WindowRows], profile: Profile) -> WindowRows:
    """One window of the ``parts`` that ran at the same time; what every part measured is the measured part."""
    began_s = min(part.began_s for part in parts)
    from_s = max(part.from_s for part in parts)
    to_s = max(from_s, min(part.to_s for part in parts))
    # Counted anew: a part that went on after another had ended early was due requests outside of this window.
    scheduled = None if profile.mode == "closed" else sum(1 for _ in due_within(profile, began_s, from_s, to_s))
    return WindowRows(
        mode=profile.mode,
        level=profile.level,
        began_s=began_s,
        from_s=from_s,
        to_s=to_s,
        ended_s=max(part.ended_s for part in parts),
        rows=tuple(sorted(chain.from_iterable(part.rows for part in parts), key=lambda row: row.ended_s)),
        warmup_rule=profile.warmup_rule,
        cooldown_rule=profile.cooldown_rule,
        scheduled=scheduled,
        held_back=sum(part.held_back for part in parts),
        most_in_flight=sum(part.most_in_flight for part in parts),
        loop_lags_s=array("d", chain.from_iterable(part.loop_lags_s for part in parts)),
        ended_early=next((part.ended_early for part in parts if part.ended_early), ""),
        from_flight=any(part.from_flight for part in parts),
        workers=len(parts),
        paused_s=sum(part.paused_s for part in parts),
        worker_cpu_share=max(part.own_cpu_share for part in parts),
    )


# ------------------------------------------------------------ inside a worker


def _work(connection: Connection, config: TargetConfig, env: Mapping[str, str], cold: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; who started us says when to stop
    run_to_end(_serve(connection, config, env, cold), new_loop=measuring_loop)


async def _serve(connection: Connection, config: TargetConfig, env: Mapping[str, str], cold: bool) -> None:
    target = open_target(config, env, cold=cold)
    try:
        await target.start()
    except MiloError as error:
        connection.send(_Failed(error.message, error.hint))
        return
    connection.send("ready")
    stop = StopSignal()
    parts: asyncio.Queue[_Part | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def listen() -> None:
        while True:
            try:
                message = connection.recv()
            except (EOFError, OSError):
                loop.call_soon_threadsafe(parts.put_nowait, None)
                return
            if isinstance(message, _Part):
                loop.call_soon_threadsafe(parts.put_nowait, message)
            else:
                loop.call_soon_threadsafe(stop.request)

    listening = asyncio.ensure_future(asyncio.to_thread(listen))
    try:
        while (part := await parts.get()) is not None:
            rows = await drive_window(target, part.requests, part.profile, zero_s=part.zero_s, stop=stop)
            await asyncio.to_thread(connection.send, rows)
        await listening
    finally:
        await target.stop()
