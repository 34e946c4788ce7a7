"""Servers that answer oddly, or on one of a name's addresses alone: an answer or one reason, never a fault of ours."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from milo_bench.core.records import Timeouts
from milo_bench.gateway.upstream.pool import UpstreamPool, WholeReply
from milo_bench.targets.http.address import Address

TIMES = Timeouts(connect_s=5.0, first_token_s=5.0, total_s=5.0)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
SWITCHES = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
LENGTHS = b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"


async def replied(data: bytes, host: str = "127.0.0.1") -> tuple[WholeReply, Mapping[str, Any]]:
    """What becomes of one request to a server that says ``data``, and the last error that the loop was told of."""
    faults: dict[str, Any] = {}
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: faults.update(context))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    pool = UpstreamPool(Address("http", host, server.sockets[0].getsockname()[1], ""), {}, inside_only=True)
    try:
        return await pool.fetch("/v1/chat/completions", b"{}", TIMES), faults
    finally:
        pool.close()
        server.close()


@pytest.mark.parametrize(
    "data",
    [SWITCHES, HEAD + LENGTHS, HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
)
async def test_a_reply_that_could_be_read_in_two_ways_is_no_answer(data: bytes) -> None:
    reply, faults = await replied(data)
    assert (reply.failure, faults) == ("bad_stream", {})


async def test_a_trailer_changes_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    reply, _ = await replied(CHUNKED + b"Content-Type: text/html\r\nRetry-After: 99\r\n\r\n")
    assert (reply.failure, reply.body()) == (None, b"{}")
    assert dict(reply.headers) == {"content-type": "application/json", "transfer-encoding": "chunked"}


@pytest.mark.parametrize("first", ["127.0.0.2", "127.0.0.1"])
async def test_each_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    async def resolved(host: str, port: int, **_: Any) -> list[Any]:
        places = [first, *({"127.0.0.1", "127.0.0.2"} - {first})]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in places]

    loop = asyncio.get_running_loop()
    real = loop.getaddrinfo

    async def only_ours(host: str, port: int, **more: Any) -> list[Any]:
        return await (resolved(host, port) if host == "models.test" else real(host, port, **more))

    monkeypatch.setattr(loop, "getaddrinfo", only_ours)
    reply, _ = await replied(HEAD + b"Content-Length: 2\r\n\r\n{}", "models.test")
    assert (reply.failure, reply.body()) == (None, b"{}")


async def test_a_name_with_one_address_outside_the_network_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolved(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port)) for place in ("127.0.0.1", "93.184.216.34")]

    pool = UpstreamPool(Address("http", "models.test", 9, ""), {}, inside_only=True)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    reply = await pool.fetch("/v1/chat/completions", b"{}", TIMES)
    assert (reply.failure, "93.184.216.34" in reply.message) == ("outside_network", True)
