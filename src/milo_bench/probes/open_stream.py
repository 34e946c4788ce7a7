"""A chat request in, a connection out whose reader may dawdle or leave; for what the measured client never does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from typing import Any

import msgspec

from milo_bench.probes.context import ProbeContext
from milo_bench.targets.http.next_hop import require_inside
from milo_bench.targets.http.tls import trusting

_CONNECT_S = 5.0
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
        place = ctx.place
        async with asyncio.timeout(_CONNECT_S):
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
            if ctx.config.inside_only:
                require_inside(place.host, [str(one[0]) for *_, one in found])
            family, kind, protocol, _, where = found[0]
            sock = socket.socket(family, kind, protocol)
            sock.setblocking(False)
            try:
                if small_buffer:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER_BYTES)
                await loop.sock_connect(sock, where)
                secure = trusting(ctx.config.ca_file) if place.tls else None
                name = place.host if place.tls else None
                limit = _SMALL_BUFFER_BYTES if small_buffer else 1 << 20
                reader, writer = await asyncio.open_connection(sock=sock, ssl=secure, server_hostname=name, limit=limit)
            except BaseException:
                sock.close()
                raise
        data = msgspec.json.encode({**body, "stream": True})
        headers = {"Host": place.host_header, **ctx.request_headers(), "Content-Length": str(len(data))}
        head = "".join(f"{header}: {value}\r\n" for header, value in headers.items())
        writer.write(f"POST {ctx.chat_path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + data)
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
