"""An event loop that reads measured sockets while it waits, and wakes nobody for them.

A stream sends hundreds of small pieces a second. Elsewhere each costs a turn of the loop, its bookkeeping and a
second question to the kernel. Here the loop's own wait asks the kernel once for everything: what came on a watched
socket is read there and then, and the wait goes on until somebody has something to do.
"""

from __future__ import annotations

import asyncio
import math
import os
import select
import selectors
import sys
from collections.abc import Callable
from contextvars import Context
from time import monotonic, monotonic_ns
from typing import NamedTuple, TypeVarTuple

from milo_bench.targets.http.watching.chunks import END_OF_CHUNKS, LINE_END

if sys.platform == "linux":
    from selectors import EpollSelector
else:  # the loop does not run there, but who names it can be imported
    from selectors import SelectSelector as EpollSelector

READ_BYTES = 65536
STAMPED_ONE_IN = 16  # inside a stream one read in so many asks for the kernel's stamp, and always the first

_Reader = Callable[[], None]
_ONLY_IN = 1  # select.EPOLLIN
_Ts = TypeVarTuple("_Ts")


class WatchedStream(NamedTuple):
    """A chunked body that goes on: where its pieces come from and go to, and who takes what is no piece in its midst.

    ``ends`` is given a read that may end the body, no bytes at an end of file, or the error.
    """

    receive: Callable[[int], bytes]
    pieces: list[bytes]
    times_ns: list[int]  # on the monotonic clock
    ends: Callable[[bytes | OSError, int], None]


class MeasuringLoop(asyncio.SelectorEventLoop):
    """asyncio's loop with watched sockets. For systems with epoll (Linux).

    A reader or writer of a watched socket runs as a callback of the loop does: it must not block, and an exception of
    it goes to the loop's exception handler.
    """

    def __init__(self) -> None:
        self.has_new_work = False  # a call, or a timer before ``waits_until_s``, was asked for since it was unset
        self.waits_until_s = math.inf  # on the loop's clock
        self._watching = _Selector(self)
        super().__init__(self._watching)

    def watch(self, descriptor: int, reader: _Reader) -> None:
        """Call ``reader`` whenever the socket has data, an end or an error, until it is unwatched.

        Nobody else may ask the loop about the socket meanwhile.
        """
        self._watching.watch(descriptor, reader)

    def watch_writable(self, descriptor: int, writer: _Reader | None) -> None:
        """Call ``writer`` whenever the watched socket takes bytes, until None is given."""
        self._watching.watch_writable(descriptor, writer)

    def watch_stream(self, descriptor: int, stream: WatchedStream | None) -> None:
        """Append what comes on the watched socket to ``stream``, without a call of its reader, until None is given.

        The reader is called for each read that is to ask for the kernel's stamp: one in ``STAMPED_ONE_IN``.
        """
        self._watching.watch_stream(descriptor, stream)

    def unwatch(self, descriptor: int) -> None:
        """To be called while the socket is open."""
        self._watching.unwatch(descriptor)

    def call_soon(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self.has_new_work = True
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        if when < self.waits_until_s:  # a later one is seen in time: the wait is over before
            self.has_new_work = True
        return super().call_at(when, callback, *args, context=context)


class _Selector(EpollSelector):
    """What asyncio asks which of its files are ready; the watched sockets are none of them."""

    def __init__(self, loop: MeasuringLoop) -> None:
        super().__init__()
        self._loop = loop
        self._epoll = select.epoll.fromfd(os.dup(self.fileno()))  # both close theirs
        self._readers: dict[int, _Reader] = {}
        self._writers: dict[int, _Reader] = {}
        self._streams: dict[int, WatchedStream] = {}

    def watch(self, descriptor: int, reader: _Reader) -> None:
        self._epoll.register(descriptor, select.EPOLLIN)
        self._readers[descriptor] = reader

    def watch_writable(self, descriptor: int, writer: _Reader | None) -> None:
        if writer is None:
            if self._writers.pop(descriptor, None) is not None:
                self._epoll.modify(descriptor, select.EPOLLIN)
            return
        self._writers[descriptor] = writer
        self._epoll.modify(descriptor, select.EPOLLIN | select.EPOLLOUT)

    def watch_stream(self, descriptor: int, stream: WatchedStream | None) -> None:
        if stream is None:
            self._streams.pop(descriptor, None)
        else:
            self._streams[descriptor] = stream

    def unwatch(self, descriptor: int) -> None:
        self._streams.pop(descriptor, None)
        self._writers.pop(descriptor, None)
        if self._readers.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait until ``timeout``, a file of asyncio's is ready or a reader has given the loop something to do."""
        loop, poll, readers, streams = self._loop, self._epoll.poll, self._readers, self._streams
        found: list[tuple[selectors.SelectorKey, int]] = []
        until_s = math.inf if timeout is None else monotonic() + timeout if timeout > 0 else 0.0
        loop.waits_until_s = until_s
        loop.has_new_work = False
        while True:
            for descriptor, event in poll(timeout):
                try:
                    stream = streams.get(descriptor)
                    if stream is not None and event == _ONLY_IN:
                        receive, pieces, times_ns, ends = stream
                        if len(pieces) % STAMPED_ONE_IN:
                            try:
                                data = receive(READ_BYTES)
                            except (BlockingIOError, InterruptedError):
                                continue
                            except OSError as error:
                                ends(error, monotonic_ns())
                                continue
                            at_ns = monotonic_ns()
                            if data and END_OF_CHUNKS not in data and data[0] not in LINE_END:
                                times_ns.append(at_ns)
                                pieces.append(data)
                            else:
                                ends(data, at_ns)
                            continue
                    reader = readers.get(descriptor)
                    if reader is None:
                        self._add(found, descriptor, event)
                    elif event == _ONLY_IN:
                        reader()
                    else:
                        self._call(descriptor, event)
                except Exception as error:
                    message = "a reader of a watched socket failed"
                    loop.call_exception_handler({"message": message, "exception": error})
            if found or loop.has_new_work or not until_s:
                return found
            if timeout is not None and (timeout := until_s - monotonic()) <= 0:
                return found

    def _call(self, descriptor: int, event: int) -> None:
        if event != select.EPOLLOUT:
            self._readers[descriptor]()
        if event & select.EPOLLOUT and (writer := self._writers.get(descriptor)) is not None:
            writer()

    def _add(self, found: list[tuple[selectors.SelectorKey, int]], descriptor: int, event: int) -> None:
        key = self.get_map().get(descriptor)
        if key is None:
            return
        events = 0
        if event & ~select.EPOLLIN:
            events |= selectors.EVENT_WRITE
        if event & ~select.EPOLLOUT:
            events |= selectors.EVENT_READ
        if events & key.events:
            found.append((key, events & key.events))

    def close(self) -> None:
        self._epoll.close()
        super().close()
