"""A target and prepared requests in; one row a request, each asked with nothing beside it, out."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import Sequence

from milo_bench.core.records import Timeouts
from milo_bench.core.units import seconds
from milo_bench.run.load.pauses import pause_after_s
from milo_bench.run.load.rows import LoadRow, WindowRows, row_of
from milo_bench.run.load.window import GIVE_UP_AFTER, LoadRequest
from milo_bench.run.schedule import UNREACHABLE
from milo_bench.run.stop import StopSignal, unless_stopped
from milo_bench.targets.base import Target


async def ask_alone(
    target: Target,
    requests: Sequence[LoadRequest],
    timeouts: Timeouts,
    *,
    zero_s: float,
    most_s: float,
    stop: StopSignal,
) -> WindowRows:
    """Send each of ``requests`` once, the next when the last was answered, until ``most_s`` have gone by.

    Never raises for a broken server: failures are rows. Ends early where the target cannot be reached, or on a stop.
    """
    began_s = time.monotonic() - zero_s
    rows: list[LoadRow] = []
    ended_early = ""
    unreachable = 0
    pause_s = 0.0
    for one in requests:
        left_s = began_s + most_s + zero_s - time.monotonic()
        await unless_stopped(asyncio.sleep(min(pause_s, max(0.0, left_s))), stop)
        now_s = time.monotonic() - zero_s
        if stop.requested:
            ended_early = "interrupted"
        if ended_early or now_s - began_s > most_s:
            break
        exchange = await target.ask(one.request, timeouts=timeouts, zero_s=zero_s, intended_s=now_s)
        rows.append(row_of(one.fixture, exchange, late_s=0.0, from_start=True, keep=True))
        pause_s = pause_after_s(exchange)
        failure = exchange.failure
        unreachable = unreachable + 1 if failure is not None and failure.kind in UNREACHABLE else 0
        if failure is not None and unreachable >= GIVE_UP_AFTER:
            ended_early = f"{unreachable} {failure.kind} failures in a row: {failure.message}"
    ended_s = time.monotonic() - zero_s
    return WindowRows(
        mode="single",
        level=1.0,
        began_s=began_s,
        from_s=began_s,
        to_s=ended_s,
        ended_s=ended_s,
        rows=tuple(rows),
        warmup_rule="nothing",
        cooldown_rule=f"each document is asked once, as long as that takes at most {seconds(most_s)}",
        most_in_flight=1 if rows else 0,
        loop_lags_s=array("d"),
        ended_early=ended_early,
    )
