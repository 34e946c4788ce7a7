"""A target under load in, samples of its machine, taken beside the load, in the log and at hand out."""

from __future__ import annotations

import asyncio
import time

from milo_bench.core.records import Telemetry
from milo_bench.run.machine.devices import Devices
from milo_bench.run.machine.telemetry import Sampler
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.targets.base import Target

SAMPLE_EACH_S = 0.5


class LoadSampling:
    """Samples the machine beside the load, in a thread, into the log and for the windows' figures."""

    def __init__(self, target: Target, writer: RunLogWriter, zero_s: float) -> None:
        self._sampler = Sampler({target.record.name: target.server_pids()}, Devices())
        self._writer = writer
        self._zero_s = zero_s
        self._samples: list[Telemetry] = []
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.ensure_future(self._forever())

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        async with self._one_at_a_time:  # a thread may still be inside a call
            self._sampler.close()

    async def _forever(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(SAMPLE_EACH_S)

    async def once(self) -> None:
        async with self._one_at_a_time:
            at_s = time.monotonic() - self._zero_s
            samples = await asyncio.shield(asyncio.to_thread(self._sampler.sample, at_s))
        self._samples += samples
        for sample in samples:
            self._writer.append(sample)

    def since(self, at_s: float) -> tuple[Telemetry, ...]:
        return tuple(sample for sample in self._samples if sample.at_s >= at_s)
