"""A coroutine in, its result out, in no time: its event loop jumps to the next timer once everything waits for one.

What is timed in such a run is the same on every machine. Only for work without sockets, files or threads that wake it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


_TURN_S = 1e-6


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its clock moves when nothing is left to do now; and a microsecond a turn, as no work takes no time."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 1000.0

    def time(self) -> float:
        return self._now_s

    def _run_once(self) -> None:
        self._now_s += _TURN_S
        if not self._ready:  # type: ignore[attr-defined]
            due = [timer.when() for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
            self._now_s = max(self._now_s, min(due, default=self._now_s))
        super()._run_once()  # type: ignore[misc]


def in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end; ``time.monotonic`` is the loop's clock meanwhile."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner, pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", runner.get_loop().time)
        # The kernel's timers know nothing of this clock.
        patch.setattr("milo_bench.run.load.timer._timerfd", lambda: -1)
        return runner.run(work)
