"""Replies whose head was read before mean what they meant when it was read; anything else is read whole."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from milo_bench.core.records import FailureKind
from milo_bench.gateway.upstream.connection import KnownReplies, UpstreamConnection

HEADS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
    b"HTTP/1.1 503 Busy\r\nRetry-After: 2\r\ncontent-length: 5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
    b"HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n",
)
BODIES = (
    b"",
    b"hello",
    b"help!",
    b"hello\r\n0\r\n\r\n",
    b"hello!",
    b"helloHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
)


class _Pool:
    def __init__(self) -> None:
        self.replies = KnownReplies()
        self.freed = 0

    def at_turn_end(self, connection: UpstreamConnection) -> None:
        connection.write()

    def free(self, connection: UpstreamConnection) -> None:
        self.freed += 1

    def gone(self, connection: UpstreamConnection) -> None: ...


class _Sink:
    """What a reply was; ``whole`` joins its pieces."""

    def __init__(self) -> None:
        self.status, self.whole = 0, b""
        self.headers: Mapping[str, str] = {}
        self.ended: list[tuple[FailureKind | None, str]] = []

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        self.status, self.headers = status, headers

    def data(self, pieces: list[bytes]) -> None:
        self.whole += b"".join(pieces)

    def end(self, failure: FailureKind | None, message: str) -> None:
        self.ended.append((failure, message))

    def seen(self) -> tuple[Any, ...]:
        return self.status, dict(self.headers), self.whole, self.ended


class _Transport:
    def __init__(self) -> None:
        self.closed = False

    def get_extra_info(self, name: str) -> None: ...

    def write(self, data: bytes) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    abort = close


def _answered(pool: _Pool, reply: bytes, cut: int) -> tuple[Any, ...]:
    """What becomes of one request that is answered by ``reply``, which comes in two reads where ``cut`` is within."""
    connection, transport, sink = UpstreamConnection(pool), _Transport(), _Sink()
    connection.connection_made(transport)  # type: ignore[arg-type]
    connection.send(b"asked", sink, first_s=60.0, total_s=60.0)
    before = pool.freed
    for part in (reply[:cut], reply[cut:]):
        if part and not transport.closed:
            connection.data_received(part)
    connection.connection_lost(None)
    return *sink.seen(), transport.closed, pool.freed - before


@given(
    st.lists(
        st.tuples(st.sampled_from(HEADS), st.sampled_from(BODIES), st.integers(0, 90) | st.just(0)),
        min_size=2,
        max_size=6,
    )
)
def test_a_pool_that_knows_heads_reads_every_reply_as_one_that_knows_none(
    replies: list[tuple[bytes, bytes, int]],
) -> None:
    async def compare() -> None:
        knowing = _Pool()
        for head, body, cut in replies:
            assert _answered(knowing, head + body, cut) == _answered(_Pool(), head + body, cut)

    asyncio.run(compare())


async def test_a_head_that_was_read_is_known_with_another_body_of_its_length() -> None:
    pool = _Pool()
    first = _answered(pool, HEADS[0] + b"hello", 0)
    assert pool.replies.find(HEADS[0] + b"help!") is not None
    assert pool.replies.find(HEADS[0] + b"hello!") is None
    second = _answered(pool, HEADS[0] + b"help!", 0)
    assert (first[2], second[2], second[-1]) == (b"hello", b"help!", 1)


async def test_heads_that_each_reply_has_alone_fill_no_memory() -> None:
    pool = _Pool()
    for number in range(1_000):
        head = b"HTTP/1.1 200 OK\r\nX-Request-Id: %d\r\nContent-Length: 5\r\n\r\n" % number
        assert _answered(pool, head + b"hello", 0)[2] == b"hello"
    assert len(pool.replies) <= 64
