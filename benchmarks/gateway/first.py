"""A port in, how long the first byte of a paced stream takes, and streams that are held open, out."""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvloop


def first_byte_ms(port: int, model: str, extra: dict[str, Any], *, streams: int, rounds: int = 8) -> float:
    """The median time to the first content of a stream, in ms, at ``streams`` streams at once."""
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "stream": True, **extra}
    data = json.dumps(body, separators=(",", ":")).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    ).encode()

    async def one(found: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(rounds):
            began_s = time.perf_counter()
            writer.write(head + data)
            seen, first = b"", True
            while not seen.endswith(b"0\r\n\r\n"):
                piece = await reader.read(65536)
                if not piece:
                    break
                if first and b"data:" in seen + piece:
                    found.append(time.perf_counter() - began_s)
                    first = False
                seen = (seen + piece)[-4096:] if not first else seen + piece
        writer.close()

    async def all_of_them() -> list[float]:
        found: list[float] = []
        await asyncio.gather(*(one(found) for _ in range(streams)))
        return found

    return statistics.median(uvloop.run(all_of_them())) * 1e3


@contextmanager
def idle_streams(port: int, body: str, count: int) -> Iterator[None]:
    """``count`` requests that wait for their first token."""
    data = body.encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    ).encode()
    opened = []
    try:
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", port), timeout=10)
            one.sendall(head + data)
            opened.append(one)
        time.sleep(2.0)
        yield
    finally:
        for one in opened:
            one.close()
