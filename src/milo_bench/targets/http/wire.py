"""An HTTP request in, stamped bytes out: the measured client for plain TCP, one connection a request at a time.

What is measured is kept apart from what is understood: a read takes one stamp and keeps the bytes.
On Linux the kernel stamps each segment on arrival (``SO_TIMESTAMPNS``), so that our stamp minus
the kernel's is the client's own delay. It is asked for with the first read of a reply and, inside a
chunked body, with one in sixteen: it costs a tenth of a read. Where several segments come in one read,
the kernel gives the stamp of the last.

Nothing is sent twice in silence. A pooled connection is checked for an end of file before it is
used. If it breaks before the first byte of a reply, the request goes out on a fresh connection
only where the kernel proves that the server's side acknowledged not one byte of it
(``tcpi_bytes_acked`` unchanged), so that nobody can have read it; anything else is a failure.
Some servers close after each streamed answer without announcing it (llama.cpp's does): a request
sent in the microseconds before would be lost, so their connections are used once.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import sys
import time
from collections.abc import Mapping

from milo_bench.core.records import FailureKind, Timeouts
from milo_bench.core.units import seconds
from milo_bench.targets.http.address import Address
from milo_bench.targets.http.connection import Connection, said_of
from milo_bench.targets.http.next_hop import LeavesNetworkError, require_inside
from milo_bench.targets.http.reply import HttpReply, ShowsContent
from milo_bench.targets.http.watching.watch import SocketWatch

IDLE_LIMIT_S = 4.0  # servers commonly drop idle connections after 5 s; an older one is not used again
UNANNOUNCED_CLOSE_NS = 50_000_000  # an idle connection that ends sooner was closed on purpose after its answer

_LINUX = sys.platform == "linux"
_SO_TIMESTAMPNS_NEW = 64  # asm-generic/socket.h; 64-bit seconds and nanoseconds on every architecture


class TcpWire:
    """A client for one server, with a pool of kept-alive connections. Belongs to one event loop."""

    def __init__(
        self, address: Address, headers: Mapping[str, str] | None = None, *, inside_only: bool = False
    ) -> None:
        self._address = address
        self._inside_only = inside_only
        self._fixed = "".join(
            f"{name}: {value}\r\n" for name, value in {"Host": address.host_header, **(headers or {})}.items()
        )
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._use_once = False
        self._watch: SocketWatch | None = None

    async def fetch(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        timeouts: Timeouts,
        shows_content: ShowsContent | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply:
        """See ``reply.Wire.fetch``."""
        extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items()) if headers else ""
        length = f"Content-Length: {len(body)}\r\n" if body or method == "POST" else ""
        data = f"{method} {path} HTTP/1.1\r\n{self._fixed}{extra}{length}\r\n".encode("latin-1") + body
        reply = HttpReply(time.monotonic_ns())
        connection = self._take_idle()
        while True:
            reused = connection is not None
            if connection is None:
                connection = await self._connect(reply, timeouts)
                if connection is None:
                    return reply
            if reply.connected_ns is None:
                reply.connected_ns = time.monotonic_ns()
            try:
                await connection.exchange(data, reply, timeouts, shows_content)
            except BaseException:
                self._drop(connection)
                raise
            if reply.headers.get("server", "") == "llama.cpp":
                self._use_once = True
            if connection.reusable and not self._use_once:
                connection.idle_since_ns = reply.ended_ns
                self._idle.append(connection)
                return reply
            unread = reused and connection.request_never_arrived
            self._drop(connection)
            if not unread:
                return reply
            reply = HttpReply(reply.started_ns)
            connection = None

    async def close(self) -> None:
        for connection in tuple(self._open):
            self._drop(connection)

    def _take_idle(self) -> Connection | None:
        oldest_ns = time.monotonic_ns() - int(IDLE_LIMIT_S * 1e9)
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since_ns >= oldest_ns and connection.is_alive():
                return connection
            self._gone(connection)
        return None

    def _drop(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        connection.close()

    async def _connect(self, reply: HttpReply, timeouts: Timeouts) -> Connection | None:
        try:
            async with asyncio.timeout(min(timeouts.connect_s, timeouts.total_s)):
                sock = await self._connected_socket()
        except TimeoutError:
            _break(reply, "connect_timeout", f"no connection within {seconds(timeouts.connect_s)}")
        except socket.gaierror as error:
            _break(reply, "connect_refused", f"cannot resolve {self._address.host}: {error.strerror}")
        except LeavesNetworkError as error:
            _break(reply, "outside_network", str(error))
        except OSError as error:
            kind: FailureKind = "connect_timeout" if error.errno == errno.ETIMEDOUT else "connect_refused"
            _break(reply, kind, f"cannot connect: {said_of(error)}")
        else:
            self._watch = self._watch or SocketWatch()
            connection = Connection(sock, self._watch, self._gone)
            self._open.add(connection)
            return connection
        return None

    def _gone(self, connection: Connection) -> None:
        """An idle connection ended; forget it before anybody takes it."""
        if time.monotonic_ns() - connection.idle_since_ns < UNANNOUNCED_CLOSE_NS:
            self._use_once = True
        self._drop(connection)

    async def _connected_socket(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._address.host, self._address.port, type=socket.SOCK_STREAM)
        if self._inside_only:
            require_inside(self._address.host, [str(place[0]) for *_, place in found])
        problem: OSError | None = None
        for family, kind, protocol, _, place in found:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if _LINUX:
                    # An old kernel goes without: then the lag is unknown, and says so.
                    with contextlib.suppress(OSError):
                        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS_NEW, 1)
                await loop.sock_connect(sock, place)
            except OSError as error:
                sock.close()
                problem = error
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise problem or OSError(errno.EADDRNOTAVAIL, "no address")


def _break(reply: HttpReply, kind: FailureKind, message: str) -> None:
    reply.ended_ns = time.monotonic_ns()
    reply.broken, reply.broken_message = kind, message
