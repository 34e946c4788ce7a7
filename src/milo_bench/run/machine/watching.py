"""Server processes and an open log in; samples of the machine, written and brought to the disk, out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress

from milo_bench.core.records import Telemetry
from milo_bench.store.log.writer import RunLogWriter


async def watch(
    pids: Mapping[str, tuple[int, ...]],
    writer: RunLogWriter,
    *,
    now_s: Callable[[], float],
    every_s: float,
    ends: asyncio.Event,
) -> AsyncIterator[Telemetry]:
    """Sample the machine and sync the log, in a thread: neither may hold up the reading of answers."""
    from milo_bench.run.machine.devices import Devices
    from milo_bench.run.machine.telemetry import Sampler  # brings psutil, after the first attempts are out

    loop = asyncio.get_running_loop()
    sampler = await loop.run_in_executor(None, lambda: Sampler(pids, Devices()))
    try:
        last = False
        while True:
            for sample in await loop.run_in_executor(None, sampler.sample, now_s()):
                writer.append(sample)
                yield sample
            writer.flush()
            await loop.run_in_executor(None, writer.sync)
            if last:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(every_s):
                    await ends.wait()
            last = ends.is_set()
    finally:
        sampler.close()
