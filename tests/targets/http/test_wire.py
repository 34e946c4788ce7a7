"""The measured client against servers that behave and misbehave on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from milo_bench.core.records import Timeouts
from milo_bench.targets.http.address import Address
from milo_bench.targets.http.reply import HttpReply
from milo_bench.targets.http.wire import TcpWire
from tests.patience import WAIT_S

Streams = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PATIENT = Timeouts(connect_s=WAIT_S, first_token_s=WAIT_S, total_s=WAIT_S)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


@contextlib.asynccontextmanager
async def serving(handle: Streams) -> AsyncIterator[TcpWire]:
    async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await handle(reader, writer)
        writer.close()

    server = await asyncio.start_server(quiet, "127.0.0.1", 0)
    wire = TcpWire(Address("http", "127.0.0.1", server.sockets[0].getsockname()[1], ""))
    try:
        yield wire
    finally:
        await wire.close()
        server.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), b":0")
    return head + await reader.readexactly(int(length.split(b":")[1]))


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def test_a_connection_is_kept_and_used_again() -> None:
    made = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.append(1)
        while await read_request(reader):
            writer.write(OK)

    async with serving(handle) as wire:
        replies = [await wire.fetch("POST", "/", b"{}", timeouts=PATIENT) for _ in range(5)]
        assert [reply.body() for reply in replies] == [b"ok"] * 5
        assert len(made) == 1


async def test_a_connection_that_the_server_closed_while_idle_is_no_failure() -> None:
    closed = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await writer.drain()
        writer.close()
        closed.set()

    async with serving(handle) as wire:
        assert (await wire.fetch("GET", "/", timeouts=PATIENT)).broken is None
        await closed.wait()
        assert (await wire.fetch("GET", "/", timeouts=PATIENT)).broken is None


async def test_a_request_that_the_server_took_before_closing_is_a_failure_and_is_not_sent_again() -> None:
    seen = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(OK)
        seen.append(await read_request(reader))  # taken, and never answered

    async with serving(handle) as wire:
        await wire.fetch("POST", "/", b"1", timeouts=PATIENT)
        reply = await wire.fetch("POST", "/", b"2", timeouts=PATIENT)
        assert reply.broken == "reset"
        assert len(seen) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how many bytes the other side acknowledged")
async def test_a_request_that_never_arrived_goes_out_on_a_fresh_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = []
    closed = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append((await read_request(reader))[-1:])
        writer.write(OK)
        await writer.drain()
        if len(bodies) == 1:
            reset(writer)
            writer.close()
            closed.set()

    async with serving(handle) as wire:
        await wire.fetch("POST", "/", b"1", timeouts=PATIENT)
        # The race itself: the check before sending still saw a live connection.
        (connection,) = wire._idle
        connection._watch.remove(connection._fd)
        monkeypatch.setattr(type(connection), "is_alive", lambda _: True)
        await closed.wait()
        connection._watch.add(connection._fd, connection._readable)
        reply = HttpReply(0)
        connection._on_gone = lambda _: None
        with contextlib.suppress(OSError):
            reply = await wire.fetch("POST", "/", b"2", timeouts=PATIENT)
        assert (reply.broken, reply.body()) == (None, b"ok")
        assert bodies == [b"1", b"2"]


async def test_connections_of_a_server_that_closes_unannounced_are_used_once() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK.replace(b"Content-Length", b"Server: llama.cpp\r\nContent-Length"))

    async with serving(handle) as wire:
        for _ in range(50):
            assert (await wire.fetch("POST", "/", b"{}", timeouts=PATIENT)).broken is None


@pytest.mark.parametrize(
    ("sent", "broken"),
    [
        (b"", "reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "reset"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "reset"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "bad_stream"),
        (b"HTTP/1.1 200 OK\r\n\r\nall of it", None),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, None),
        (b"HTTP/1.0 200 OK\r\n\r\nold", None),
    ],
)
async def test_how_a_reply_ended_is_told_apart(sent: bytes, broken: str | None) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(sent)

    async with serving(handle) as wire:
        assert (await wire.fetch("GET", "/", timeouts=PATIENT)).broken == broken


async def test_each_limit_gives_its_own_failure() -> None:
    release = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nrole\r\n")
        await release.wait()

    async with serving(handle) as wire:
        limits = Timeouts(connect_s=1, first_token_s=0.05, total_s=0.15)
        reply = await wire.fetch("GET", "/", timeouts=limits, shows_content=lambda _: False)
        assert reply.broken == "first_token_timeout"
        reply = await wire.fetch("GET", "/", timeouts=limits, shows_content=lambda _: True)
        assert reply.broken == "total_timeout"
        assert reply.body() == b"role"
        release.set()


async def test_nobody_listening_is_refused_and_a_full_backlog_times_out() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        wire = TcpWire(Address("http", "127.0.0.1", bound.getsockname()[1], ""))
        assert (await wire.fetch("GET", "/", timeouts=PATIENT)).broken == "connect_refused"
        if sys.platform == "linux":
            bound.listen(0)
            limits = Timeouts(connect_s=0.1, first_token_s=1, total_s=1)
            fillers = [socket.create_connection(bound.getsockname(), timeout=0.2)]
            reply = await wire.fetch("GET", "/", timeouts=limits)
            assert reply.broken == "connect_timeout"
            for filler in fillers:
                filler.close()


async def test_cancelling_closes_the_connection() -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        asked.set()
        await reader.read()
        gone.set()

    async with serving(handle) as wire:
        task = asyncio.create_task(wire.fetch("POST", "/", b"{}", timeouts=PATIENT))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(gone.wait(), WAIT_S)


async def test_a_large_request_is_sent_whole_while_the_server_reads_slowly() -> None:
    sizes = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sizes.append(len(await read_request(reader)))
        writer.write(OK)

    async with serving(handle) as wire:
        assert (await wire.fetch("POST", "/", b"x" * 8_000_000, timeouts=PATIENT)).broken is None
        assert sizes[0] > 8_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps what it receives")
async def test_the_kernels_stamp_shows_how_late_the_client_was() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_request(reader):
            writer.write(OK)
            time.sleep(0.03)  # noqa: ASYNC251  # server and client share this loop: the bytes are there, nobody looks

    async with serving(handle) as wire:
        await wire.fetch("GET", "/", timeouts=PATIENT)  # the kernel starts to stamp a moment after it is first asked to
        reply = await wire.fetch("GET", "/", timeouts=PATIENT)
        assert max(reply.lags_ns) > 25_000_000


async def test_times_are_ordered() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)

    async with serving(handle) as wire:
        before = time.monotonic_ns()
        reply = await wire.fetch("GET", "/", timeouts=PATIENT)
        assert reply.connected_ns is not None
        assert before <= reply.started_ns <= reply.connected_ns <= reply.pieces[0][0] <= reply.ended_ns
        assert reply.ended_ns <= time.monotonic_ns()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"4\r\nhalf\r\n6\r\n\r\nrest\r\n0\r\n\r\n",
        b"4\r\nhalf\r\n6\r\n\r\nrest\r\n0\r\nTrailer: x\r\n\r\n",
        b"A\r\nhalf\r\nrest\r\n0\r\n\r\n",
    ],
    ids=["an end inside a chunk", "trailers", "one chunk"],
)
async def test_a_chunked_reply_ends_with_its_last_byte_wherever_reads_are_cut(sent: bytes) -> None:
    """Each byte comes as a read of its own, and the connection stays open: only the framing says that it is over."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while await read_request(reader):
            for byte in CHUNKED + sent:
                writer.write(bytes([byte]))
                await asyncio.sleep(0)

    async with serving(handle) as wire:
        for _ in range(3):
            reply = await wire.fetch("GET", "/", timeouts=PATIENT)
            assert (reply.broken, reply.body()) == (None, b"half\r\nrest")


async def test_broken_framing_is_named_while_the_server_still_holds_the_connection() -> None:
    release = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(CHUNKED + b"4\r\nhalf\r\n")
        await writer.drain()
        writer.write(b"no length\r\nhalf\r\n")
        await release.wait()

    async with serving(handle) as wire:
        reply = await wire.fetch("GET", "/", timeouts=PATIENT)
        assert (reply.broken, reply.body()) == ("bad_stream", b"half")
        release.set()


async def test_what_comes_behind_the_end_of_a_chunked_reply_ends_its_connection() -> None:
    made = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.append(1)
        while await read_request(reader):
            writer.write(CHUNKED + b"2\r\nok\r\n0\r\n\r\n" + OK)

    async with serving(handle) as wire:
        for _ in range(2):
            reply = await wire.fetch("GET", "/", timeouts=PATIENT)
            assert (reply.broken, reply.body()) == (None, b"ok")
        assert len(made) == 2
