"""Requests to a server leave together at the end of the turn of the loop in which they came, or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

from milo_bench.core.records import Timeouts
from milo_bench.gateway.upstream.connection import UpstreamConnection
from milo_bench.gateway.upstream.pool import UpstreamPool, WholeReply
from milo_bench.targets.http.address import Address

TIMES = Timeouts(connect_s=5.0, first_token_s=5.0, total_s=5.0)


class _Transport(asyncio.Transport):
    """What was written to a server that says nothing; every transport writes into ``log``."""

    def __init__(self, log: list[str], name: str) -> None:
        super().__init__()
        self.log, self.name, self.ended = log, name, False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        body = bytes(data).rpartition(b"\r\n")[2]
        self.log.append(f"{self.name} {body.decode()}")

    def close(self) -> None:
        self.ended = True

    abort = close


def opened(pool: UpstreamPool, log: list[str], name: str) -> tuple[UpstreamConnection, _Transport]:
    """A connection that is open and unused."""
    connection, transport = UpstreamConnection(pool), _Transport(log, name)
    connection.connection_made(transport)
    connection.idle_since_s = asyncio.get_running_loop().time()
    pool.free(connection)
    return connection, transport


def pool_of_a_server() -> UpstreamPool:
    return UpstreamPool(Address("http", "127.0.0.1", 9, ""), {}, inside_only=True)


def asked(pool: UpstreamPool, body: bytes) -> WholeReply:
    reply = WholeReply()
    assert pool.send("/v1/chat/completions", body, reply, TIMES, "")
    return reply


async def test_requests_of_one_turn_leave_one_after_the_other_when_it_ends() -> None:
    pool, log = pool_of_a_server(), list[str]()
    for name in ("a", "b"):
        opened(pool, log, name)
    for body in (b"{1}", b"{2}"):
        asked(pool, body)
        log.append("read")
    await asyncio.sleep(0)
    assert log == ["read", "read", "b {1}", "a {2}"]
    opened(pool, log, "c")
    asked(pool, b"{3}")
    await asyncio.sleep(0)
    assert log[4:] == ["c {3}"]
    await asyncio.sleep(0)
    assert len(log) == 5


async def test_a_request_that_nobody_wants_any_more_does_not_leave() -> None:
    pool, log = pool_of_a_server(), list[str]()
    _, transport = opened(pool, log, "a")
    asked(pool, b"{1}").dropped()
    await asyncio.sleep(0)
    assert (log, transport.ended) == ([], True)


async def test_what_a_server_says_before_it_was_asked_is_no_answer() -> None:
    pool, log = pool_of_a_server(), list[str]()
    connection, transport = opened(pool, log, "a")
    reply = asked(pool, b"{1}")
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    await asyncio.sleep(0)
    assert ((await reply).failure, reply.body(), log, transport.ended) == ("reset", b"", [], True)
    assert not pool.send("/v1/chat/completions", b"{2}", WholeReply(), TIMES, "")


async def test_a_connection_that_ends_before_its_request_left_is_reset() -> None:
    pool, log = pool_of_a_server(), list[str]()
    connection, _ = opened(pool, log, "a")
    reply = asked(pool, b"{1}")
    connection.connection_lost(None)
    await asyncio.sleep(0)
    assert ((await reply).failure, log) == ("reset", [])


async def test_a_stream_is_asked_for_at_once() -> None:
    pool, log = pool_of_a_server(), list[str]()
    opened(pool, log, "a")
    await pool.start("/v1/chat/completions", b"{1}", WholeReply(), TIMES)
    assert log == ["a {1}"]
