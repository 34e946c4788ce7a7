"""The aiohttp client, which TLS and proxies need, gives the same failures as the plain one."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import time
from typing import Any

import aiohttp
import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.records import Timeouts
from milo_bench.targets.apis.openai import OpenAiTarget
from milo_bench.targets.fake.server import start_fake
from milo_bench.targets.http.address import Address, parse_address
from milo_bench.targets.http.tls import TlsWire, proxy_for
from milo_bench.targets.http.wire import TcpWire
from tests.patience import WAIT_S

PATIENT = Timeouts(WAIT_S, WAIT_S, WAIT_S)
SHORT = Timeouts(WAIT_S, first_token_s=0.2, total_s=0.4)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (None, None),
        ("reset_before_headers", "reset"),
        ("reset_mid_stream", "reset"),
        ("cut_stream", "reset"),
        ("hang_before_headers", "first_token_timeout"),
        ("hang_before_first_token", "first_token_timeout"),
        ("hang_after_first_token", "total_timeout"),
        ("malformed_json", "bad_stream"),
        ({"kind": "status", "status": 429}, "rate_limited"),
    ],
)
async def test_each_fault_has_its_kind_of_failure(fault: Any, kind: str | None) -> None:
    rules = [] if fault is None else [{"fault": fault}]
    async with start_fake({"reply": {"text": "one two three"}, "rules": rules}) as fake:
        target = OpenAiTarget(TargetConfig(name="t", api="openai", model="fake-1", base_url=fake.base_url), {})
        target._wire = TlsWire(parse_address(fake.base_url), {"Content-Type": "application/json"})
        request = ChatRequest((Message("user", "x"),))
        limits = SHORT if kind and kind.endswith("timeout") else PATIENT
        exchange = await target.ask(request, timeouts=limits, zero_s=time.monotonic(), intended_s=0.0)
        await target.stop()
        assert (exchange.failure and exchange.failure.kind) == kind
        assert len(fake.requests) == 1


async def test_nobody_listening_is_refused() -> None:
    wire = TlsWire(Address("https", "127.0.0.1", 1, ""), {})
    assert (await wire.fetch("GET", "/", timeouts=PATIENT)).broken == "connect_refused"
    await wire.close()


def test_the_environments_proxy_is_used_unless_excepted() -> None:
    place = parse_address("https://api.example.com/v1")
    env = {"HTTPS_PROXY": "http://proxy:3128"}
    assert proxy_for(place, env) == "http://proxy:3128"
    assert proxy_for(place, {**env, "NO_PROXY": "localhost, .example.com"}) is None
    assert proxy_for(place, {**env, "no_proxy": "ample.com"}) == "http://proxy:3128"


async def test_a_handshake_that_stalls_ends_with_the_limit_of_a_connection() -> None:
    ended = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(stall, "127.0.0.1", 0)
    wire = TlsWire(Address("https", "127.0.0.1", server.sockets[0].getsockname()[1], ""), {})
    try:
        reply = await wire.fetch("POST", "/", timeouts=Timeouts(0.1, WAIT_S, WAIT_S))
    finally:
        await wire.close()
        ended.set()
        server.close()
    assert (reply.broken, reply.broken_message) == ("connect_timeout", "no connection within 100 ms")


@pytest.mark.parametrize("wire", [TcpWire, TlsWire])
async def test_a_server_that_says_go_on_without_end_is_left(wire: type[TcpWire] | type[TlsWire]) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    client = wire(Address("http", "127.0.0.1", server.sockets[0].getsockname()[1], ""), {})
    try:
        reply = await client.fetch("POST", "/", timeouts=PATIENT)
    finally:
        await client.close()
        server.close()
    assert reply.broken == "bad_stream" and reply.broken_message.startswith("stopped after ")


async def test_interim_answers_before_the_one_that_counts_are_passed_over() -> None:
    async def go_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" * 20 + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(go_on, "127.0.0.1", 0)
    client = TlsWire(Address("http", "127.0.0.1", server.sockets[0].getsockname()[1], ""), {})
    try:
        reply = await client.fetch("POST", "/", timeouts=PATIENT)
    finally:
        await client.close()
        server.close()
    assert (reply.broken, reply.status, reply.body()) == (None, 200, b"hi")


async def test_pieces_that_came_while_the_coroutine_waited_keep_the_stamps_of_their_reads() -> None:
    """The loop is held up after each read, so that the reader's coroutine finds several reads as one."""
    pieces = [b"one ", b"two ", b"three ", b"four "]
    sent_ns: list[int] = []
    go_on = asyncio.Event()

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            sent_ns.append(time.monotonic_ns())
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await asyncio.sleep(0.02)
        sent_ns.append(time.monotonic_ns())
        writer.write(b"0\r\n\r\n")
        await go_on.wait()
        writer.close()

    server = await asyncio.start_server(slowly, "127.0.0.1", 0)
    wire = TlsWire(Address("http", "127.0.0.1", server.sockets[0].getsockname()[1], ""), {})
    plain = aiohttp.StreamReader.iter_any

    def late(self: Any) -> Any:
        async def waiting() -> Any:
            await asyncio.sleep(0.5)  # longer than all of it takes
            async for data in plain(self):
                yield data

        return waiting()

    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(aiohttp.StreamReader, "iter_any", late)
            reply = await wire.fetch("GET", "/", timeouts=PATIENT)
    finally:
        go_on.set()
        await wire.close()
        server.close()
    assert [data for _, data in reply.pieces] == pieces
    stamps = [at_ns for at_ns, _ in reply.pieces]
    assert stamps == sorted(stamps)
    assert all(sent <= read <= after for sent, read, after in zip(sent_ns, stamps, sent_ns[1:], strict=False))
    assert sent_ns[-1] <= reply.ended_ns


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_every_byte_has_a_stamp_and_none_is_given_twice(encoding: str) -> None:
    body = b"".join(b"piece %d, " % number for number in range(5000))
    sent = gzip.compress(body) if encoding == "gzip" else body

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(sent)}\r\n\r\n"
            writer.write(head.encode() + sent)
        await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    wire = TlsWire(Address("http", "127.0.0.1", server.sockets[0].getsockname()[1], ""), {})
    try:
        for _ in range(2):  # the second on the connection of the first
            reply = await wire.fetch("GET", "/", timeouts=PATIENT)
            assert reply.body() == body
            assert reply.started_ns < reply.pieces[0][0] <= reply.pieces[-1][0] <= reply.ended_ns <= time.monotonic_ns()
    finally:
        await wire.close()
        server.close()
