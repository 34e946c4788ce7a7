"""A target under load in, samples of its machine, taken beside the load, in the log and at hand out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from milo_bench.core.records import Telemetry
from milo_bench.run.machine.devices import Devices
from milo_bench.run.machine.telemetry import Sampler
from milo_bench.run.serving.others import watch_others
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.targets.base import Target

SAMPLE_EACH_S = 0.5


class LoadSampling:
    """Samples the machine beside the load, in a thread, into the log and for the windows' figures."""

    def __init__(self, target: Target, writer: RunLogWriter, zero_s: float, in_flight: Callable[[], int]) -> None:
        self._target = target
        self._in_flight = in_flight
        self._ends = asyncio.Event()
        self._sampler = Sampler({target.record.name: target.server_pids()}, Devices())
        self._writer = writer
        self._zero_s = zero_s
        self._samples: list[Telemetry] = []
        self._one_at_a_time = asyncio.Lock()
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    async def __aenter__(self) -> None:
        self._tasks = (asyncio.ensure_future(self._forever()), asyncio.ensure_future(self._others()))

    async def __aexit__(self, *_: object) -> None:
        self._ends.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        async with self._one_at_a_time:  # a thread may still be inside a call
            self._sampler.close()

    async def _forever(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(SAMPLE_EACH_S)

    async def _others(self) -> None:
        """What the server does for others beside us, where it tells."""
        targets = {self._target.record.name: self._target}
        now_s = self._now_s
        async for sample in watch_others(
            targets, lambda _: self._in_flight(), now_s=now_s, every_s=SAMPLE_EACH_S, ends=self._ends
        ):
            self._keep(sample)

    def _now_s(self) -> float:
        return time.monotonic() - self._zero_s

    def _keep(self, sample: Telemetry) -> None:
        self._samples.append(sample)
        self._writer.append(sample)

    async def once(self) -> None:
        async with self._one_at_a_time:
            samples = await asyncio.shield(asyncio.to_thread(self._sampler.sample, self._now_s()))
        for sample in samples:
            self._keep(sample)

    def since(self, at_s: float) -> tuple[Telemetry, ...]:
        """The samples from ``at_s`` on; earlier ones are in the log, and are forgotten here."""
        self._samples = [sample for sample in self._samples if sample.at_s >= at_s]
        return tuple(self._samples)
