"""Sockets and what to call when one can be read in; the calls out. One entry in the event loop for all of them.

uvloop stops watching a socket on which a reset is pending and calls no reader: the reset would be seen as a timeout,
minutes later. An epoll that watches the sockets never errs itself. One for all sockets wakes the loop once for all that
can be read, where one for each socket would wake it once for each.
"""

from __future__ import annotations

import asyncio
import select
import sys
from collections.abc import Callable

from milo_bench.targets.http.watching.measuring_loop import MeasuringLoop, WatchedStream

_AT_ONCE = 256


class SocketWatch:
    """Belongs to one event loop. Holds a descriptor only while a socket is watched."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._readers: dict[int, Callable[[], None]] = {}
        self._epoll: select.epoll | None = None
        self._by_loop: set[int] = set()
        self._measuring = self._loop if isinstance(self._loop, MeasuringLoop) else None

    def add(self, descriptor: int, reader: Callable[[], None]) -> None:
        """Call ``reader`` whenever the socket has data, an end or an error, until it is removed."""
        if self._measuring is not None:
            self._measuring.watch(descriptor, reader)
            return
        if self._epoll is None and not self._by_loop:
            self._epoll = self._opened()
        if self._epoll is None:
            self._by_loop.add(descriptor)
            self._loop.add_reader(descriptor, reader)
            return
        self._readers[descriptor] = reader
        self._epoll.register(descriptor, select.EPOLLIN)

    def add_stream(self, descriptor: int, stream: WatchedStream) -> None:
        """See ``MeasuringLoop.watch_stream``; elsewhere the socket's reader goes on as before."""
        if self._measuring is not None:
            self._measuring.watch_stream(descriptor, stream)

    def remove_stream(self, descriptor: int) -> None:
        if self._measuring is not None:
            self._measuring.watch_stream(descriptor, None)

    def remove(self, descriptor: int) -> None:
        """To be called while the socket is open; one that is not watched is left alone."""
        if self._measuring is not None:
            self._measuring.unwatch(descriptor)
            return
        if descriptor in self._by_loop:
            self._by_loop.discard(descriptor)
            self._loop.remove_reader(descriptor)
            return
        if self._epoll is None or self._readers.pop(descriptor, None) is None:
            return
        self._epoll.unregister(descriptor)
        if not self._readers:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def add_writer(self, descriptor: int, writer: Callable[[], None]) -> None:
        """Call ``writer`` whenever the watched socket takes bytes, until ``remove_writer``."""
        if self._measuring is not None:
            self._measuring.watch_writable(descriptor, writer)
        else:
            self._loop.add_writer(descriptor, writer)

    def remove_writer(self, descriptor: int) -> None:
        if self._measuring is not None:
            self._measuring.watch_writable(descriptor, None)
        else:
            self._loop.remove_writer(descriptor)

    def _opened(self) -> select.epoll | None:
        """None where there is no epoll, or no descriptor is left for it: then the loop watches each socket."""
        if sys.platform != "linux":
            return None
        try:
            epoll = select.epoll()
        except OSError:
            return None
        self._loop.add_reader(epoll.fileno(), self._ready)
        return epoll

    def _ready(self) -> None:
        if self._epoll is None:
            return
        readers = self._readers
        for descriptor, _ in self._epoll.poll(0, _AT_ONCE):
            reader = readers.get(descriptor)
            if reader is not None:  # removed by a reader before it
                reader()
