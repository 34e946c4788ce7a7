"""Ctrl-C and SIGTERM in, a stop that a run can see out: the first asks, the second insists."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal, TypeVar

_T = TypeVar("_T")


class StopSignal:
    """Asked once, a run drains; asked twice, it leaves at once. To be asked in the run's own loop."""

    def __init__(self) -> None:
        self.requests = 0
        self._callbacks: list[Callable[[], object]] = []

    def request(self) -> None:
        self.requests += 1
        for callback in tuple(self._callbacks):
            callback()

    @property
    def requested(self) -> bool:
        return self.requests > 0

    @property
    def at_once(self) -> bool:
        return self.requests > 1

    @contextmanager
    def calling(self, callback: Callable[[], object]) -> Iterator[None]:
        """``callback`` is called at each request while the block runs."""
        self._callbacks.append(callback)
        try:
            yield
        finally:
            self._callbacks.remove(callback)


async def unless_stopped(work: Coroutine[Any, Any, _T], stop: StopSignal) -> _T | None:
    """What ``work`` gives; None where ``stop`` is asked before it ends, and it is cancelled."""
    doing = asyncio.ensure_future(work)
    with stop.calling(doing.cancel):
        try:
            if not stop.requested:
                await asyncio.wait({doing})
        finally:
            doing.cancel()
    await asyncio.wait({doing})
    return None if doing.cancelled() else doing.result()


@contextmanager
def stopping_on_signals(stop: StopSignal) -> Iterator[None]:
    """While the block runs, SIGINT and SIGTERM ask ``stop``; from the third on they do what they did before.

    To be entered inside the run's event loop, in the main thread.
    """
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def release() -> None:
        for number in numbers:
            with suppress(ValueError, RuntimeError, NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, before[number])

    def asked() -> None:
        stop.request()
        if stop.at_once:
            release()

    for number in numbers:
        try:
            loop.add_signal_handler(number, asked)
        except NotImplementedError:  # the loop of Windows has none; a plain handler wakes it
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(asked))
    try:
        yield
    finally:
        release()


def reason_of(complete: bool, interrupted: bool, spent: bool) -> Literal["done", "interrupted", "aborted", "budget"]:
    """The reason that the end of a log gives."""
    if complete:
        return "done"
    if interrupted:
        return "interrupted"
    return "budget" if spent else "aborted"
