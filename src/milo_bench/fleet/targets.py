"""A crew in, its targets as a run knows targets out: what they say of themselves, and requests beside the plan."""

from __future__ import annotations

from typing import Protocol

from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import Behaviour, TargetRecord, Timeouts
from milo_bench.fleet.wire import BEHAVIOUR, EXCHANGE, Beside, encode
from milo_bench.targets.base import OnEnd


class TargetsCrew(Protocol):
    """What a fleet's target needs of its crew."""

    async def start(self) -> None: ...

    def record(self, target: str) -> TargetRecord: ...

    async def call_first(self, target: str, method: str, *arguments: bytes) -> bytes: ...


class FleetTarget:
    """A target that is served on the nodes of a fleet. The attempts of a plan go through ``Crew.send``."""

    def __init__(self, crew: TargetsCrew, record: TargetRecord) -> None:
        self._crew = crew
        self._record = record

    @property
    def record(self) -> TargetRecord:
        return self._record

    async def start(self) -> TargetRecord:
        await self._crew.start()
        self._record = self._crew.record(self._record.name)
        return self._record

    async def ask(
        self,
        request: ChatRequest,
        *,
        timeouts: Timeouts,
        zero_s: float,
        intended_s: float,
        on_end: OnEnd | None = None,
    ) -> Exchange:
        return EXCHANGE.decode(await self._called(encode(Beside(request, timeouts, zero_s))))

    async def _called(self, beside: bytes) -> bytes:
        return await self._crew.call_first(self._record.name, "ask", beside)

    async def models(self) -> tuple[str, ...]:
        return (self._record.model,)

    def server_pids(self) -> tuple[int, ...]:
        return ()  # they are on other machines

    async def stop(self) -> None:
        """The crew is stopped as a whole, by who started it."""


class FingerprintedFleetTarget(FleetTarget):
    async def behaviour(self) -> Behaviour:
        return BEHAVIOUR.decode(await self._crew.call_first(self._record.name, "behaviour"))
