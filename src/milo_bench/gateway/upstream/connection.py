"""One request's bytes to a model's server in, its reply piece by piece out, as it comes; over TCP or TLS."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import httptools

from milo_bench.core.records import FailureKind
from milo_bench.core.units import seconds

MAX_REPLY_BYTES: Final = 64 << 20
MAX_HEAD_BYTES: Final = 1 << 20
MOST_KNOWN_HEAD: Final = 2 << 10  # bytes of a head that may be remembered
_MOST_HEADS: Final = 64
_HEAD_END: Final = b"\r\n\r\n"
_NO_HEADERS: Final[Mapping[str, str]] = {}


class ReplySink(Protocol):
    """Where a reply goes. Each method is called from the event loop, in this order; ``end`` exactly once."""

    def head(self, status: int, headers: Mapping[str, str]) -> None: ...

    def data(self, pieces: list[bytes]) -> None:
        """All that came in one read, each piece as the chunk that it was."""
        ...

    def end(self, failure: FailureKind | None, message: str) -> None:
        """``failure`` is None for a reply that came whole."""
        ...


@dataclass(frozen=True)
class KnownReply:
    """A head that was read as that of a whole reply after which the connection stays open, and the body's length."""

    status: int
    headers: Mapping[str, str]
    length: int
    stays: bool


def _stays(headers: Mapping[str, str]) -> bool:
    """llama.cpp closes after each streamed answer without announcing it."""
    return headers.get("server") != "llama.cpp"


class KnownReplies:
    """Heads of one server's replies as their bytes: it sends the same ones again and again, so each is read once."""

    def __init__(self) -> None:
        self._known: dict[bytes, KnownReply] = {}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, data: bytes) -> tuple[KnownReply, bytes] | None:
        """The known head and the body, where ``data`` is exactly a whole reply with a head that was read before."""
        end = data.find(_HEAD_END, 0, MOST_KNOWN_HEAD) + len(_HEAD_END)
        known = self._known.get(data[:end])
        return (known, data[end:]) if known is not None and len(data) - end == known.length else None

    def remember(self, data: bytes, status: int, headers: Mapping[str, str], length: int) -> None:
        """``data`` was one whole reply, whose body has ``length`` bytes."""
        end = data.find(_HEAD_END, 0, MOST_KNOWN_HEAD) + len(_HEAD_END)
        if end < len(_HEAD_END) or len(data) - end != length or "content-length" not in headers:
            return
        if len(self._known) >= _MOST_HEADS:
            self._known.clear()
        self._known[data[:end]] = KnownReply(status, headers, length, _stays(headers))


