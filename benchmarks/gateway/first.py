"""A port in, how long the first byte of a paced stream takes, and streams that are held open, out."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import uvloop

_WAIT_S: Final = 10.0


@dataclass
class FirstBytes:
    """What was seen of ``asked`` streams; ``said`` is what came first where one did not begin."""

    asked: int
    took_s: list[float] = field(default_factory=list)
    said: str = ""

    @property
    def unanswered(self) -> int:
        return self.asked - len(self.took_s)

    @property
    def median_ms(self) -> float | None:
        """The median time to the first content, in ms; None where no stream began."""
        return statistics.median(self.took_s) * 1e3 if self.took_s else None


def first_bytes(
    port: int, body: str, headers: Mapping[str, str], *, streams: int, apart_s: float = 0.0, rounds: int = 8
) -> FirstBytes:
    """Ask for ``rounds`` streams on each of ``streams`` connections; a proxy that gives none is no error.

    Each connection begins ``apart_s`` after the one before it. With 0 all ask at once, and again each time that their
    streams end: then most of a delay is the wait for those that are served before.
    """
    asking = _asking(port, body, headers)
    found = FirstBytes(streams * rounds)

    async def one(place: int) -> None:
        with contextlib.suppress(OSError):
            await asyncio.sleep(place * apart_s)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                for _ in range(rounds):
                    began_s = time.perf_counter()
                    writer.write(asking)
                    if not await _stream(reader, found, began_s):
                        return
            finally:
                writer.close()

    async def all_of_them() -> None:
        await asyncio.gather(*(one(place) for place in range(streams)))

    uvloop.run(all_of_them())
    return found


async def _stream(reader: asyncio.StreamReader, found: FirstBytes, began_s: float) -> bool:
    """Read one stream to its end; whether it began and came whole."""
    seen, first = b"", True
    while not seen.endswith(b"0\r\n\r\n"):
        try:
            piece = await asyncio.wait_for(reader.read(65536), _WAIT_S)
        except TimeoutError:
            piece = b""
        if not piece or (first and len(seen) > 65536):
            break
        seen += piece
        if first and b"data:" in seen:
            found.took_s.append(time.perf_counter() - began_s)
            first = False
        seen = seen if first else seen[-4096:]
    if first and not found.said:
        found.said = seen[:60].decode("latin-1").splitlines()[0] if seen.strip() else "no reply"
    return not first and seen.endswith(b"0\r\n\r\n")


@contextmanager
def idle_streams(port: int, body: str, headers: Mapping[str, str], count: int) -> Iterator[int]:
    """``count`` requests that wait for their first token; how many do."""
    asking = _asking(port, body, headers)
    opened: list[socket.socket] = []
    try:
        for _ in range(count):
            try:
                one = socket.create_connection(("127.0.0.1", port), timeout=_WAIT_S)
            except OSError:
                break
            opened.append(one)
            one.sendall(asking)
        time.sleep(2.0)
        yield sum(_waits(one) for one in opened)
    finally:
        for one in opened:
            one.close()


def _waits(one: socket.socket) -> bool:
    """Whether it is open and its first token has not come; its head may have."""
    one.setblocking(False)
    try:
        come = one.recv(4096, socket.MSG_PEEK)
        return come.startswith(b"HTTP/1.1 200") and b"data:" not in come
    except BlockingIOError:
        return True
    except OSError:
        return False


def _asking(port: int, body: str, headers: Mapping[str, str]) -> bytes:
    data = body.encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"{more}Content-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data
