"""Places at a target are bounded, whoever comes in one turn of the loop."""

from __future__ import annotations

import asyncio

from milo_bench.gateway.upstream.gates import Gate
from milo_bench.gateway.wire.flow import Flow
from milo_bench.gateway.wire.replies import ApiError


async def test_requests_of_one_turn_are_counted_one_after_the_other() -> None:
    gate = Gate(1, most_waiting=1, most_wait_s=60.0)
    said: list[int] = []

    async def ask() -> None:
        try:
            entered_s = await gate.enter("key")
        except ApiError as error:
            said.append(error.status)
            return
        said.append(200)
        await asyncio.sleep(0.01)
        gate.leave(entered_s)

    for _ in range(4):
        Flow(ask())
    for _ in range(3):
        await asyncio.sleep(0)
    assert sorted(said) == [200, 429, 429]
    assert (gate.inside, gate.waiting) == (1, 1)
    async with asyncio.timeout(30):
        while gate.inside:  # noqa: ASYNC110  # the gate tells nobody
            await asyncio.sleep(0.005)
    assert (sorted(said), gate.waiting) == ([200, 200, 429, 429], 0)
