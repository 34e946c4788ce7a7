"""``python -m benchmarks.gateway.bare_proxy PORT UPSTREAM``: the least that a proxy in Python can do, on uvloop.

Requests are framed and forwarded with their headers, replies are forwarded piece by piece. Nothing is decoded,
checked, counted or recorded.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import httptools
import uvloop


class Upstream(asyncio.Protocol):
    """One connection to the server; ``client`` is who its bytes are for."""

    client: Client | None = None

    def __init__(self) -> None:
        self.parser: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def ask(self, client: Client, data: bytes) -> None:
        self.client, self.parser = client, httptools.HttpResponseParser(self)
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        client = self.client
        if client is not None:
            client.transport.write(data)
            self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.client = None
        IDLE.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self in IDLE:
            IDLE.remove(self)
        if self.client is not None:
            self.client.transport.close()


IDLE: list[Upstream] = []


class Client(asyncio.Protocol):
    """One connection of a client."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.headers: list[bytes] = []
        self.body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self.url = url
        self.headers, self.body = [], []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append(b"%b: %b\r\n" % (name, value))

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        head = b"POST %b HTTP/1.1\r\n%b\r\n" % (self.url, b"".join(self.headers))
        data = head + b"".join(self.body)
        if IDLE:
            IDLE.pop().ask(self, data)
        else:
            asyncio.get_running_loop().create_task(self.connect(data))

    async def connect(self, data: bytes) -> None:
        _, upstream = await asyncio.get_running_loop().create_connection(Upstream, "127.0.0.1", UPSTREAM)
        upstream.ask(self, data)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Client, "127.0.0.1", PORT, backlog=1024)
    print("READY", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    PORT, UPSTREAM = int(sys.argv[1]), int(sys.argv[2])
    uvloop.run(main())
