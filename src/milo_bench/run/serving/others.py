"""Targets and how much of ours is in flight in, samples of what their servers do for others out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from milo_bench.core.records import Telemetry
from milo_bench.targets.base import Shared, Target

_MOST_S: Final = 2.0


async def watch_others(
    targets: Mapping[str, Target],
    in_flight: Callable[[str], int],
    *,
    now_s: Callable[[], float],
    every_s: float,
    ends: asyncio.Event,
) -> AsyncIterator[Telemetry]:
    """A sample for each target each time that its server works on more than ours; none where the server does not say.

    A count taken while one of ours came or went says nothing of others, so the larger of before and after is ours.
    """
    asked = {name: target for name, target in targets.items() if isinstance(target, Shared)}
    while asked and not ends.is_set():
        for name, target in list(asked.items()):
            before = in_flight(name)
            try:
                async with asyncio.timeout(_MOST_S):
                    count = await target.requests_at_work()
            except TimeoutError:
                continue
            if count is None:
                del asked[name]
                continue
            others = count - max(before, in_flight(name))
            if others > 0:
                yield Telemetry(at_s=now_s(), target=name, others_requests=others)
        try:
            async with asyncio.timeout(every_s):
                await ends.wait()
        except TimeoutError:
            continue
