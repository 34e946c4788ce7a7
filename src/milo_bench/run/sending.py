"""An attempt without its answer and its request in, the attempt with what came back out; who sends it, and how many."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from msgspec import structs

from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import Attempt, RunHeader, TargetRecord, Timeouts
from milo_bench.run.parts.chunks import ask_in_parts
from milo_bench.run.prepare import Prepared
from milo_bench.run.spec import lane_of
from milo_bench.targets.base import Target


class Sending(Protocol):
    """Where the requests of a run go: to servers that this process reaches itself, or to a fleet of machines."""

    async def begin(self, header: RunHeader) -> Sequence[Attempt]:
        """The log is open; attempts of it that were made before and are not in it, as far as any are found."""
        ...

    async def send(
        self, draft: Attempt, request: ChatRequest, *, timeouts: Timeouts, zero_s: float, intended_s: float
    ) -> Attempt:
        """``draft`` with the answer to ``request``. Times are as for ``Target.ask``; cancelling takes it back."""
        ...

    def slots(self, target: str, concurrency: int) -> int:
        """How many attempts ``target`` may be given, where each of its servers takes ``concurrency``."""
        ...

    def lane(self, record: TargetRecord) -> str:
        """Targets of one lane take turns."""
        ...


class SendsItself:
    """A run on one machine: each target is asked from this process."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self._targets = targets

    async def begin(self, header: RunHeader) -> Sequence[Attempt]:
        return ()

    async def send(
        self, draft: Attempt, request: ChatRequest, *, timeouts: Timeouts, zero_s: float, intended_s: float
    ) -> Attempt:
        target = self._targets[draft.key.target]
        return answered(draft, await target.ask(request, timeouts=timeouts, zero_s=zero_s, intended_s=intended_s))

    def slots(self, target: str, concurrency: int) -> int:
        return concurrency

    def lane(self, record: TargetRecord) -> str:
        return lane_of(record)


def answered(draft: Attempt, exchange: Exchange) -> Attempt:
    """``draft`` with what came back for it."""
    return structs.replace(
        draft,
        timings=exchange.timings,
        output=exchange.text,
        reasoning=exchange.reasoning,
        tool_calls=exchange.tool_calls,
        finish_reason=exchange.finish_reason,
        usage=exchange.usage,
        failure=exchange.failure,
        server_timings=exchange.server_timings,
    )


async def send_whole_or_in_parts(
    draft: Attempt,
    ready: Prepared,
    send: Callable[[ChatRequest, float], Awaitable[Attempt]],
    *,
    intended_s: float,
    now_s: Callable[[], float],
) -> Attempt:
    """``draft`` with the answer to ``ready``, which has a request. ``send`` gets one and when it should start."""
    if ready.chunked is None:
        assert ready.request is not None
        return await send(ready.request, intended_s)

    async def ask(request: ChatRequest, first: bool) -> Exchange:
        return _as_exchange(await send(request, intended_s if first else now_s()))

    return answered(draft, await ask_in_parts(ready.chunked, ask))


def _as_exchange(attempt: Attempt) -> Exchange:
    """What came back for ``attempt``, taken out of it again."""
    return Exchange(
        attempt.timings,
        text=attempt.output,
        reasoning=attempt.reasoning,
        tool_calls=attempt.tool_calls,
        finish_reason=attempt.finish_reason,
        usage=attempt.usage,
        failure=attempt.failure,
        server_timings=attempt.server_timings,
    )
