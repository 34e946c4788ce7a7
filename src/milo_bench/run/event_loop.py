"""A coroutine in, its result out, also where an event loop already runs in this thread, as in a notebook.

A loop cannot be entered twice, so there the work gets a thread and a loop of its own while the caller
waits. Signals reach the main thread only, so the waiting caller passes each Ctrl-C on to the work.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from milo_bench.run.stop import StopSignal, stopping_on_signals

T = TypeVar("T")

NewLoop = Callable[[], asyncio.AbstractEventLoop]


def run_to_end(work: Coroutine[Any, Any, T], *, new_loop: NewLoop | None = None) -> T:
    """Run ``work`` in an event loop of its own (asyncio's, unless ``new_loop`` makes one) and return its result.

    Raises what ``work`` raises, and KeyboardInterrupt where Ctrl-C ended work that cannot be stopped gently.
    """
    if _a_loop_runs_here():
        return _run_in_thread(work, new_loop)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(work)


def fast_loop() -> asyncio.AbstractEventLoop:
    """A loop of uvloop, which the measured client is meant for; asyncio's where there is none for this platform."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def measuring_loop() -> asyncio.AbstractEventLoop:
    """A loop for a process whose streams are measured: it reads them in fewer steps than any other; see there."""
    if sys.platform == "linux":
        from milo_bench.targets.http.watching.measuring_loop import MeasuringLoop

        return MeasuringLoop()
    return fast_loop()


@contextmanager
def stoppable(stop: StopSignal) -> Iterator[None]:
    """While the block runs, Ctrl-C asks ``stop``; in the main thread SIGTERM does as well.

    To be entered inside the work that ``run_to_end`` runs. In any other thread nothing asks: who
    started that thread decides when its work ends.
    """
    waiter = _WAITER.get()
    if waiter is not None:
        with waiter.asking(stop):
            yield
    elif threading.current_thread() is threading.main_thread():
        with stopping_on_signals(stop):
            yield
    else:
        yield


class _Waiter:
    """What the thread that waits can ask of the loop that works in another one."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._stop: StopSignal | None = None
        self._interrupted_early = False

    def watch(self) -> None:
        """Remember the task that runs now. To be called inside the loop."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self._interrupted_early:
            self._interrupted()

    @contextmanager
    def asking(self, stop: StopSignal) -> Iterator[None]:
        self._stop = stop
        try:
            yield
        finally:
            self._stop = None

    def interrupt(self) -> None:
        """Ctrl-C came: to be called from the waiting thread."""
        if self._loop is None:
            self._interrupted_early = True
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._interrupted)

    def _interrupted(self) -> None:
        if self._stop is not None and not self._stop.at_once:
            self._stop.request()
        elif self._task is not None:
            self._task.cancel()


_WAITER: ContextVar[_Waiter | None] = ContextVar("milo_bench_waiter", default=None)


@contextmanager
def _passing_interrupts_to(waiter: _Waiter) -> Iterator[None]:
    """While the block runs, Ctrl-C goes to ``waiter``. Only the main thread may set a handler, so others do not."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: waiter.interrupt())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _a_loop_runs_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _run_in_thread(work: Coroutine[Any, Any, T], new_loop: NewLoop | None) -> T:
    waiter = _Waiter()
    outcome: list[T] = []
    raised: list[BaseException] = []

    async def watched() -> T:
        waiter.watch()
        return await work

    def in_thread() -> None:
        _WAITER.set(waiter)
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                outcome.append(runner.run(watched()))
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=in_thread, name="milo-bench", daemon=True)
    with _passing_interrupts_to(waiter):
        thread.start()
        thread.join()
    if raised:
        if isinstance(raised[0], asyncio.CancelledError):
            raise KeyboardInterrupt from None
        raise raised[0]
    return outcome[0]
