"""A chat request in, a connection out whose reader may dawdle or leave; for what the measured client never does."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import errno
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from milo_bench.probes.context import ProbeContext
from milo_bench.targets.http.address import Address, parse_address
from milo_bench.targets.http.next_hop import require_inside
from milo_bench.targets.http.target import proxy_of
from milo_bench.targets.http.tls import trusting

_CONNECT_S = 5.0
_PROXY_HEAD_BYTES = 64 << 10
_SMALL_BUFFER_BYTES = 4096


class OpenStream:
    """One streamed request on a connection of its own, read as slowly as the caller likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def begin(cls, ctx: ProbeContext, body: Mapping[str, Any], *, small_buffer: bool = False) -> OpenStream:
        """Connect and send ``body``. Raises OSError or TimeoutError where that does not work.

        ``small_buffer`` keeps the kernel from taking much of an answer that nobody reads.
        """
        place, proxy = ctx.place, _Proxy.of(ctx)
        hop = proxy.place if proxy else place
        async with asyncio.timeout(_CONNECT_S):
            sock = await _connected(hop, ctx.config.inside_only or bool(proxy and not ctx.config.hosted), small_buffer)
            trust = trusting(ctx.config.ca_file) if hop.tls or place.tls else None
            try:
                reader, writer = await asyncio.open_connection(
                    sock=sock,
                    ssl=trust if hop.tls else None,
                    server_hostname=hop.host if hop.tls else None,
                    limit=_SMALL_BUFFER_BYTES if small_buffer else 1 << 20,
                )
            except BaseException:
                sock.close()
                raise
            if proxy and trust is not None and place.tls:
                try:
                    await proxy.lead_on(reader, writer, place)
                    await writer.start_tls(trust, server_hostname=place.host)
                except BaseException:
                    writer.transport.abort()
                    raise
        data = msgspec.json.encode({**body, "stream": True})
        headers = {"Host": place.host_header, **ctx.request_headers(), "Content-Length": str(len(data))}
        path = ctx.chat_path
        if proxy and not place.tls:
            path, headers = f"{place.shown}{path}", headers | proxy.headers
        head = "".join(f"{header}: {value}\r\n" for header, value in headers.items())
        writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + data)
        await writer.drain()
        return cls(reader, writer)

    async def read_until(self, text: bytes, limit_s: float) -> bool:
        """Read until ``text`` came; False where the stream ended or the time ran out before."""
        tail = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(limit_s):
                while text not in tail:
                    data = await self._reader.read(65536)
                    if not data:
                        return False
                    tail = tail[-len(text) :] + data
        return text in tail

    def leave(self) -> None:
        """Close without reading the rest, as a client that goes away does."""
        transport = self._writer.transport
        transport.abort()


class _Proxy:
    """The proxy of a target: a probe goes the way that the target's own requests go."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.place = parse_address(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
        self.headers: dict[str, str] = {}
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            self.headers["Proxy-Authorization"] = f"Basic {base64.b64encode(login).decode()}"

    @classmethod
    def of(cls, ctx: ProbeContext) -> _Proxy | None:
        url = proxy_of(ctx.place, ctx.config, ctx.env)
        return cls(url) if url else None

    async def lead_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: Address) -> None:
        """Have the proxy connect us to ``place``. Raises OSError where it does not."""
        host = f"[{place.host}]" if ":" in place.host else place.host
        headers = {"Host": f"{host}:{place.port}", **self.headers}
        head = "".join(f"{header}: {value}\r\n" for header, value in headers.items())
        writer.write(f"CONNECT {host}:{place.port} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
        await writer.drain()
        said = b""
        while line := await reader.readline():
            said += line
            if line in (b"\r\n", b"\n") or len(said) > _PROXY_HEAD_BYTES:
                break
        status = said.split(maxsplit=2)[1:2]
        if not said.startswith(b"HTTP/1.") or not status or not status[0].startswith(b"2"):
            raise OSError(errno.ECONNREFUSED, "the proxy does not lead to the server", place.shown)


async def _connected(hop: Address, inside_only: bool, small_buffer: bool) -> socket.socket:
    """A socket that is connected to ``hop``. Raises OSError, also for one outside where ``inside_only``."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(hop.host, hop.port, type=socket.SOCK_STREAM)
    if inside_only:
        require_inside(hop.host, [str(one[0]) for *_, one in found])
    family, kind, protocol, _, where = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        if small_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER_BYTES)
        await loop.sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock
