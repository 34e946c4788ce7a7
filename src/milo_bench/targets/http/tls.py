"""An HTTP request in, stamped bytes out, over TLS or through a proxy; by aiohttp, without kernel stamps."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import ssl
import time
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import aiohttp
from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage
from multidict import CIMultiDict
from yarl import URL

from milo_bench.config.hosts import canonical_host, is_http_address
from milo_bench.core.errors import ConfigError
from milo_bench.core.files import require_regular, stamp_of
from milo_bench.core.records import FailureKind, Timeouts
from milo_bench.core.text import one_line
from milo_bench.core.units import seconds
from milo_bench.targets.http.address import Address
from milo_bench.targets.http.next_hop import LeavesNetworkError, is_excepted, require_inside
from milo_bench.targets.http.reply import MAX_BODY_BYTES, HttpReply, Piece, ShowsContent
from milo_bench.targets.http.wire import IDLE_LIMIT_S

MOST_INTERIM = 100  # answers like 100 Continue before the one that counts


class TlsWire:
    """The same ``fetch`` as the plain client's. Stamps are taken when the event loop hands over what was decrypted.

    ``lags_ns`` stays empty: the kernel's stamps are those of encrypted bytes. aiohttp sends a GET again where a kept
    connection turns out dead; it never does so for POST, the only method on the measured path.
    """

    def __init__(
        self,
        address: Address,
        headers: Mapping[str, str],
        *,
        proxy: str | None = None,
        inside_only: bool = False,
        ca_file: str | None = None,
    ) -> None:
        self._address = address
        self._headers = dict(headers)
        self._proxy = proxy
        self._inside_only = inside_only
        self.trust = Trust(ca_file) if ca_file else None
        self._session: aiohttp.ClientSession | None = None

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
        reply = HttpReply(time.monotonic_ns())
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        state = _Limits(reply, timeouts, shows_content)
        try:
            async with asyncio.timeout(timeouts.total_s) as limit:
                if shows_content is not None and task is not None and timeouts.first_token_s < timeouts.total_s:
                    state.watch(loop, limit)
                await self._exchange(method, path, body, headers or {}, reply, timeouts, state)
        except aiohttp.ConnectionTimeoutError:  # a TimeoutError too: a handshake that stalls ran out of its own limit
            self._broke(reply, "connect_timeout", f"no connection within {seconds(timeouts.connect_s)}")
        except TimeoutError:
            self._broke(reply, state.kind, state.message)
        except LeavesNetworkError as error:
            self._broke(reply, "outside_network", str(error))
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, LeavesNetworkError):
                self._broke(reply, "outside_network", str(error.os_error))
                return reply
            self._broke(reply, "connect_refused", f"cannot connect: {error.os_error.strerror or 'no TLS connection'}")
        except aiohttp.ServerDisconnectedError:
            self._broke(reply, "reset", "the server closed the connection without an answer")
        except (aiohttp.ClientPayloadError, aiohttp.ClientOSError):
            self._broke(reply, "reset", "the connection closed before the end of the answer")
        except _EndlessInterimError as error:
            self._broke(reply, "bad_stream", str(error))
        except aiohttp.ClientError as error:
            self._broke(reply, "bad_stream", f"not HTTP: {type(error).__name__}")
        finally:
            state.stop()
        return reply

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchange(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        reply: HttpReply,
        timeouts: Timeouts,
        state: _Limits,
    ) -> None:
        session = self._open_session()
        if self._inside_only:
            self._refuse_a_public_literal()
        url = URL(f"{self._address.shown}{path}", encoded=True)
        limits = aiohttp.ClientTimeout(total=None, connect=timeouts.connect_s)
        async with session.request(
            method,
            url,
            data=body or None,
            headers=CIMultiDict({**self._headers, **headers}),
            proxy=self._proxy,
            ssl=self.trust.context if self.trust is not None else True,
            timeout=limits,
            allow_redirects=False,
            trace_request_ctx=reply,
        ) as response:
            if reply.connected_ns is None:
                reply.connected_ns = reply.started_ns
            reply.status = response.status
            reply.headers = {name.lower(): value for name, value in response.headers.items()}
            reads = response.reads if isinstance(response, _StampedResponse) else _Reads(response.content)
            size = 0
            async for data in response.content.iter_any():
                reply.pieces += reads.stamped(data, size)
                size += len(data)
                if size > MAX_BODY_BYTES:
                    self._broke(reply, "bad_stream", f"stopped after {size} bytes without an end")
                    return
            reply.ended_ns = reads.ended_ns or time.monotonic_ns()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()

            async def connected(_: aiohttp.ClientSession, context: object, __: object) -> None:
                reply = getattr(context, "trace_request_ctx", None)
                if isinstance(reply, HttpReply):
                    reply.connected_ns = time.monotonic_ns()

            trace.on_connection_create_end.append(connected)
            trace.on_connection_reuseconn.append(connected)
            resolver = _InsideResolver() if self._inside_only else None
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_LIMIT_S, resolver=resolver)
            connector._factory = cast(Any, functools.partial(_BoundedHandler, loop=asyncio.get_running_loop()))
            # The key goes to the configured server only: no cookies, no .netrc, no redirects.
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=True,
                skip_auto_headers=("Accept-Encoding",),
                trace_configs=[trace],
                response_class=_StampedResponse,
            )
        return self._session

    def _refuse_a_public_literal(self) -> None:
        """An address written as numbers is never resolved, so the resolver does not see it."""
        host = canonical_host(URL(self._proxy).host or "") if self._proxy else self._address.host
        with contextlib.suppress(ValueError):
            require_inside(host, [str(ip_address(host))])

    @staticmethod
    def _broke(reply: HttpReply, kind: FailureKind, message: str) -> None:
        reply.ended_ns = time.monotonic_ns()
        reply.broken, reply.broken_message = kind, message


class Trust:
    """The authorities that a target's ``ca_file`` names besides the system's: ``context`` follows the file.

    Raises ConfigError for a file that is missing or holds no certificate.
    """

    def __init__(self, ca_file: str) -> None:
        self._ca_file = ca_file
        self._taken = self._looked = stamp_of(Path(ca_file).expanduser())
        self.context = trusting(ca_file)

    def take_renewed(self) -> bool:
        """Trust what a file contains that has changed and rests since the last look; whether there was one.

        Raises ConfigError where it cannot be used: what was trusted before stays so until the file changes again.
        """
        stamp = stamp_of(Path(self._ca_file).expanduser())
        before, self._looked = self._looked, stamp
        if stamp == self._taken or stamp != before:
            return False
        self._taken = stamp
        self.context = trusting(self._ca_file)
        return True


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """A context that checks certificates against the system's authorities and those of ``ca_file``.

    Raises ConfigError for a file that is missing or holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_file:
        try:
            place = Path(ca_file).expanduser()
            require_regular(place)
            context.load_verify_locations(place)
        except (OSError, ssl.SSLError) as error:
            message = f"ca_file '{one_line(ca_file)}' cannot be read as certificates: {error.strerror or error}."
            raise ConfigError(message, hint="name a PEM file of certificate authorities.") from None
    return context


