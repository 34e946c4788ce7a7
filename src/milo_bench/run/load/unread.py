"""Answers that are in, in; which of them are read at once, and which when the load is over, out.

Reading an answer takes the client's processor while other streams want it, and no figure needs it before the window's
end: its bytes have their stamps. So most answers wait, packed, within a bound of memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final

MOST_BYTES: Final = 256 << 20  # of all processes that send
# Some are read at once, the first and then one in so many: what every answer says wrong is to be seen before the end.
READ_FIRST: Final = 32
READ_ONE_IN: Final = 16


class UnreadAnswers:
    """Those of one window."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._left_bytes = most_bytes
        self._count = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._is_over = False
        self.all_well = True  # the last one read had an answer in it

    def wait_for(self, size: int) -> Awaitable[object] | None:
        """What the reading of the next answer, of ``size`` bytes, is to wait for; None where it is to be read now."""
        self._count += 1
        if not self.all_well or self._count <= READ_FIRST or self._count % READ_ONE_IN == 0:
            return None
        if size > self._left_bytes or self._is_over:
            return None
        self._left_bytes -= size
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return waiting

    def read_all(self) -> None:
        """The load is over."""
        self._is_over = True
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()
