"""A port, a count and a number of connections in, latencies of the least a client can do out, as one JSON line.

``python -m benchmarks.bare_clients aiohttp|protocol PORT COUNT CONNECTIONS``: the yardsticks
beside which ``milo-bench run`` is measured. Both stream, both on uvloop; neither parses JSON.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time

import uvloop


def body(number: int) -> bytes:
    message = {"role": "user", "content": f"case {number}: answer ok"}
    options = {"stream": True, "stream_options": {"include_usage": True}, "max_tokens": 8}
    return json.dumps({"model": "reference", "messages": [message], **options}, separators=(",", ":")).encode()


async def with_aiohttp(port: int, count: int, connections: int) -> list[float]:
    import aiohttp

    latencies_s: list[float] = []
    numbers = iter(range(count))
    url = f"http://127.0.0.1:{port}/v1/chat/completions"

    async def worker(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            began_s = time.monotonic()
            async with session.post(url, data=body(number), headers={"Content-Type": "application/json"}) as reply:
                async for _ in reply.content.iter_any():
                    pass
            latencies_s.append(time.monotonic() - began_s)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
        await asyncio.gather(*(worker(session) for _ in range(connections)))
    return latencies_s


class _Bare(asyncio.Protocol):
    def __init__(self) -> None:
        self.done: asyncio.Future[None] | None = None
        self.tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.tail = (self.tail + data)[-5:]
        if self.tail == b"0\r\n\r\n" and self.done is not None:
            self.done.set_result(None)


async def with_protocol(port: int, count: int, connections: int) -> list[float]:
    latencies_s: list[float] = []
    numbers = iter(range(count))
    loop = asyncio.get_running_loop()

    async def worker() -> None:
        transport, protocol = await loop.create_connection(_Bare, "127.0.0.1", port)
        for number in numbers:
            data = body(number)
            began_s = time.monotonic()
            protocol.done = loop.create_future()
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n"
            transport.write(head.encode() + data)
            await protocol.done
            latencies_s.append(time.monotonic() - began_s)
        transport.close()

    await asyncio.gather(*(worker() for _ in range(connections)))
    return latencies_s


def quantile(values: list[float], q: float) -> float:
    """The smallest value with at least the share ``q`` of all at or below it."""
    return sorted(values)[max(0, math.ceil(q * len(values)) - 1)]


def main() -> None:
    kind, port, count, connections = sys.argv[1], *map(int, sys.argv[2:5])
    client = {"aiohttp": with_aiohttp, "protocol": with_protocol}[kind]
    latencies_s = uvloop.run(client(port, count, connections))
    print(
        json.dumps({"n": len(latencies_s), "p50_s": quantile(latencies_s, 0.5), "p95_s": quantile(latencies_s, 0.95)})
    )


if __name__ == "__main__":
    main()
