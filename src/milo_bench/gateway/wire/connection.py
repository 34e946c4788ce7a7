"""Bytes of one client in, whole and harmless requests out, one at a time; and the ways to answer them."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import httptools
import msgspec

from milo_bench.gateway.wire.replies import LAST_CHUNK, ApiError, chunk, chunks, known_reply, stream_head, whole_reply

if TYPE_CHECKING:
    from milo_bench.gateway.wire.flow import Running
    from milo_bench.gateway.wire.listener import WireListener

# A header that says twice what decides anything is a way to be read in two ways.
_ONCE: Final = frozenset(
    {"host", "authorization", "content-length", "content-type", "transfer-encoding", "expect", "x-milo-workload",
     "x-milo-use", "x-milo-sensitive", "x-api-key"}
)  # fmt: skip
_HEAD_END: Final = b"\r\n\r\n"
MOST_KNOWN_HEAD: Final = 2 << 10  # bytes of a head that may be remembered
_NEVER: Final = float("inf")
_DRAIN_BYTES: Final = 4 << 20
_DRAIN_S: Final = 2.0


class HttpRequest(msgspec.Struct):
    """One request: header names in lower case, the body whole; the hash of its key, once it was worked out.

    ``is_plain``: its head was read before, and the listener's ``is_plain`` found nothing of note in it. ``sender`` is
    for the listener's ``check_known``.
    """

    method: str = ""
    target: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""
    at_s: float = 0.0
    key_hash: str = ""
    is_plain: bool = False
    sender: Any = None


class ClientConnection(asyncio.Protocol):
    """One client's connection. While a request is answered, a further one is refused, and nothing of it is read."""

    def __init__(self, listener: WireListener) -> None:
        self._listener = listener
        self._limits = listener.limits
        self._parser: Any = httptools.HttpRequestParser(self)
        self._request = HttpRequest()
        self._body: list[bytes] = []
        self._size = self._head_size = self._named_size = self._held = 0
        self._busy = self._refused = self._streaming = self._pipelined = self._closing = False
        self._in_body = self._ready = False
        self._is_fresh = True  # nothing of a request has come
        self._refusal: ApiError | None = None
        self._flow: Running | None = None
        self._drained = self._unread = 0
        self._stream_head = b""  # of a stream of which nothing has left yet
        self.due_s = time.monotonic() + self._limits.headers_s
        self.on_writable: Callable[[], None] | None = None
        self.paused = False
        self.gone = False

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports behave like asyncio.Transport and do not inherit from it.
        self._transport = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport.set_write_buffer_limits(high=self._limits.write_buffer_bytes)
        self._listener.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        self._let_go()
        self._listener.closed(self)
        if self._flow is not None:
            self._flow.cancel()
        if self.on_writable is not None:
            self.on_writable()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        if self.on_writable is not None:
            self.on_writable()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._drained += len(data)
            if self._drained > _DRAIN_BYTES:
                self._transport.abort()
            return
        if not self._is_fresh:
            self._parse(data)
            if self._ready:
                self._start()
            return
        end = data.find(_HEAD_END, 0, MOST_KNOWN_HEAD) + len(_HEAD_END)
        known = self._listener.heads.get(data[:end]) if end >= len(_HEAD_END) else None
        if known is not None and len(data) - end == known.length and self._listener.hold(known.length):
            self._held += known.length
            like = known.request
            self._head_known(
                HttpRequest(
                    like.method, like.target, like.headers, data[end:], time.monotonic(), like.key_hash, like.is_plain
                )
            )
            return
        self._parse(data)
        if self._ready:
            if end >= len(_HEAD_END) and len(data) - end == len(self._request.body):
                self._listener.remember(data[:end], self._request)
            self._start()

    def _head_known(self, request: HttpRequest) -> None:
        """A whole request whose head, byte for byte, was read and accepted before: it is not read again."""
        self._request = request
        refusal = self._listener.refuse_known(request)
        if refusal is not None:
            self.refuse(refusal)
            return
        self._busy, self._is_fresh, self.due_s = True, False, _NEVER
        flow = self._listener.start(self, request)
        self._flow = flow if self._busy else None

    def _start(self) -> None:
        """Have the request answered. Not from within the parser: it may be answered before this returns."""
        self._ready = False
        self.due_s = _NEVER
        flow = self._listener.start(self, self._request)
        self._flow = flow if self._busy else None

    def _parse(self, data: bytes) -> None:
        self._is_fresh = False
        if not self._in_body:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._after_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, ApiError):
                self.refuse(cause)
            else:
                self.refuse(
                    ApiError(400, "The request is not valid HTTP/1.1.", code="bad_http", hint="check the client.")
                )
        else:
            if self._refusal is not None:
                self.refuse(self._refusal)
            elif not self._in_body and self._head_size > self._limits.header_bytes and not self._busy:
                self.refuse(_too_large_head(self._limits.header_bytes))

    def eof_received(self) -> bool:
        return False

    # ------------------------------------------------------------ httptools

    def on_message_begin(self) -> None:
        if self._busy:
            self._pipelined = True
            return
        self._request = HttpRequest(at_s=time.monotonic())
        self._body, self._size, self._named_size = [], 0, 0

    def on_url(self, url: bytes) -> None:
        if not self._pipelined:
            self._named_size += len(url)
            self._request.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._pipelined:
            return
        if self._in_body:
            hint = "send what matters in headers."
            self._refusal = ApiError(400, "Trailers are not supported.", code="trailers", hint=hint)
            return
        key = name.decode("latin-1").lower()
        headers = self._request.headers
        self._named_size += len(name) + len(value)
        if self._named_size > self._limits.header_bytes:
            self._refusal = _too_large_head(self._limits.header_bytes)
            return
        if key in headers:
            if key in _ONCE:
                message = f"The header {key} is repeated."
                self._refusal = ApiError(400, message, code="duplicate_header", hint="send it once.")
                return
            headers[key] = f"{headers[key]}, {value.decode('latin-1')}"
            return
        if len(headers) >= self._limits.headers:
            self._refusal = ApiError(
                431, f"More than {self._limits.headers} headers.", code="too_many_headers", hint="send fewer."
            )
            return
        headers[key] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._pipelined or self._refusal is not None:
            return
        request = self._request
        request.method = self._parser.get_method().decode("latin-1")
        self._in_body = True
        headers = request.headers
        if self._parser.get_http_version() != "1.1":
            self._refusal = ApiError(505, "Only HTTP/1.1 is supported.", code="http_version", hint="use HTTP/1.1.")
        elif "transfer-encoding" in headers and (
            headers["transfer-encoding"].lower() != "chunked" or "content-length" in headers
        ):
            self._refusal = ApiError(
                400, "The length of the body is stated in two ways.", code="ambiguous_length",
                hint="send either Content-Length or Transfer-Encoding: chunked.",
            )  # fmt: skip
        elif int(headers.get("content-length") or 0) > self._limits.body_bytes:
            self._refusal = self._too_large()
        elif headers.get("content-encoding", "identity").lower() != "identity":
            self._refusal = ApiError(
                415, "Compressed bodies are not supported.", code="content_encoding", hint="remove Content-Encoding."
            )
        elif "upgrade" in headers and headers["upgrade"].lower() != "h2c":
            self._refusal = _no_upgrade()
        elif (expected := headers.get("expect", "")) and expected.lower() != "100-continue":
            self._refusal = ApiError(417, "This expectation is not supported.", code="expect", hint="remove Expect.")
        else:
            refusal = self._listener.refuse_head(request)
            if refusal is not None:
                self._refusal = refusal
            elif expected:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._refusal is None:
            self.due_s = request.at_s + self._limits.body_s
            self._listener.used(self)

    def on_body(self, body: bytes) -> None:
        if self._pipelined or self._refusal is not None:
            return
        self._size += len(body)
        if self._size > self._limits.body_bytes:
            self._refusal = self._too_large()
        elif not self._listener.hold(len(body)):
            hint = "send it again later, or raise gateway.max_bodies_bytes."
            self._refusal = ApiError(503, "Too many bodies are being received.", code="bodies_too_large", hint=hint)
        else:
            self._held += len(body)
            self._body.append(body)
            return
        self._body = []
        self._let_go()

    def on_message_complete(self) -> None:
        if self._pipelined or self._refusal is not None or "upgrade" in self._request.headers:
            return
        self._request.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        self._busy, self._ready, self._in_body, self._head_size = True, True, False, 0

    def _let_go(self) -> None:
        """What was held of a body is used, or never will be."""
        self._listener.let_go(self._held)
        self._held = 0

    def _after_upgrade(self, rest: bytes) -> None:
        """The parser stops at any offer to upgrade. One of HTTP/2 may be left unanswered: read on without it."""
        request = self._request
        if self._busy or self._refusal is not None or request.headers.get("upgrade", "").lower() != "h2c":
            self.refuse(self._refusal or _no_upgrade())
            return
        offered = ("upgrade", "http2-settings", "connection")
        kept = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items() if name not in offered)
        self._parser = httptools.HttpRequestParser(self)
        self._in_body = False
        self.data_received(f"{request.method} {request.target} HTTP/1.1\r\n{kept}\r\n".encode("latin-1") + rest)

    # ------------------------------------------------------------ answering

    def reply(
        self, status: int, body: bytes, headers: Mapping[str, str] = {}, *, content_type: str = "application/json"
    ) -> None:
        """A whole answer."""
        if self.gone:
            return
        to, close = self._request.method, self._pipelined
        self._transport.write(whole_reply(status, body, headers, content_type=content_type, close=close, to=to))
        self._answered()

    def reply_known(self, lines: bytes, request_id: str, body: bytes) -> None:
        """A whole answer of status 200 whose head begins with ``lines``."""
        if not self.gone:
            self._transport.write(known_reply(lines, request_id, body, close=self._pipelined))
            self._answered()

    def fail(self, error: ApiError) -> None:
        """An error as the answer to the request."""
        self.reply(error.status, error.body(), error.headers)

    def start_stream(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of a stream, which leaves with the first pieces of it: each write costs as much as the next."""
        if not self.gone:
            self._streaming = True
            self._stream_head = stream_head(status, headers)

    def send(self, *pieces: bytes) -> None:
        """Pieces of a stream as they are: each stays a chunk of its own."""
        if not self.gone and pieces:
            self._transport.write(self._with_head(chunks(pieces)))

    def end_stream(self, *pieces: bytes) -> None:
        """The last pieces of a stream that is whole."""
        if self.gone:
            return
        self._streaming = False
        self._transport.write(self._with_head(chunks(pieces) + LAST_CHUNK))
        self._answered()

    def cut_stream(self, data: bytes) -> None:
        """A last piece, and the connection ends without the stream's end: no client can take it for whole."""
        if self.gone:
            return
        self._transport.write(self._with_head(chunk(data)))
        self._closing = True
        self.due_s = time.monotonic() + _DRAIN_S
        self._transport.close()

    def _with_head(self, data: bytes) -> bytes:
        if not self._stream_head:
            return data
        head, self._stream_head = self._stream_head, b""
        return head + data

    def refuse(self, error: ApiError) -> None:
        """Answer what is no request of ours, read nothing more of it, and close."""
        if self._refused or self.gone:
            return
        if self._busy:  # the answer under way ends first; the connection does not go on after it
            self._pipelined = True
            self._parser = httptools.HttpRequestParser(self)
            return
        self._refused = True
        self._body = []
        self._let_go()
        self.due_s = time.monotonic() + _DRAIN_S
        self._listener.refused(self, error, self._request)
        self._transport.write(
            whole_reply(error.status, error.body(), error.headers, close=True, to=self._request.method)
        )
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def overdue(self) -> None:
        """The time for a request's head or body, for the next one, or for reading what was sent, is over."""
        unread = self._transport.get_write_buffer_size()
        if unread and unread != self._unread and not self._refused:  # it is slow, but it reads
            self._unread = unread
            self.due_s = time.monotonic() + (_DRAIN_S if self._closing else self._limits.idle_s)
            return
        if unread or self._refused or self._closing:
            self._transport.abort()
            return
        if self._busy or not (self._head_size or self._in_body):
            self._transport.close()
            return
        hint = "send the whole request sooner."
        self.refuse(ApiError(408, "The request did not arrive in time.", code="request_timeout", hint=hint))

    def shut(self) -> None:
        """Close; an answer under way is cancelled."""
        self._transport.abort()

    @property
    def is_busy(self) -> bool:
        return self._busy

    @property
    def owes_nothing(self) -> bool:
        """No request of it is answered now, and all of its answers have left."""
        return not self._busy and not self._transport.get_write_buffer_size()

    def _answered(self) -> None:
        self._busy, self._flow = False, None
        self._is_fresh = not (self._pipelined or self._head_size or self._in_body)
        if self._held:
            self._let_go()
        self.due_s = time.monotonic() + self._limits.idle_s
        self._listener.answered(self)
        if self._pipelined:
            self._pipelined = False
            hint = "wait for an answer before the next request, or open another connection."
            self.refuse(ApiError(400, "Pipelined requests are not supported.", code="pipelining", hint=hint))
        elif self._listener.stopping or (
            "connection" in self._request.headers and self._request.headers["connection"].lower() == "close"
        ):
            self._transport.close()

    def _too_large(self) -> ApiError:
        most = self._limits.body_bytes
        message = f"The body is larger than {most:,} bytes."
        return ApiError(413, message, code="body_too_large", hint="send less, or raise gateway.max_body_bytes.")


def _no_upgrade() -> ApiError:
    return ApiError(400, "Upgrading the connection is not supported.", code="upgrade", hint="use plain HTTP/1.1.")


def _too_large_head(most: int) -> ApiError:
    return ApiError(431, f"The headers are larger than {most:,} bytes.", code="headers_too_large", hint="send fewer.")
