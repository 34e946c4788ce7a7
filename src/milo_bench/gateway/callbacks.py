"""Queue work that has ended in, its callback told once out: a person's answer as the client would have fetched it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from milo_bench.core.records import Timeouts
from milo_bench.gateway.answering.shapes import answered_document
from milo_bench.gateway.request import MODEL_PREFIX
from milo_bench.gateway.upstream.pool import UpstreamPool
from milo_bench.store.state import Engine
from milo_bench.store.state.asked import read_asked
from milo_bench.store.state.queue import QueuedWork, mark_called, uncalled_work
from milo_bench.targets.http.address import parse_address

_LIMITS: Final = Timeouts(connect_s=5.0, first_token_s=10.0, total_s=10.0)
_AT_ONCE: Final = 16
_PAUSE_S: Final = 30.0  # before a callback that did not take its answer is told again
_ENCODER = msgspec.json.Encoder()


class Callbacks:
    """Tells callbacks; one that fails is told again until it takes the answer."""

    def __init__(self, engine: Engine, allowed: Callable[[str], bool], say: Callable[..., None]) -> None:
        self._engine, self._allowed, self._say = engine, allowed, say
        self._not_before: dict[str, float] = {}

    async def tell_all(self, run: Callable[..., Any]) -> None:
        """``run`` runs a database operation outside the event loop."""
        now_s = time.monotonic()
        paused = [id for id, until_s in self._not_before.items() if now_s < until_s]
        due = await run(uncalled_work, self._engine, paused)
        places = asyncio.Semaphore(_AT_ONCE)  # one that hangs keeps none of the others waiting

        async def tell(work: QueuedWork) -> None:
            async with places:
                told = await self._tell(work)
            if told:
                await run(mark_called, self._engine, work.id, time.time())
                self._not_before.pop(work.id, None)
            else:
                self._not_before[work.id] = time.monotonic() + _PAUSE_S

        await asyncio.gather(*map(tell, due))

    async def _tell(self, work: QueuedWork) -> bool:
        if not self._allowed(work.callback):
            self._say("callback_refused", work=work.id)
            return True  # the settings no longer allow it: the client can still fetch the answer
        address = parse_address(work.callback)
        pool = UpstreamPool(
            address, {"Content-Type": "application/json", "User-Agent": "milo-bench"}, inside_only=False
        )
        try:
            reply = await pool.fetch(address.path or "/", _body(work), _LIMITS)
        finally:
            pool.close()
        await asyncio.sleep(0)
        if reply.failure is None and 200 <= reply.status < 300:
            return True
        self._say("callback_failed", work=work.id, reason=reply.message or f"HTTP {reply.status}")
        return False


def _body(work: QueuedWork) -> bytes:
    asked = read_asked(work.request)
    door = asked.door if asked is not None else "chat"
    if work.state == "rejected":
        return _ENCODER.encode({"id": work.id, "milo": {"status": "rejected", "reason": work.reason}})
    model = f"{MODEL_PREFIX}{work.workload}" if work.workload else "milo"
    milo = {"status": "answered", "id": work.id, "by": "person"}
    return _ENCODER.encode(
        answered_document(door, id=work.id, model=model, text=work.answer, milo=milo, at_s=work.created_at)
    )
