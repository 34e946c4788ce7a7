"""``python -m benchmarks.gateway.bare_streams PORT UPSTREAM [asgi]``: proxies as a Python programmer writes one.

By default the standard library's loop and streams alone: each head is read into its lines, an upstream connection is
taken from the unused ones or opened, and head and body are forwarded, as is the reply, chunk by chunk.
``asgi``: the same upstream side in an application of uvicorn (uvloop, httptools). Nothing is decoded, checked, counted
or recorded.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_HOP: frozenset[str] = frozenset({"connection", "host", "transfer-encoding"})
_IDLE: list[Streams] = []
_BACKLOG = 1024


async def read_head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    """First line and headers of a message. Raises IncompleteReadError at the end of the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return first, headers


async def chunks_of(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Each chunk of a body, without its framing."""
    while size := int(await reader.readline(), 16):
        yield (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)


class Exchange:
    """One request to the server; its reply piece by piece."""

    async def begin(self, first: str, headers: dict[str, str], body: bytes, upstream: int) -> None:
        """Send it on an unused connection, or a new one, and read the reply's head."""
        self._streams = _IDLE.pop() if _IDLE else await asyncio.open_connection("127.0.0.1", upstream)
        reader, writer = self._streams
        lines = [first, f"host: 127.0.0.1:{upstream}"]
        lines += [f"{name}: {value}" for name, value in headers.items() if name not in _HOP]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        line, self.headers = await read_head(reader)
        self.status = int(line.split(" ", 2)[1])
        self.line = line

    async def body(self) -> AsyncIterator[bytes]:
        reader = self._streams[0]
        if "chunked" in self.headers.get("transfer-encoding", ""):
            async for piece in chunks_of(reader):
                yield piece
        else:
            yield await reader.readexactly(int(self.headers.get("content-length", "0")))
        _IDLE.append(self._streams)


async def serve_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: int) -> None:
    try:
        while True:
            first, headers = await read_head(reader)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            exchange = Exchange()
            await exchange.begin(first, headers, body, upstream)
            head = [exchange.line, *(f"{name}: {value}" for name, value in exchange.headers.items())]
            begun = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n"
            if "chunked" not in exchange.headers.get("transfer-encoding", ""):
                async for piece in exchange.body():
                    writer.write(begun + piece)
            else:
                writer.write(begun)
                async for piece in exchange.body():
                    writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    await writer.drain()
                writer.write(b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve_asyncio(port: int, upstream: int) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve_client(reader, writer, upstream)

    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=_BACKLOG)
    await server.serve_forever()


def serve_asgi(port: int, upstream: int) -> None:
    import uvicorn

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        exchange = Exchange()
        await exchange.begin(f"{scope['method']} {scope['path']} HTTP/1.1", headers, body, upstream)
        kept = [(n.encode(), v.encode()) for n, v in exchange.headers.items() if n not in _HOP]
        await send({"type": "http.response.start", "status": exchange.status, "headers": kept})
        async for piece in exchange.body():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    uvicorn.run(
        app, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off", loop="uvloop",
        http="httptools", server_header=False, date_header=False, backlog=_BACKLOG,
    )  # fmt: skip


if __name__ == "__main__":
    given = int(sys.argv[1]), int(sys.argv[2])
    if sys.argv[3:] == ["asgi"]:
        serve_asgi(*given)
    else:
        asyncio.run(serve_asyncio(*given))
