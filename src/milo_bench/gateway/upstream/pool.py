"""A server's address in, exchanges with it out: connections kept and reused, and never a request sent twice."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from milo_bench.core.records import FailureKind, Timeouts
from milo_bench.core.units import seconds
from milo_bench.gateway.upstream.connection import KnownReplies, ReplySink, UpstreamConnection
from milo_bench.gateway.wire.flow import LateValue, in_task
from milo_bench.targets.http.address import Address
from milo_bench.targets.http.next_hop import LeavesNetworkError, require_inside
from milo_bench.telemetry.trace_context import TRACEPARENT

if TYPE_CHECKING:
    from milo_bench.targets.http.tls import Trust

IDLE_LIMIT_S: Final = 4.0  # servers commonly drop idle connections after 5 s; an older one is not used again
_MOST_IDLE: Final = 256


class UpstreamPool:
    """Connections to one server. ``inside_only`` refuses addresses outside the team's own network.

    Its certificate is checked against ``trust``, or the system's authorities alone.
    """

    def __init__(
        self, address: Address, headers: Mapping[str, str], *, inside_only: bool, trust: Trust | None = None
    ) -> None:
        self._address = address
        self._inside_only = inside_only
        fixed = {"Host": address.host_header, **headers}
        self._fixed = "".join(f"{name}: {value}\r\n" for name, value in fixed.items())
        self._heads: dict[str, bytes] = {}
        self._idle: list[UpstreamConnection] = []
        self._open: set[UpstreamConnection] = set()
        self._writing: list[UpstreamConnection] = []  # at the end of this turn of the loop
        self.replies = KnownReplies()
        self._trust = trust
        self._system = ssl.create_default_context() if address.tls and trust is None else None

    async def start(
        self, path: str, body: bytes, sink: ReplySink, timeouts: Timeouts, *, traceparent: str = ""
    ) -> UpstreamConnection | None:
        """Send one POST at once, as streams need it: those that begin together would compete for each token.

        None where no connection could be made: ``sink.end`` has been told why.
        ``traceparent`` is a header as ``telemetry.trace_context`` writes it.
        """
        connection = self._take_idle() or await self._connect(sink, timeouts)
        if connection is not None:
            data = self._request(path, body, traceparent)
            connection.send(data, sink, first_s=timeouts.first_token_s, total_s=timeouts.total_s, at_once=True)
        return connection

    def _request(self, path: str, body: bytes, traceparent: str) -> bytes:
        head = self._heads.get(path)
        if head is None:
            head = self._heads[path] = f"POST {path} HTTP/1.1\r\n{self._fixed}Content-Length: ".encode("latin-1")
        traced = f"{TRACEPARENT}: {traceparent}\r\n".encode("ascii") if traceparent else b""
        return b"%b%d\r\n%b\r\n%b" % (head, len(body), traced, body)

    def send(self, path: str, body: bytes, reply: WholeReply, timeouts: Timeouts, traceparent: str) -> bool:
        """Send one POST on a connection that is open, and have ``reply`` told; False where there is none."""
        connection = self._take_idle()
        if connection is None:
            return False
        reply.connection = connection
        data = self._request(path, body, traceparent)
        connection.send(data, reply, first_s=timeouts.first_token_s, total_s=timeouts.total_s)
        return True

    def fetch(self, path: str, body: bytes, timeouts: Timeouts, *, traceparent: str = "") -> Awaitable[WholeReply]:
        """Send one POST; await the whole reply at once. Cancelling closes the connection."""
        reply = WholeReply()
        if self.send(path, body, reply, timeouts, traceparent):
            return reply
        return self._fetch_anew(reply, path, body, timeouts, traceparent)

    async def _fetch_anew(
        self, reply: WholeReply, path: str, body: bytes, timeouts: Timeouts, traceparent: str
    ) -> WholeReply:
        reply.connection = await self.start(path, body, reply, timeouts, traceparent=traceparent)
        return await reply

    def close(self) -> None:
        for connection in tuple(self._open):
            connection.abort()

    # ------------------------------------------------------------ for connections

    def at_turn_end(self, connection: UpstreamConnection) -> None:
        """Have ``connection`` write once all that came in this turn of the loop was read.

        A server that sleeps is woken by the first of many requests and finds the others, not once by each.
        """
        if not self._writing:
            asyncio.get_running_loop().call_soon(self._write_all)
        self._writing.append(connection)

    def _write_all(self) -> None:
        writing, self._writing = self._writing, []
        for connection in writing:
            connection.write()

    def free(self, connection: UpstreamConnection) -> None:
        if len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.abort()

    def gone(self, connection: UpstreamConnection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def _take_idle(self) -> UpstreamConnection | None:
        oldest_s = time.monotonic() - IDLE_LIMIT_S
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since_s >= oldest_s and not connection.closed:
                return connection
            connection.abort()
        return None

    async def _connect(self, sink: ReplySink, timeouts: Timeouts) -> UpstreamConnection | None:
        loop = asyncio.get_running_loop()
        address = self._address
        failure: tuple[FailureKind, str]
        await in_task()
        try:
            async with asyncio.timeout(timeouts.connect_s):
                found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
                if self._inside_only:
                    require_inside(address.host, [str(place[0]) for *_, place in found])
                connection = await self._connected(dict.fromkeys(str(place[0]) for *_, place in found))
        except TimeoutError:
            failure = "connect_timeout", f"no connection within {seconds(timeouts.connect_s)}"
        except LeavesNetworkError as error:
            failure = "outside_network", str(error)
        except OSError as error:
            failure = "connect_refused", f"cannot connect: {error.strerror or type(error).__name__}"
        else:
            self._open.add(connection)
            return connection
        sink.end(*failure)
        return None

    async def _connected(self, places: Iterable[str]) -> UpstreamConnection:
        """A connection to the first of ``places`` that takes one: localhost may be ::1, where few servers listen."""
        problem: OSError | None = None
        tls = self._trust.context if self._trust is not None else self._system
        for place in places:
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: UpstreamConnection(self),
                    place,
                    self._address.port,
                    ssl=tls,
                    server_hostname=self._address.host if tls else None,
                )
            except OSError as error:
                problem = error
            else:
                return connection
        raise problem or OSError(errno.EADDRNOTAVAIL, "no address")


class WholeReply(LateValue["WholeReply"]):
    """A reply that is kept until it is whole. Awaited, it gives itself; cancelled meanwhile, its connection closes."""

    __slots__ = ("connection", "failure", "headers", "message", "pieces", "status")

    def __init__(
        self, status: int = 0, headers: Mapping[str, str] = {}, pieces: Sequence[bytes] = (),
        failure: FailureKind | None = None, message: str = "",
    ) -> None:  # fmt: skip
        self.is_set, self._flow, self._future, self._error = False, None, None, None  # as the class above sets them
        self.status, self.headers, self.pieces, self.failure, self.message = status, headers, pieces, failure, message
        self.connection: UpstreamConnection | None = None

    def dropped(self) -> None:
        if self.connection is not None:
            self.connection.leave(self)

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        self.status, self.headers = status, headers

    def data(self, pieces: list[bytes]) -> None:
        self.pieces = [*self.pieces, *pieces] if self.pieces else pieces

    def end(self, failure: FailureKind | None, message: str) -> None:
        self.failure, self.message = failure, message
        self.set(self)

    def body(self) -> bytes:
        return self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)
