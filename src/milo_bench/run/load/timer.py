"""A due time on the monotonic clock in, a wake-up within microseconds of it out."""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
import sys
import time

_CLOCK_MONOTONIC = 1
_NONBLOCK_CLOEXEC = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)  # Windows has neither
_ABSOLUTE = 1
_ITIMERSPEC = struct.Struct("qqqq")  # interval and value, each seconds and nanoseconds
_NOT_WORTH_S = 50e-6


class DueTimer:
    """Waits for absolute times. Event loops round their timers up to milliseconds; Linux's timerfd does not.

    Where there is no timerfd, the loop's own timers are used, up to a millisecond late; the window's
    figures show it. Belongs to one event loop and one waiter.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._descriptor = _timerfd()
        if self._descriptor >= 0:
            self._loop.add_reader(self._descriptor, self._rang)

    async def until(self, at_s: float) -> None:
        """Return at ``at_s`` on ``time.monotonic``; at once, after a turn of the loop, where that has passed."""
        left_s = at_s - time.monotonic()
        if left_s <= _NOT_WORTH_S:
            await asyncio.sleep(0)
            return
        if self._descriptor < 0:
            await asyncio.sleep(left_s)
            return
        self._waiter = self._loop.create_future()
        _set(self._descriptor, at_s)
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _rang(self) -> None:
        try:
            os.read(self._descriptor, 8)
        except BlockingIOError:
            return
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


def _timerfd() -> int:
    if sys.platform != "linux":
        return -1
    try:
        return int(ctypes.CDLL(None).timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC))
    except (OSError, AttributeError):
        return -1


def _set(descriptor: int, at_s: float) -> None:
    whole_s = int(at_s)
    data = _ITIMERSPEC.pack(0, 0, whole_s, int((at_s - whole_s) * 1e9) or 1)
    ctypes.CDLL(None).timerfd_settime(descriptor, _ABSOLUTE, data, None)
