"""Raw bytes of a server at the measured client: whatever comes, one reply, and never more than a moment."""

from __future__ import annotations

import asyncio
import socket
import time
from functools import cache
from pathlib import Path
from random import Random

from benchmarks.fuzz.damage import damaged, text
from benchmarks.fuzz.throw import Kind, Lost
from milo_bench.core.hiding import KeySearch
from milo_bench.core.records import Timeouts
from milo_bench.targets.http.connection import Connection
from milo_bench.targets.http.failures import refusal
from milo_bench.targets.http.reply import HttpReply
from milo_bench.targets.http.watching.watch import SocketWatch

_KEYS = KeySearch(("sk-secret-4711",))
_LIMITS = Timeouts(connect_s=1.0, first_token_s=5.0, total_s=5.0)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _bytes(random: Random) -> bytes:
    body = text(random, 4).encode("utf-8", "surrogatepass")
    status = random.choice((200, 200, 200, 100, 101, 204, 301, 404, 429, 500, 999, 0))
    head = [f"HTTP/1.{random.choice('0112')} {status} X"]
    if random.random() < 0.5:
        head.append(f"Content-Length: {random.choice((len(body), 0, 10**30, -1, 3))}")
    else:
        head.append("Transfer-Encoding: chunked")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    for _ in range(random.randint(0, 3)):
        head.append(f"{random.choice(('Retry-After', 'Content-Type', 'Server', 'X', ''))}: {text(random, 1)}")
    continues = b"HTTP/1.1 100 Continue\r\n\r\n" * random.choice((0, 0, 0, 1, 50))
    whole = continues + "\r\n".join(head).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body
    return damaged(random, whole) if random.random() < 0.6 else whole


def _wire(random: Random, folder: Path) -> None:
    raw = _bytes(random)

    async def exchange() -> HttpReply:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        connection = Connection(ours, SocketWatch(), lambda _: None)
        reply = HttpReply(time.monotonic_ns())
        try:
            theirs.send(raw[:60_000])
            theirs.shutdown(socket.SHUT_WR)
            await connection.exchange(b"POST / HTTP/1.1\r\n\r\n", reply, _LIMITS, None)
        finally:
            connection.close()
            theirs.close()
        return reply

    reply = _loop().run_until_complete(exchange())
    if reply.broken in ("total_timeout", "first_token_timeout"):
        raise Lost("a reply that was over was waited for")
    if reply.broken is None and not 200 <= reply.status <= 999:
        raise Lost(f"a reply with the status {reply.status}")
    if reply.status >= 300 and reply.broken is None:
        refusal(reply, secrets=_KEYS)


KINDS = (Kind("wires", _wire, 4),)
