"""The aiohttp client, which TLS and proxies need, gives the same failures as the plain one."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

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