class _EndlessInterimError(aiohttp.ClientError):
    """A server that says "go on" without end."""


class _Reads:
    """When the bytes of one answer came: how many there were after each read, and its stamp.

    The coroutine that takes them wakes later, and finds what came meanwhile as one piece.
    """

    def __init__(self, body: StreamReader) -> None:
        self.body = body
        self.ended_ns = 0
        self._after: list[tuple[int, int]] = []
        self._place = 0

    def note(self, at_ns: int) -> None:
        count = self.body.total_bytes
        if count > (self._after[-1][0] if self._after else 0):
            self._after.append((count, at_ns))
        if not self.ended_ns and self.body.is_eof():
            self.ended_ns = at_ns

    def stamped(self, data: bytes, before: int) -> list[Piece]:
        """``data``, which follows ``before`` bytes of the body, as it was read."""
        found: list[Piece] = []
        at = 0
        while at < len(data):
            if self._place == len(self._after):
                found.append((time.monotonic_ns(), data[at:]))
                break
            count, at_ns = self._after[self._place]
            ended = min(len(data), count - before)
            if ended > at:
                found.append((at_ns, data[at:ended]))
                at = ended
            if count <= before + len(data):
                self._place += 1
        return found


class _StampedResponse(aiohttp.ClientResponse):
    """An answer that knows when its bytes came."""

    reads: _Reads

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        handler = connection.protocol
        await super().start(connection)
        known = handler.reads if isinstance(handler, _BoundedHandler) else None
        self.reads = known if known is not None and known.body is self.content else _Reads(self.content)
        return self


