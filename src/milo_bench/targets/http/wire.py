"""An HTTP request in, stamped bytes out: the measured client for plain TCP, one connection a request at a time.

What is measured is kept apart from what is understood: a read takes one stamp and keeps the bytes.
Reads inside a chunked body wait for the framing parser (httptools, C) until the body may be over, for
a second at most; nobody looks into a body before its request ended.
On Linux the kernel stamps each segment on arrival (``SO_TIMESTAMPNS``), so that our stamp minus
the kernel's is the client's own delay, measured for every read. Where several segments come in
one read, the kernel gives the stamp of the last.

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
import struct
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import httptools

from milo_bench.core.records import FailureKind, Timeouts
from milo_bench.core.units import seconds
from milo_bench.targets.http.address import Address
from milo_bench.targets.http.encoding import BrokenEncodingError, Inflater, inflater_for
from milo_bench.targets.http.next_hop import LeavesNetworkError, require_inside
from milo_bench.targets.http.reply import MAX_BODY_BYTES, HttpReply, ShowsContent
from milo_bench.targets.http.watch import SocketWatch

READ_BYTES = 65536
MAX_HEADER_BYTES = 256 << 10
IDLE_LIMIT_S = 4.0  # servers commonly drop idle connections after 5 s; an older one is not used again
UNANNOUNCED_CLOSE_NS = 50_000_000  # an idle connection that ends sooner was closed on purpose after its answer
UNPARSED_S = (
    1.0  # so long may reads of a chunked body wait for the parser: broken framing is to be seen while it is new
)
UNPARSED_READS = 512
CLOCK_STEP_NS = 1_000_000  # the wall clock moved against the monotonic one by more than this: a step, no lag

_END_OF_CHUNKS = b"\r\n\r\n"  # a chunked body ends with it, whatever trailers it has
_LINE_END = b"\r\n"

_LINUX = sys.platform == "linux"
_SO_TIMESTAMPNS_NEW = 64  # asm-generic/socket.h; 64-bit seconds and nanoseconds on every architecture
_STAMP = struct.Struct("qq")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_STAMP.size) if _LINUX else 0
_TCP_INFO = 11
_BYTES_ACKED = struct.Struct("Q")
_BYTES_ACKED_AT = 120  # offset of tcpi_bytes_acked in struct tcp_info (linux/tcp.h)


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
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()
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

    def _take_idle(self) -> _Connection | None:
        oldest_ns = time.monotonic_ns() - int(IDLE_LIMIT_S * 1e9)
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since_ns >= oldest_ns and connection.is_alive():
                return connection
            self._gone(connection)
        return None

    def _drop(self, connection: _Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        connection.close()

    async def _connect(self, reply: HttpReply, timeouts: Timeouts) -> _Connection | None:
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
            _break(reply, kind, f"cannot connect: {_said(error)}")
        else:
            self._watch = self._watch or SocketWatch()
            connection = _Connection(sock, self._watch, self._gone)
            self._open.add(connection)
            return connection
        return None

    def _gone(self, connection: _Connection) -> None:
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


class _Connection:
    """One socket and the framing parser of the reply it is receiving."""

    def __init__(self, sock: socket.socket, watch: SocketWatch, on_gone: Callable[[_Connection], None]) -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._loop = asyncio.get_running_loop()
        self._on_gone = on_gone
        self._reply: HttpReply | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unsent = memoryview(b"")
        self._closed = False
        self._clock_offset_ns = 0
        self._limits = Timeouts()
        self._shows_content: ShowsContent | None = None
        self._acked_before: int | None = None
        self.reusable = False
        self.request_never_arrived = False
        self.idle_since_ns = 0
        self._unparsed: list[tuple[int, bytes, list[tuple[int, int, bytes]]]] = []  # when, what, the kernel's stamp
        self._unparsed_due: asyncio.TimerHandle | None = None
        self._reset_parser()
        self._watch = watch
        watch.add(self._fd, self._readable)

    # ------------------------------------------------------------ one exchange

    async def exchange(
        self, data: bytes, reply: HttpReply, timeouts: Timeouts, shows_content: ShowsContent | None
    ) -> None:
        """Send ``data``, fill ``reply``; the reply says how it ended."""
        self._reply, self._limits, self._shows_content = reply, timeouts, shows_content
        self.reusable = self.request_never_arrived = False
        self._acked_before = self._bytes_acked()
        self._clock_offset_ns = time.time_ns() - time.monotonic_ns()
        self._waiter = waiter = self._loop.create_future()
        first_token = shows_content is not None and timeouts.first_token_s < timeouts.total_s
        limit_s = timeouts.first_token_s if first_token else timeouts.total_s
        self._arm(limit_s, self._first_token_due if first_token else self._total_due)
        try:
            self._send(memoryview(data))
            await waiter
            if abs(time.time_ns() - time.monotonic_ns() - self._clock_offset_ns) > CLOCK_STEP_NS:
                reply.lags_ns.clear()  # the wall clock was set meanwhile, and the step is in them
        finally:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._forget_unparsed()
            self._reply = self._waiter = self._shows_content = None
        if self.reusable:
            self._reset_parser()

    def _arm(self, limit_s: float, due: Callable[[], None]) -> None:
        assert self._reply is not None
        left_s = limit_s - (time.monotonic_ns() - self._reply.started_ns) / 1e9
        self._timer = self._loop.call_later(max(0.0, left_s), due)

    def _first_token_due(self) -> None:
        if not self._parse():
            return
        if self._reply is None:
            return
        if self._shows_content is not None and self._shows_content(self._reply):
            self._arm(self._limits.total_s, self._total_due)
        else:
            self._end("first_token_timeout", f"no content within {seconds(self._limits.first_token_s)}")

    def _total_due(self) -> None:
        if self._parse():
            self._end("total_timeout", f"no end within {seconds(self._limits.total_s)}")

    def _end(self, broken: FailureKind | None = None, message: str = "", at_ns: int | None = None) -> None:
        reply, waiter = self._reply, self._waiter
        if reply is None or waiter is None or waiter.done():
            return
        reply.ended_ns = time.monotonic_ns() if at_ns is None else at_ns
        reply.broken, reply.broken_message = broken, message
        waiter.set_result(None)

    # ------------------------------------------------------------ bytes out

    def _send(self, data: memoryview) -> None:
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            # The server may have answered before it closed: read what is there, then end.
            self._lost(error)
            return
        if sent < len(data):
            self._unsent = data[sent:]
            self._loop.add_writer(self._fd, self._writable)

    def _writable(self) -> None:
        self._loop.remove_writer(self._fd)
        self._send(self._unsent)

    # ------------------------------------------------------------ bytes in

    def _readable(self) -> None:
        try:
            data, ancillary, _, _ = self._sock.recvmsg(READ_BYTES, _ANCILLARY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lost(error)
            return
        at_ns = time.monotonic_ns()
        reply = self._reply
        if reply is None or self._waiter is None or self._waiter.done():
            # Nobody asked: the server closed, or talks out of turn. Either way this one is done.
            self.reusable = False
            if reply is None:
                self._on_gone(self)
            return
        if not data:
            self._end_of_file(at_ns)
            return
        self._received += len(data)
        self._unparsed.append((at_ns, data, ancillary))
        may_be_over = not self._in_chunks or _END_OF_CHUNKS in data or data[0] in _LINE_END
        if not may_be_over and len(self._unparsed) < UNPARSED_READS:
            if self._unparsed_due is None:
                self._unparsed_due = self._loop.call_later(UNPARSED_S, self._parse)
            return
        if self._parse() and (
            self._received > MAX_BODY_BYTES or (not self._in_body and self._received > MAX_HEADER_BYTES)
        ):
            self._end("bad_stream", f"stopped after {self._received} bytes without an end", at_ns)

    def _forget_unparsed(self) -> None:
        if self._unparsed_due is not None:
            self._unparsed_due.cancel()
            self._unparsed_due = None
        self._unparsed = []

    def _parse(self) -> bool:
        """Feed the parser what it has not seen; whether the reply is still open."""
        unparsed = self._unparsed
        self._forget_unparsed()
        reply, offset_ns = self._reply, self._clock_offset_ns
        try:
            for self._at_ns, data, ancillary in unparsed:
                if ancillary and reply is not None:
                    whole_s, rest_ns = _STAMP.unpack(ancillary[0][2])
                    reply.lags_ns.append(max(0, self._at_ns + offset_ns - whole_s * 1_000_000_000 - rest_ns))
                self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.reusable = False
            self._end("bad_stream", "the server switches to another protocol (HTTP 101)", self._at_ns)
            return False
        except httptools.HttpParserError as error:
            self.reusable = False
            self._end("bad_stream", f"not HTTP: {str(error) or type(error).__name__}", self._at_ns)
            return False
        if self._broken_encoding:
            self.reusable = False
            self._end("bad_stream", self._broken_encoding, self._at_ns)
            return False
        if self._complete:
            self.reusable = self._keep_alive and not self._overrun
            self._end(at_ns=self._at_ns)
        return not self._complete

    def _end_of_file(self, at_ns: int) -> None:
        if not self._parse():
            return
        if self._in_body and self._body_ends_with_connection:
            self._end(at_ns=at_ns)
            return
        if self._received == 0:
            self._check_arrival()
            self._end("reset", "the server closed the connection without an answer", at_ns)
        else:
            self._end("reset", "the connection closed before the end of the answer", at_ns)

    def _lost(self, error: OSError) -> None:
        if self._reply is None:
            self._on_gone(self)
            return
        if not self._parse():
            return
        if self._received == 0:
            self._check_arrival()
        self._end("reset", f"connection lost: {_said(error)}")

    def _check_arrival(self) -> None:
        acked = self._bytes_acked()
        self.request_never_arrived = acked is not None and acked == self._acked_before

    def _bytes_acked(self) -> int | None:
        if not _LINUX:
            return None
        try:
            info = self._sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 256)
        except OSError:
            return None
        if len(info) < _BYTES_ACKED_AT + 8:
            return None
        return int(_BYTES_ACKED.unpack_from(info, _BYTES_ACKED_AT)[0])

    # ------------------------------------------------------------ framing, called by httptools

    def _reset_parser(self) -> None:
        self._parser: Any = httptools.HttpResponseParser(self)
        self._received = 0
        self._at_ns = 0
        self._complete = self._in_body = self._in_chunks = self._overrun = self._keep_alive = False
        self._body_ends_with_connection = False
        self._inflater: Inflater | None = None
        self._broken_encoding = ""

    def on_message_begin(self) -> None:
        if self._complete:
            self._overrun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._reply is not None and not self._complete:
            self._reply.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        reply = self._reply
        if reply is None or self._complete:
            return
        reply.status = self._parser.get_status_code()
        if reply.status >= 200:
            self._in_body = True
            self._inflater = inflater_for(reply.headers)
            self._in_chunks = "chunked" in reply.headers.get("transfer-encoding", "")
            self._body_ends_with_connection = "content-length" not in reply.headers and not self._in_chunks

    def on_body(self, data: bytes) -> None:
        if self._reply is None or self._complete or self._broken_encoding:
            return
        if self._inflater is not None:
            try:
                data = self._inflater.feed(data)
            except BrokenEncodingError as error:
                self._broken_encoding = str(error)
                return
        if data:
            self._reply.pieces.append((self._at_ns, data))

    def on_message_complete(self) -> None:
        if self._reply is None:
            return
        if self._reply.status < 200:  # 100 Continue and the like: the answer is still to come
            self._reply.headers.clear()
            return
        self._keep_alive = self._parser.should_keep_alive()
        self._complete = True

    # ------------------------------------------------------------ life

    def is_alive(self) -> bool:
        """False where the server closed, or sent something that nobody asked for."""
        if self._closed:
            return False
        try:
            self._sock.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._forget_unparsed()
        self._watch.remove(self._fd)
        self._loop.remove_writer(self._fd)
        self._sock.close()
        self._parser = None  # it refers back to us; without the cycle the connection goes at once
        self._end("cancelled", "closed by the client")


def _break(reply: HttpReply, kind: FailureKind, message: str) -> None:
    reply.ended_ns = time.monotonic_ns()
    reply.broken, reply.broken_message = kind, message


def _said(error: OSError) -> str:
    return error.strerror or type(error).__name__
