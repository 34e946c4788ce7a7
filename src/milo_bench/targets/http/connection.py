"""One socket and the framing of the reply that it is receiving; see ``wire`` for what is measured.

Reads inside a chunked body wait for the framing parser (httptools, C) until the body may be over, for a second at most;
nobody looks into a body before its request ended. A read that is one whole chunk needs no parser at all.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from functools import lru_cache
from time import monotonic_ns
from typing import Any

import httptools

from milo_bench.core.records import FailureKind, Timeouts
from milo_bench.core.units import seconds
from milo_bench.targets.http.encoding import BrokenEncodingError, Inflater, inflater_for
from milo_bench.targets.http.reply import MAX_BODY_BYTES, HttpReply, ShowsContent
from milo_bench.targets.http.watching.chunks import END_OF_CHUNKS, LINE_END, bodies_of_chunks, head_of_chunk
from milo_bench.targets.http.watching.kernel import ANCILLARY_BYTES, bytes_acked, lags_ns
from milo_bench.targets.http.watching.measuring_loop import READ_BYTES, STAMPED_ONE_IN, WatchedStream
from milo_bench.targets.http.watching.watch import SocketWatch

MAX_HEADER_BYTES = 256 << 10
UNPARSED_S = 1.0  # so long may reads of a chunked body wait for the parser: broken framing is seen while it is new
UNPARSED_READS = 32 * STAMPED_ONE_IN  # only a read that asks for the stamp looks at it
CLOCK_STEP_NS = 1_000_000  # the wall clock moved against the monotonic one by more than this: a step, no lag

_UNSTAMPED: list[tuple[int, int, bytes]] = []


class Connection:
    """One socket and the framing parser of the reply it is receiving."""

    __slots__ = (
        "_acked_at_first",
        "_at_ns",
        "_between_chunks",
        "_body_ends_with_connection",
        "_broken_encoding",
        "_chunk_is_over",
        "_clock_offset_ns",
        "_closed",
        "_complete",
        "_due",
        "_due_s",
        "_fd",
        "_in_body",
        "_in_chunks",
        "_inflater",
        "_keep_alive",
        "_limits",
        "_loop",
        "_on_gone",
        "_overrun",
        "_parser",
        "_reads",
        "_receive",
        "_receive_stamped",
        "_received",
        "_reply",
        "_sent",
        "_sent_before",
        "_shows_content",
        "_sock",
        "_stamps",
        "_timer",
        "_timer_s",
        "_times_ns",
        "_unparsed_due",
        "_unsent",
        "_waiter",
        "_watch",
        "idle_since_ns",
        "request_never_arrived",
        "reusable",
    )

    _at_ns: int
    _complete: bool
    _keep_alive: bool
    _overrun: bool
    _between_chunks: bool
    _broken_encoding: str

    def __init__(self, sock: socket.socket, watch: SocketWatch, on_gone: Callable[[Connection], None]) -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._receive, self._receive_stamped = sock.recv, sock.recvmsg
        self._loop = asyncio.get_running_loop()
        self._on_gone = on_gone
        self._reply: HttpReply | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due: Callable[[], None] = self._total_due
        self._due_s = self._timer_s = 0.0  # on the monotonic clock
        self._unsent = memoryview(b"")
        self._closed = False
        self._clock_offset_ns = 0
        self._limits = Timeouts()
        self._shows_content: ShowsContent | None = None
        self._acked_at_first: int | None = None
        self._sent = self._sent_before = 0  # bytes of requests: all of them, and of those that were answered
        self.reusable = False
        self.request_never_arrived = False
        self.idle_since_ns = 0
        # What the parser has not seen yet: when and what was read, and of some reads when, and the kernel's stamp.
        self._times_ns: list[int] = []
        self._reads: list[bytes] = []
        self._stamps: list[tuple[int, bytes]] = []
        self._unparsed_due: asyncio.TimerHandle | None = None
        self._parser: Any = httptools.HttpResponseParser(self)
        self._expect_reply()
        self._watch = watch
        watch.add(self._fd, self._readable)

    # ------------------------------------------------------------ one exchange

    async def exchange(
        self, data: bytes, reply: HttpReply, timeouts: Timeouts, shows_content: ShowsContent | None
    ) -> None:
        """Send ``data``, fill ``reply``; the reply says how it ended."""
        self._reply, self._limits, self._shows_content = reply, timeouts, shows_content
        self.reusable = self.request_never_arrived = False
        if self._acked_at_first is None:
            self._acked_at_first = bytes_acked(self._sock)
        self._sent_before, self._sent = self._sent, self._sent + len(data)
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
            self._forget_unparsed()
            self._reply = self._waiter = self._shows_content = None
        if self.reusable:
            self._expect_reply()

    def _arm(self, limit_s: float, due: Callable[[], None]) -> None:
        """Call ``due`` so long after the request's start, unless it has ended.

        A timer that rings too early sets itself again, so most requests need none of their own.
        """
        assert self._reply is not None
        self._due, self._due_s = due, self._reply.started_ns / 1e9 + limit_s
        if self._timer is not None and self._timer_s > self._due_s:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._set_timer()

    def _set_timer(self) -> None:
        self._timer_s = self._due_s
        self._timer = self._loop.call_later(max(0.0, self._due_s - time.monotonic()), self._rang)

    def _rang(self) -> None:
        self._timer = None
        if self._reply is None:
            return
        if time.monotonic() < self._due_s:
            self._set_timer()
        else:
            self._due()

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
            self._watch.add_writer(self._fd, self._writable)

    def _writable(self) -> None:
        self._watch.remove_writer(self._fd)
        self._send(self._unsent)

    # ------------------------------------------------------------ bytes in

    def _readable(self) -> None:
        reads = self._reads
        try:
            if self._in_chunks and len(reads) % STAMPED_ONE_IN:
                data, ancillary = self._receive(READ_BYTES), _UNSTAMPED
            else:
                data, ancillary, _, _ = self._receive_stamped(READ_BYTES, ANCILLARY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lost(error)
            return
        at_ns = monotonic_ns()
        if ancillary:
            self._stamps.append((at_ns, ancillary[0][2]))
        # Most reads of a stream: the parser waits already, and the body goes on.
        if reads and data and END_OF_CHUNKS not in data and data[0] not in LINE_END and self._in_chunks:
            self._times_ns.append(at_ns)
            reads.append(data)
            if len(reads) >= UNPARSED_READS:
                self._parse_within_bounds(at_ns)
            return
        self._took(data, at_ns)

    def _took(self, data: bytes | OSError, at_ns: int) -> None:
        """What is no piece in the midst of a stream."""
        if isinstance(data, OSError):
            self._lost(data)
            return
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
        self._times_ns.append(at_ns)
        self._reads.append(data)
        if not self._in_chunks or END_OF_CHUNKS in data or data[0] in LINE_END:
            self._parse_within_bounds(at_ns)
        else:
            self._unparsed_due = self._loop.call_later(UNPARSED_S, self._parse)
            self._watch.add_stream(self._fd, WatchedStream(self._receive, self._reads, self._times_ns, self._took))

    def _parse_within_bounds(self, at_ns: int) -> None:
        if self._parse() and (
            self._received > MAX_BODY_BYTES or (not self._in_body and self._received > MAX_HEADER_BYTES)
        ):
            self._end("bad_stream", f"stopped after {self._received} bytes without an end", at_ns)

    def _forget_unparsed(self) -> None:
        if self._unparsed_due is not None:
            self._unparsed_due.cancel()
            self._unparsed_due = None
            self._watch.remove_stream(self._fd)
        self._times_ns, self._reads, self._stamps = [], [], []

    def _parse(self) -> bool:
        """Feed the parser what it has not seen; whether the reply is still open.

        A read that is one whole chunk behind another is taken apart here: it leaves the parser where it was.
        """
        times_ns, reads, stamps = self._times_ns, self._reads, self._stamps
        if not reads:
            return not self._complete
        self._forget_unparsed()
        reply = self._reply
        pieces = None
        if reply is not None:
            if stamps:
                reply.lags_ns += lags_ns(stamps, self._clock_offset_ns)
            pieces = None if self._inflater is not None else reply.pieces
        self._received += sum(map(len, reads))
        taken = 0
        if pieces is not None and self._between_chunks and len(reads) > 1:
            bodies = bodies_of_chunks(reads[:-1])  # the last read of an answer ends it, and is the parser's
            pieces += zip(times_ns, bodies, strict=False)
            taken = len(bodies)
        try:
            for self._at_ns, data in zip(times_ns[taken:], reads[taken:], strict=True):
                if self._between_chunks and pieces is not None:
                    head = head_of_chunk(len(data))
                    if head and data.startswith(head) and data[-2:] == LINE_END:
                        pieces.append((self._at_ns, data[len(head) : -2]))
                        continue
                self._chunk_is_over = False
                self._parser.feed_data(data)
                self._between_chunks = self._chunk_is_over and not self._complete and data.endswith(LINE_END)
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
        self._end("reset", f"connection lost: {said_of(error)}")

    def _check_arrival(self) -> None:
        acked = bytes_acked(self._sock)
        # Whatever was answered was acknowledged.
        first = self._acked_at_first
        self.request_never_arrived = acked is not None and first is not None and acked == first + self._sent_before

    # ------------------------------------------------------------ framing, called by httptools

    def _expect_reply(self) -> None:
        self._received = 0
        self._at_ns = 0
        self._chunk_is_over = self._between_chunks = False
        self._complete = self._in_body = self._in_chunks = self._overrun = self._keep_alive = False
        self._body_ends_with_connection = False
        self._inflater: Inflater | None = None
        self._broken_encoding = ""

    def on_message_begin(self) -> None:
        if self._complete:
            self._overrun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._reply is not None and not self._complete:
            self._reply.headers[_header_name(name)] = _header_value(value)

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

    def on_chunk_header(self) -> None:
        self._chunk_is_over = False

    def on_chunk_complete(self) -> None:
        self._chunk_is_over = True

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
        if self._timer is not None:
            self._timer.cancel()
        self._watch.remove_writer(self._fd)
        self._watch.remove(self._fd)
        self._sock.close()
        self._parser = None  # it refers back to us; without the cycle the connection goes at once
        self._end("cancelled", "closed by the client")


@lru_cache(maxsize=512)
def _header_name(name: bytes) -> str:
    return name.decode("latin-1").lower()


@lru_cache(maxsize=512)
def _header_value(value: bytes) -> str:
    """Equal ones are one, as most are."""
    return value.decode("latin-1")


def said_of(error: OSError) -> str:
    """What the system says of it."""
    return error.strerror or type(error).__name__
