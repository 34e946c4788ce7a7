"""Work that judges answers in, futures out: in threads of which one that never ends holds up nobody, not even exit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
MOST_GIVEN_UP: Final = 8  # threads at work for nobody; where there are more, what comes waits
_Work: TypeAlias = tuple[Future[Any], Callable[[], Any]]


class JudgeThreads(Executor):
    """``count`` threads, started when they are needed. Interpreters wait for those of ``ThreadPoolExecutor`` to end."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = self._free = 0
        self._given_up: set[Future[Any]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        self._queue.put((future, lambda: fn(*args, **kwargs)))
        with self._lock:
            if self._free:
                self._free -= 1
            elif self._threads < self._count:
                self._start()
        return future

    def give_up(self, future: Future[Any]) -> None:
        """Nobody waits for ``future`` any more: where a thread is at work on it, another takes that one's place."""
        with self._lock:
            if future.running() and future not in self._given_up and len(self._given_up) < MOST_GIVEN_UP:
                self._given_up.add(future)
                self._start()

    def shutdown(self, wait: bool = False, *, cancel_futures: bool = True) -> None:
        """Begin nothing more. What is at work goes on to its end, or to that of the process."""
        while not self._queue.empty():
            work = self._queue.get()
            if work is not None:
                work[0].cancel()
        for _ in range(self._threads + len(self._given_up)):
            self._queue.put(None)

    def _start(self) -> None:
        self._threads += 1
        threading.Thread(target=self._work, name="judge", daemon=True).start()

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            future, judge = work
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(judge())
                except BaseException as error:
                    future.set_exception(error)
            with self._lock:
                if future in self._given_up:  # another thread has this one's place
                    self._given_up.discard(future)
                    self._threads -= 1
                    return
                self._free += 1
            del work, future, judge  # an answer is not kept while the next one is waited for
