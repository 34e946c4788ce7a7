"""A crew in, its workers as seats for episodes out: each plays one at a time, so that a model has its runtime alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from milo_bench.core.records import RunHeader, TargetRecord
from milo_bench.fleet.crew import Crew, WorkerDied
from milo_bench.fleet.targets import FleetTarget
from milo_bench.operator.play.bench import SeatLost
from milo_bench.targets.base import Target


class FleetSeats:
    """The ``EpisodeSeats`` of a fleet."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._taken: set[str] = set()

    async def begin(self, header: RunHeader) -> object:
        return await self._crew.begin(header)

    def count(self) -> int:
        return max(1, len(self._crew.at_work()))

    def seat(self, target: str) -> AbstractAsyncContextManager[Target]:
        return self._seat(target)

    @asynccontextmanager
    async def _seat(self, target: str) -> AsyncIterator[Target]:
        async with self._crew.changed:
            await self._crew.changed.wait_for(lambda: self._crew.fatal or self._free(target))
            if self._crew.fatal is not None:
                raise self._crew.fatal
            worker = self._free(target)[0]
            self._taken.add(worker)
        try:
            yield _SeatTarget(self._crew, self._crew.record(target), worker)
        finally:
            async with self._crew.changed:
                self._taken.discard(worker)
                self._crew.changed.notify_all()

    def _free(self, target: str) -> list[str]:
        return [worker for worker in self._crew.at_work(target) if worker not in self._taken]


class _SeatTarget(FleetTarget):
    """A target as one worker serves it."""

    def __init__(self, crew: Crew, record: TargetRecord, worker: str) -> None:
        super().__init__(crew, record)
        self._on = crew
        self._worker = worker

    async def _called(self, beside: bytes) -> bytes:
        try:
            return await self._on.call(self._worker, self._record.name, "ask", beside)
        except WorkerDied as error:
            raise SeatLost(self._worker) from error
