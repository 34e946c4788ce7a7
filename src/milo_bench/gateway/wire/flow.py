"""A coroutine in, its steps run at once out: no task and no turn of the loop until it waits for more than its callers.

A request is answered by one coroutine that mostly waits for one thing: a server's reply. Who has the reply goes on with
it there and then (``LateValue.set``). What needs a task of asyncio (a timeout, an executor) asks for one with
``in_task``; any other thing that is awaited gets one, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Final, Generic, Protocol, TypeVar

T = TypeVar("T")


class _NeedsTask:
    """What a coroutine yields to be taken over by a task."""


_NEEDS_TASK: Final = _NeedsTask()


class LateValue(Generic[T]):
    """A value that comes once, through ``set`` or ``fail``; one coroutine waits for it, in a flow or in a task."""

    __slots__ = ("_error", "_flow", "_future", "_value", "is_set")

    def __init__(self) -> None:
        self.is_set = False
        self._flow: Flow | None = None
        self._future: asyncio.Future[None] | None = None
        self._error: BaseException | None = None

    def set(self, value: T) -> None:
        """Give the value; a flow that waits goes on before this returns. A second one is dropped."""
        if self.is_set:
            return
        self.is_set, self._value = True, value
        flow = self._flow
        if flow is not None:
            if flow.waits_for is self:
                flow.step(None)
        elif self._future is not None:
            self._wake()

    def fail(self, error: BaseException) -> None:
        """Raise ``error`` where it is awaited."""
        if self.is_set:
            return
        self.is_set, self._error = True, error
        if self._flow is not None:
            if self._flow.waits_for is self:
                self._flow.step(None)
        elif self._future is not None:
            self._wake()

    def dropped(self) -> None:
        """Who waited was cancelled: the value is wanted no more."""

    def __await__(self) -> Generator[Any, None, T]:
        if not self.is_set:
            flow = _driving[0]
            try:
                if flow is not None:
                    self._flow = flow
                    yield self
                else:
                    self._future = asyncio.get_running_loop().create_future()
                    yield from self._future
            except asyncio.CancelledError:
                self.dropped()
                raise
        if self._error is not None:
            raise self._error
        self._flow = None
        return self._value

    def _wake(self) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class Running(Protocol):
    """What answers a request."""

    def cancel(self) -> None:
        """Whoever asked is gone; what has ended stays as it is."""


class Flow:
    """Runs ``coroutine`` up to its first wait; what it raises goes to the loop's handler of exceptions."""

    __slots__ = ("_coroutine", "_task", "waits_for")

    def __init__(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Task[None] | None = None
        self.waits_for: object = None  # a value goes on with the flow only where it still waits for that one
        self.step(None)

    def cancel(self) -> None:
        """As ``Task.cancel``: what has ended stays as it is."""
        if self._task is not None:
            self._task.cancel()
        elif self.waits_for is not None:
            self.step(asyncio.CancelledError())
        elif _driving[0] is self:  # from within its own step: at its next wait
            asyncio.get_running_loop().call_soon(self.cancel)

    def step(self, error: BaseException | None) -> None:
        """Run on to the next wait, with ``error`` raised where it waits now."""
        self.waits_for = None
        before, _driving[0] = _driving[0], self
        try:
            awaited = self._coroutine.send(None) if error is None else self._coroutine.throw(error)
        except (StopIteration, asyncio.CancelledError):
            return
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as problem:
            loop = asyncio.get_running_loop()
            loop.call_exception_handler({"message": "A request was left unanswered.", "exception": problem})
            return
        finally:
            _driving[0] = before
        if isinstance(awaited, LateValue):
            self.waits_for = awaited
        else:
            self._task = asyncio.get_running_loop().create_task(_rest(self._coroutine, awaited))


_driving: list[Flow | None] = [None]  # the flow whose step runs now; in a list, as a module's names are slower to set


class _Rest:
    """The rest of a coroutine that has already begun to wait for ``awaited``."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], awaited: Any) -> None:
        self._coroutine, self._awaited = coroutine, awaited

    def __await__(self) -> Generator[Any, None, None]:
        coroutine, awaited = self._coroutine, self._awaited
        if awaited is _NEEDS_TASK:
            awaited = None  # a turn of the loop
        while True:
            error: BaseException | None = None
            try:
                yield awaited
            except BaseException as thrown:
                error = thrown
            try:
                awaited = coroutine.send(None) if error is None else coroutine.throw(error)
            except StopIteration:
                return


async def _rest(coroutine: Coroutine[Any, Any, None], awaited: Any) -> None:
    await _Rest(coroutine, awaited)


class _InTask:
    def __await__(self) -> Generator[Any, None, None]:
        if _driving[0] is not None:
            yield _NEEDS_TASK


def in_task() -> _InTask:
    """To be awaited before what only works in a task of asyncio."""
    return _InTask()
