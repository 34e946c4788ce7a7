"""A stream to a client: what is there together leaves together, and each piece stays a chunk of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from milo_bench.gateway.wire.connection import ClientConnection, HttpRequest
from milo_bench.gateway.wire.flow import Flow
from milo_bench.gateway.wire.listener import WireLimits, WireListener

REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


class _Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


@pytest.fixture
async def client() -> Any:
    async def wait(connection: ClientConnection, http: HttpRequest) -> None:
        await asyncio.Event().wait()

    listener = WireListener(
        lambda connection, http: Flow(wait(connection, http)),
        limits=WireLimits(),
        check_head=lambda http: None,
        note_refusal=lambda error, http: None,
    )
    made = ClientConnection(listener)
    made.connection_made(_Transport())
    made.data_received(REQUEST)
    yield made
    made.connection_lost(None)
    await listener.stop(0.0)


def written(client: ClientConnection) -> list[bytes]:
    transport = client._transport
    assert isinstance(transport, _Transport)
    return transport.written


def body(parts: list[bytes]) -> bytes:
    head, _, rest = b"".join(parts).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.count(b"HTTP/1.1") == 1
    return rest


async def test_a_stream_that_is_there_as_a_whole_is_one_write(client: ClientConnection) -> None:
    client.start_stream(200, {"X-Milo-Request": "r"})
    client.end_stream(b"ab", b"", b"c")
    assert len(written(client)) == 1
    assert body(written(client)) == b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


async def test_the_head_leaves_with_the_first_pieces_and_once(client: ClientConnection) -> None:
    for _ in range(2):  # on one connection
        written(client).clear()
        client.start_stream(200, {})
        assert written(client) == []
        client.send(b"ab", b"c")
        assert len(written(client)) == 1
        client.send(b"d")
        client.end_stream(b"e")
        assert body(written(client)) == b"2\r\nab\r\n1\r\nc\r\n1\r\nd\r\n1\r\ne\r\n0\r\n\r\n"
        client.data_received(REQUEST)


@pytest.mark.parametrize("sent", [(), (b"ab",)])
async def test_a_stream_that_is_cut_has_a_head_and_no_end(client: ClientConnection, sent: tuple[bytes, ...]) -> None:
    client.start_stream(200, {})
    client.send(*sent)
    client.cut_stream(b"cut")
    assert body(written(client)) == b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in (*sent, b"cut"))
