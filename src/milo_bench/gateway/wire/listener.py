"""A handler in, a listening server out: it opens connections, watches their times, and hands whole requests on."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from milo_bench.gateway.wire.connection import ClientConnection, HttpRequest
from milo_bench.gateway.wire.flow import Running
from milo_bench.gateway.wire.replies import ApiError

Handler: TypeAlias = Callable[[ClientConnection, HttpRequest], Running]
HeadCheck: TypeAlias = Callable[[HttpRequest], ApiError | None]
RefusalNote: TypeAlias = Callable[[ApiError, HttpRequest], None]
_SWEEP_S: Final = 0.5
_LOOKED_AT: Final = 64  # unused connections, for one that can be closed
_MOST_HEADS: Final = 256
# A request with one of these is read anew each time: it is framed otherwise, ends its connection or is like no other.
_READ_ANEW: Final = ("transfer-encoding", "upgrade", "expect", "connection", "traceparent")


@dataclass(frozen=True)
class KnownHead:
    """A request whose head was read and accepted, without its body, and the length that it states."""

    request: HttpRequest
    length: int


@dataclass(frozen=True)
class WireLimits:
    """Bounds of one connection: bytes, counts, and seconds."""

    header_bytes: int = 32 << 10
    headers: int = 100
    body_bytes: int = 8 << 20
    headers_s: float = 10.0
    body_s: float = 60.0
    idle_s: float = 75.0
    bodies_bytes: int = 512 << 20  # of all bodies that are held at once
    write_buffer_bytes: int = 64 << 10
    connections: int = 10_000


def _never(headers: Mapping[str, str]) -> bool:
    return False


class WireListener:
    """One address that is listened on.

    ``check_known`` is asked in the place of ``check_head`` about a head that it has accepted before, byte for byte.
    ``is_plain`` is asked once about the headers of such a head.
    """

    def __init__(
        self, handler: Handler, *, limits: WireLimits, check_head: HeadCheck, note_refusal: RefusalNote,
        check_known: HeadCheck | None = None, is_plain: Callable[[Mapping[str, str]], bool] | None = None,
    ) -> None:  # fmt: skip
        self.limits = limits
        self.stopping = False
        self._handler, self._check_head, self._note_refusal = handler, check_head, note_refusal
        # Why a request is refused whose head was accepted before.
        self.refuse_known: HeadCheck = check_known or check_head
        self._is_plain = is_plain or _never
        self._connections: set[ClientConnection] = set()
        self._waiting: dict[ClientConnection, None] = {}  # that are not answered now, the longest unused one first
        self.heads: dict[bytes, KnownHead] = {}  # heads as their bytes: clients send the same one again and again
        self._held = 0
        self._server: asyncio.Server | None = None
        self._quiet = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._sweep = self._loop.call_later(_SWEEP_S, self._look)

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Start; the port that was taken. Raises OSError."""
        handshake_s = self.limits.headers_s if tls is not None else None
        self._server = await self._loop.create_server(
            lambda: ClientConnection(self), host, port, ssl=tls, backlog=1024, reuse_address=True,
            ssl_handshake_timeout=handshake_s,
        )  # fmt: skip
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, grace_s: float) -> None:
        """Take no more connections; wait for answers under way as long as ``grace_s``, then cut them."""
        self.stopping = True
        self._sweep.cancel()
        if self._server is not None:
            self._server.close()
        self.settled()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._quiet.wait()
        for connection in tuple(self._connections):
            connection.shut()
        await asyncio.sleep(0)

    # ------------------------------------------------------------ for connections

    def opened(self, connection: ClientConnection) -> None:
        """Past the bound, the connection that is unused for longest makes room: slow heads keep nobody out."""
        self._connections.add(connection)
        if len(self._connections) > self.limits.connections and not self._made_room():
            hint = "close connections that are not in use."
            connection.refuse(ApiError(503, "Too many connections are open.", code="too_many_connections", hint=hint))
            return
        self._waiting[connection] = None

    def used(self, connection: ClientConnection) -> None:
        """A whole head has come on it."""
        self._waiting.pop(connection, None)
        self._waiting[connection] = None

    def answered(self, connection: ClientConnection) -> None:
        self._waiting[connection] = None
        if self.stopping:
            self.settled()

    def closed(self, connection: ClientConnection) -> None:
        self._connections.discard(connection)
        self._waiting.pop(connection, None)
        self.settled()

    def _made_room(self) -> bool:
        for oldest in islice(self._waiting, _LOOKED_AT):
            if oldest.owes_nothing:
                self._connections.discard(oldest)
                del self._waiting[oldest]
                oldest.shut()
                return True
        return False

    def hold(self, size: int) -> bool:
        """Whether so many more bytes of bodies may be held."""
        if self._held + size > self.limits.bodies_bytes:
            return False
        self._held += size
        return True

    def let_go(self, size: int) -> None:
        self._held -= size

    def settled(self) -> None:
        """A connection has answered or has gone."""
        if self.stopping and not any(one.is_busy for one in self._connections):
            self._quiet.set()

    def cut(self) -> None:
        """Wait for no answer any more."""
        self._quiet.set()

    def start(self, connection: ClientConnection, request: HttpRequest) -> Running:
        self._waiting.pop(connection, None)
        return self._handler(connection, request)

    def remember(self, head: bytes, request: HttpRequest) -> None:
        """``head`` was read as ``request`` and accepted."""
        headers = request.headers
        if "content-length" not in headers or any(name in headers for name in _READ_ANEW):
            return
        if len(self.heads) >= _MOST_HEADS:
            self.heads.clear()
        plain = self._is_plain(headers)
        like = HttpRequest(request.method, request.target, headers, key_hash=request.key_hash, is_plain=plain)
        self.heads[head] = KnownHead(like, len(request.body))

    def refuse_head(self, request: HttpRequest) -> ApiError | None:
        return self._check_head(request)

    def refused(self, connection: ClientConnection, error: ApiError, request: HttpRequest) -> None:
        self._note_refusal(error, request)

    def _look(self) -> None:
        now_s = time.monotonic()
        for connection in tuple(self._connections):
            if connection.due_s < now_s:
                connection.overdue()
        self._sweep = self._loop.call_later(_SWEEP_S, self._look)
