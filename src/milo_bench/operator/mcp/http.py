"""An MCP server of one episode in, served as streamable HTTP on the loopback interface, bounded, until it is done."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from milo_bench.core.errors import PrerequisiteError
from milo_bench.operator.mcp.episode import OutsideEpisode
from milo_bench.operator.mcp.watch import Presence, ServeLimits, until_done
from milo_bench.run.stop import StopSignal

LOOPBACK = "127.0.0.1"
PATH = "/mcp"
BODY_BYTES = 8 * 1024 * 1024
SESSIONS = 8
CONNECTIONS = 64
REQUEST_S = 5.0  # from the first byte of a request, or the connection, to its last byte
OK = 200
_CLOSING_S = 1
_GIVEN_UP_S = 5.0


def listen(port: int) -> socket.socket:
    """A socket on the loopback interface; port 0 takes a free one. Raises PrerequisiteError where that fails."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(CONNECTIONS)
    except OSError as error:
        listener.close()
        message = f"Cannot listen on {LOOPBACK}:{port}: {error.strerror or error}."
        raise PrerequisiteError(message, hint="choose another port, or 0 for a free one.") from None
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket) -> str:
    return f"http://{LOOPBACK}:{listener.getsockname()[1]}{PATH}"


async def serve_http(
    episode: OutsideEpisode,
    server: Server[Any],
    limits: ServeLimits,
    stop: StopSignal,
    *,
    listener: socket.socket,
    presence: Presence | None = None,
) -> str:
    """Serve on ``listener``, which is closed in the end; why it ended, as a sentence. See ``until_done``."""
    presence = presence or Presence(episode.now_s)
    # The SDK refuses foreign Host and Origin headers for this host, so no web page can play.
    app = server.streamable_http_app(
        streamable_http_path=PATH, max_request_body_size=BODY_BYTES, max_sessions=SESSIONS, host=LOOPBACK
    )
    config = uvicorn.Config(
        _watched(app, presence),
        log_config=None,
        access_log=False,
        limit_concurrency=CONNECTIONS,
        http=_WholeRequests,
        timeout_graceful_shutdown=_CLOSING_S,
        ws="none",
    )
    http = _HttpServer(config)
    serving = asyncio.create_task(http.serve(sockets=[listener]))
    try:
        return await until_done(episode, limits, stop, serving, presence)
    finally:
        http.should_exit = True
        await asyncio.wait({serving}, timeout=_GIVEN_UP_S)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        listener.close()


class _HttpServer(uvicorn.Server):
    """Leaves the signals to who runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _WholeRequests(HttpToolsProtocol):
    """Closes a connection whose request does not come whole in time: a few dozen of them would close the door."""

    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait()

    def on_message_complete(self) -> None:
        self._stop_waiting()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop_waiting()
        self._due = self.loop.call_later(REQUEST_S, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None


def _watched(app: ASGIApp, presence: Presence) -> ASGIApp:
    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with presence.here():
            await app(scope, receive, noted)
        # DELETE ends a session; a GET is the stream that a client keeps open while it lives.
        if scope["method"] in ("DELETE", "GET") and status == OK:
            presence.goodbye()

    return watched