class _BoundedHandler(ResponseHandler):
    """aiohttp's reader of one connection. It would keep interim answers (100 Continue) for as long as they come."""

    _interim = 0
    _read_ns = 0
    reads: _Reads | None = None

    def data_received(self, data: bytes) -> None:
        if data:  # without any, what came before is inflated further
            self._read_ns = time.monotonic_ns()
        super().data_received(data)
        if self.reads is not None:
            self.reads.note(self._read_ns)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        self._interim = self._interim + 1 if 100 <= data[0].code < 200 else 0
        if self._interim <= MOST_INTERIM:
            self.reads = _Reads(data[1])
            super().feed_data(data, size)
            return
        if self._interim == MOST_INTERIM + 1:
            self.close()
            self.set_exception(_EndlessInterimError(f"stopped after {MOST_INTERIM} interim answers"))


class _InsideResolver(aiohttp.ThreadedResolver):
    """Resolves names, and refuses one that is outside the team's own network before a connection is made."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        found = await super().resolve(host, port, family)
        require_inside(host, [one["host"] for one in found])
        return found


class _Limits:
    """The first-token limit beside the total one, and which of them ran out."""

    def __init__(self, reply: HttpReply, timeouts: Timeouts, shows_content: ShowsContent | None) -> None:
        self._reply, self._timeouts, self._shows_content = reply, timeouts, shows_content
        self._timer: asyncio.TimerHandle | None = None
        self.kind: FailureKind = "total_timeout"
        self.message = f"no end within {seconds(timeouts.total_s)}"

    def watch(self, loop: asyncio.AbstractEventLoop, limit: asyncio.Timeout) -> None:
        def due() -> None:
            if self._shows_content is not None and not self._shows_content(self._reply):
                self.kind = "first_token_timeout"
                self.message = f"no content within {seconds(self._timeouts.first_token_s)}"
                # Already over: then there is nothing left to cut short.
                with contextlib.suppress(RuntimeError):
                    limit.reschedule(loop.time())

        self._timer = loop.call_later(self._timeouts.first_token_s, due)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def proxy_for(address: Address, env: Mapping[str, str]) -> str | None:
    """The proxy that the environment names for ``address`` (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), or None.

    Raises ConfigError for one that is not an http address, such as a SOCKS proxy.
    """
    named = {
        scheme: value
        for scheme in ("http", "https", "no")
        if (value := env.get(f"{scheme}_proxy") or env.get(f"{scheme.upper()}_PROXY"))
    }
    if address.is_loopback or is_excepted(address.host, address.port, named.get("no", "")):
        return None
    proxy = named.get(address.scheme)
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"  # as curl takes it
    if proxy and not is_http_address(proxy):
        message = f"The environment variable {address.scheme.upper()}_PROXY is not an http address."
        raise ConfigError(message, hint="set it to http://HOST:PORT, or put the server into NO_PROXY.")
    return proxy
