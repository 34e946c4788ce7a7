"""Equal targets in, one target out that gives each request to the least busy of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

import msgspec

from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import Behaviour, TargetRecord, Timeouts
from milo_bench.targets.base import Fingerprinted, OnEnd, Target


class ReplicatedTarget:
    """Several servers of one model behind one name. The record is that of the first, with ``servers`` in its settings.

    The endpoint that it names is the first server's: nothing outside is led to one of the others.
    """

    def __init__(self, members: Sequence[Target]) -> None:
        self._members = tuple(members)
        self._busy = [0] * len(self._members)

    @property
    def record(self) -> TargetRecord:
        first = self._members[0].record
        return msgspec.structs.replace(first, settings={**first.settings, "servers": len(self._members)})

    async def start(self) -> TargetRecord:
        """See ``base.Target.start``; if one member does not start, all are stopped."""
        starting = [asyncio.ensure_future(member.start()) for member in self._members]
        try:
            await asyncio.gather(*starting)
        except BaseException:
            for task in starting:
                task.cancel()
            await asyncio.gather(*starting, return_exceptions=True)
            await self.stop()
            raise
        return self.record

    async def behaviour(self) -> Behaviour:
        """See ``base.Fingerprinted``; of the first member, whose equals the others are."""
        first = self._members[0]
        return await first.behaviour() if isinstance(first, Fingerprinted) else Behaviour(problem="it has none")

    async def ask(
        self,
        request: ChatRequest,
        *,
        timeouts: Timeouts,
        zero_s: float,
        intended_s: float,
        on_end: OnEnd | None = None,
    ) -> Exchange:
        """See ``base.Target.ask``. The first of the least busy members answers."""
        place = self._busy.index(min(self._busy))
        self._busy[place] += 1
        at_work = True

        def answered(size: int) -> Awaitable[object] | None:
            nonlocal at_work
            at_work = False
            self._busy[place] -= 1
            return None if on_end is None else on_end(size)

        try:
            return await self._members[place].ask(
                request, timeouts=timeouts, zero_s=zero_s, intended_s=intended_s, on_end=answered
            )
        finally:
            if at_work:
                self._busy[place] -= 1

    async def models(self) -> tuple[str, ...]:
        return await self._members[0].models()

    def server_pids(self) -> tuple[int, ...]:
        return tuple(pid for member in self._members for pid in member.server_pids())

    async def stop(self) -> None:
        await asyncio.gather(*(member.stop() for member in self._members))