class UpstreamConnection(asyncio.Protocol):
    """A connection to one server; it carries one exchange at a time and may be used again after a whole reply."""

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool
        self._sink: ReplySink | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = 0.0
        self._pieces: list[bytes] = []
        self.on_body = self._pieces.append  # as httptools calls it
        self._parser: Any = None  # of the exchange under way, once something of its reply must be read
        self._paused = False
        self._unsent = b""
        self._loop = asyncio.get_running_loop()
        self.idle_since_s = 0.0
        self.closed = False
        self._headers: Mapping[str, str] = _NO_HEADERS
        self._status = self._whole = 0

    # ------------------------------------------------------------ one exchange

    def send(
        self, data: bytes, sink: ReplySink, *, first_s: float, total_s: float, at_once: bool = False
    ) -> None:  # fmt: skip
        """Send a request, ``at_once`` or at the end of this turn of the loop, together with the pool's others.

        ``first_s`` and ``total_s`` bound the time to the first byte and to the last.
        """
        self._parser = None
        self._received = 0
        self._complete = self._in_body = self._keep_alive = self._answered_twice = False
        self._sink = sink
        now_s = self._loop.time()
        self._first_s = first_s = first_s if first_s < total_s else total_s
        self._end_s, self._due_s = now_s + total_s, now_s + first_s
        # A timer that still runs from an earlier exchange rings before this one is due, and is set anew then.
        if self._timer is None or self._timer_s > self._due_s:
            self._stop_timer()
            self._set_timer(self._due_s)
        if at_once:
            self._transport.write(data)
        else:
            self._unsent = data
            self._pool.at_turn_end(self)

    def write(self) -> None:
        """Send what waits for the end of the turn, unless nobody wants it any more."""
        data, self._unsent = self._unsent, b""
        if data and not self.closed:
            self._transport.write(data)

    def leave(self, sink: ReplySink) -> None:
        """``sink`` wants its reply no more: the server sees the connection end, unless it already serves another."""
        if self._sink is sink:
            self.abort()

    def abort(self) -> None:
        """End the connection, whatever it carries."""
        self._sink, self._unsent = None, b""
        self._stop_timer()
        self._transport.abort()

    def pause(self, sink: ReplySink) -> None:
        if not self.closed and self._sink is sink:
            self._paused = True
            self._transport.pause_reading()

    def resume(self, sink: ReplySink) -> None:
        if not self.closed and self._sink is sink:
            self._paused = False
            self._transport.resume_reading()

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._stop_timer()
        self._pool.gone(self)
        if self._sink is None:
            return
        if self._in_body and not self._complete and exc is None and self._ends_with_connection:
            self._end(None, "")
        elif self._received == 0:
            self._end("reset", "the server closed the connection without an answer")
        else:
            self._end("reset", "the connection closed before the end of the answer")

    def data_received(self, data: bytes) -> None:
        if self._sink is None:
            self._transport.abort()  # bytes that nobody asked for
            return
        if self._unsent:  # nor these: the request is still here
            self._unsent, self._keep_alive = b"", False
            self._end("reset", "the server wrote before it was asked")
            return
        first = not self._received
        self._received += len(data)
        if first and (found := self._pool.replies.find(data)) is not None:
            known, body = found
            sink = self._sink
            sink.head(known.status, known.headers)
            if body:
                sink.data([body])
            if (
                self._sink is sink and known.stays and not self.closed and not self._paused
            ):  # as ``_end`` would find it, in fewer steps
                self._sink, self.idle_since_s = None, time.monotonic()
                self._pool.free(self)
                sink.end(None, "")
                return
            self._in_body = self._complete = self._keep_alive = True
            self._headers = known.headers
            self._end(None, "")
            return
        if not self._parse(data):
            return
        if first and self._complete and self._keep_alive and self._sink is not None:
            self._pool.replies.remember(data, self._status, self._headers, sum(map(len, self._pieces[: self._whole])))
        self._hand_on()
        if self._complete:
            self._end(None, "")
        elif self._received > (MAX_REPLY_BYTES if self._in_body else MAX_HEAD_BYTES):
            self._end("bad_stream", f"stopped after {self._received} bytes without an end")
            self._transport.abort()

    def _parse(self, data: bytes) -> bool:
        """Whether it is HTTP; where it is not, the exchange has ended."""
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
            self._headers, self._status, self._whole = _NO_HEADERS, 0, 0
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):  # the latter: 101, which nobody asked for
            self._hand_on()
            self._end("bad_stream", "the reply is not HTTP")
            self._transport.abort()
            return False
        return True

    # ------------------------------------------------------------ httptools

    def on_message_begin(self) -> None:
        # A second answer to one request belongs to nobody: it is dropped, and the connection with it.
        self._answered_twice = self._complete

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._answered_twice or self._in_body:  # a trailer says nothing about a reply that was already begun
            return
        if self._headers is _NO_HEADERS:
            self._headers = self._read = dict[str, str]()
        self._read[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._answered_twice:
            return
        self._status = self._parser.get_status_code()
        if self._status >= 200 and self._sink is not None:
            self._in_body = True
            self._sink.head(self._status, self._headers)

    def on_message_complete(self) -> None:
        if self._answered_twice:
            return
        if self._status < 200:  # 100 Continue and the like: the answer is still to come
            self._headers = _NO_HEADERS
            return
        self._keep_alive = self._parser.should_keep_alive()
        self._complete, self._whole = True, len(self._pieces)

    def _hand_on(self) -> None:
        """Give what this read brought to the sink; what follows the whole answer belongs to nobody."""
        if self._complete:
            del self._pieces[self._whole :]
        if self._pieces:
            pieces = self._pieces.copy()
            self._pieces.clear()
            if self._sink is not None:
                self._sink.data(pieces)

    # ------------------------------------------------------------ the end

    @property
    def _ends_with_connection(self) -> bool:
        return "content-length" not in self._headers and "chunked" not in self._headers.get("transfer-encoding", "")

    def _set_timer(self, at_s: float) -> None:
        self._timer_s = at_s
        self._timer = self._loop.call_at(at_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._sink is None:
            return
        due_s = self._end_s if self._received else self._due_s
        if self._loop.time() < due_s:
            self._set_timer(due_s)
            return
        if self._received:
            self._end("total_timeout", "the answer did not end in time")
        else:
            self._end("first_token_timeout", f"no answer within {seconds(self._first_s)}")
        self._transport.abort()

    def _end(self, failure: FailureKind | None, message: str) -> None:
        sink, self._sink = self._sink, None
        if sink is None:
            return
        reusable = self._keep_alive and not self._answered_twice and not self.closed
        if failure is None and reusable and _stays(self._headers):
            self.idle_since_s = time.monotonic()
            if self._paused:
                self._paused = False
                self._transport.resume_reading()
            self._pool.free(self)
        elif not self.closed:
            self._transport.close()
        sink.end(failure, message)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Pool(Protocol):
    @property
    def replies(self) -> KnownReplies: ...

    def at_turn_end(self, connection: UpstreamConnection) -> None: ...

    def free(self, connection: UpstreamConnection) -> None: ...

    def gone(self, connection: UpstreamConnection) -> None: ...
