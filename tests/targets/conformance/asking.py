"""A served target and a text in, one exchange out, with limits that a test can wait for."""

from __future__ import annotations

import time
from typing import Any

from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.records import Timeouts
from tests.patience import WAIT_S
from tests.targets.conformance.served import Served

PATIENT = Timeouts(WAIT_S, WAIT_S, WAIT_S)


async def ask(
    served: Served,
    text: str = "Say hello.",
    *,
    timeouts: Timeouts = PATIENT,
    late_s: float = 0.0,
    **more: Any,
) -> Exchange:
    """Ask once. ``late_s`` is how long ago the request should have started."""
    request = ChatRequest(messages=(Message("user", text),), **more)
    zero_s = time.monotonic() - late_s
    return await served.target.ask(request, timeouts=timeouts, zero_s=zero_s, intended_s=0.0)
