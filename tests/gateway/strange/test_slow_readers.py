"""A client that does not read what it asked for holds a connection for a while, and no longer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from milo_bench.gateway.wire.connection import ClientConnection, HttpRequest
from milo_bench.gateway.wire.flow import Flow
from milo_bench.gateway.wire.listener import WireLimits, WireListener
from tests.patience import WAIT_S

LARGE = b'"' + b"a" * (30 << 20) + b'"'
ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def whole(client: ClientConnection, _: HttpRequest) -> None:
    client.reply(200, LARGE)


async def cut(client: ClientConnection, _: HttpRequest) -> None:
    client.start_stream(200, {})
    client.send(LARGE)
    client.cut_stream(b"cut")


class WatchedListener(WireListener):
    """Says when the one connection to it has ended."""

    def __init__(self, answer: Any, idle_s: float) -> None:
        super().__init__(
            lambda client, http: Flow(answer(client, http)), limits=WireLimits(idle_s=idle_s),
            check_head=lambda _: None, note_refusal=lambda *_: None,
        )  # fmt: skip
        self.ended = asyncio.Event()

    def closed(self, connection: ClientConnection) -> None:
        super().closed(connection)
        self.ended.set()


@pytest.mark.parametrize("answer", [whole, cut])
async def test_an_answer_that_nobody_reads_is_given_up(answer: Callable[..., object]) -> None:
    listener = WatchedListener(answer, 0.3)
    port = await listener.listen("127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", port)) as unread:
        unread.sendall(ASK)
        await asyncio.wait_for(listener.ended.wait(), WAIT_S)
    await listener.stop(0)


async def test_a_client_that_reads_slowly_gets_its_whole_answer() -> None:
    listener = WatchedListener(whole, 0.6)
    port = await listener.listen("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(ASK)
    got = 0
    while got < len(LARGE):
        await asyncio.sleep(0.05)
        got += len(await reader.read(1 << 20))
    assert got >= len(LARGE)
    writer.close()
    await listener.stop(0)
