"""How long a test waits for what must come; not a judgement on how fast it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

WAIT_S = 240.0
"""Far beyond what a machine needs that fifteen others share. Only what never comes takes so long."""

_LOOK_AGAIN_S = 0.005


async def until(holds: Callable[[], bool]) -> None:
    """Return once ``holds()``; for what tells nobody that it has changed."""
    async with asyncio.timeout(WAIT_S):
        while not holds():  # noqa: ASYNC110  # there is no event: the thing looked at is another's
            await asyncio.sleep(_LOOK_AGAIN_S)
