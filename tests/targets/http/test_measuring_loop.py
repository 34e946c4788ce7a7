"""The loop that reads watched sockets while it waits is a loop like any other for everything else."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from milo_bench.targets.http.watching.chunks import head_of_chunk
from tests.patience import WAIT_S, until

if sys.platform != "linux":
    pytest.skip("epoll is Linux's", allow_module_level=True)

from milo_bench.targets.http.watching.measuring_loop import MeasuringLoop, WatchedStream


def run(work: Callable[[MeasuringLoop], Coroutine[Any, Any, None]]) -> None:
    async def go() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, MeasuringLoop)
        async with asyncio.timeout(WAIT_S):
            await work(loop)

    with asyncio.Runner(loop_factory=MeasuringLoop) as runner:
        runner.run(go())


class Pair:
    """Two ends of a connection; ours is watched, and what it read is kept."""

    def __init__(self, loop: MeasuringLoop, then: Callable[[], object] = lambda: None) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.read: list[bytes] = []
        self.loop = loop

        def reader() -> None:
            self.read.append(self.ours.recv(100))
            then()

        loop.watch(self.ours.fileno(), reader)

    def close(self) -> None:
        self.loop.unwatch(self.ours.fileno())
        self.ours.close()
        self.theirs.close()


def pushing(pair: Pair, pieces: int) -> threading.Thread:
    """A thread that sends, so that pieces come while the loop waits."""

    def push() -> None:
        for number in range(pieces):
            pair.theirs.send(b"%d" % number)
            for _ in range(1000):
                if len(pair.read) > number:
                    break
                threading.Event().wait(0.001)

    thread = threading.Thread(target=push)
    thread.start()
    return thread


def test_pieces_are_read_without_a_turn_of_the_loop_and_a_result_gives_it_one() -> None:
    async def work(loop: MeasuringLoop) -> None:
        whole = loop.create_future()
        turns = 0
        pair = Pair(loop, lambda: whole.set_result(None) if len(pair.read) == 20 else None)
        before = loop._run_once  # type: ignore[attr-defined]

        def counted() -> None:
            nonlocal turns
            turns += 1
            before()

        loop._run_once = counted  # type: ignore[attr-defined]
        thread = pushing(pair, 20)
        await whole
        thread.join()
        assert len(pair.read) == 20
        assert turns <= 3, "one for the wait, one for the result"
        pair.close()

    run(work)


def test_a_timer_asked_for_by_a_reader_rings_although_the_loop_was_told_to_wait_longer() -> None:
    async def work(loop: MeasuringLoop) -> None:
        rang = loop.create_future()
        pair = Pair(loop, lambda: loop.call_later(0.01, rang.set_result, None))
        threading.Timer(0.02, pair.theirs.send, (b"x",)).start()
        await rang  # nothing else is due: the loop waits for ever
        pair.close()

    run(work)


def test_a_timer_behind_the_end_of_the_wait_costs_no_turn_and_rings() -> None:
    async def work(loop: MeasuringLoop) -> None:
        order: list[str] = []
        all_rang = loop.create_future()
        turns = 0
        before = loop._run_once  # type: ignore[attr-defined]

        def counted() -> None:
            nonlocal turns
            turns += 1
            before()

        def asks_for_a_later_one() -> None:
            loop.call_later(0.3, order.append, "later")
            loop.call_later(0.4, all_rang.set_result, None)
            order.append(f"read in turn {turns}")

        pair = Pair(loop, asks_for_a_later_one)
        loop.call_later(0.2, lambda: order.append(f"sooner in turn {turns}"))
        loop._run_once = counted  # type: ignore[attr-defined]
        pair.theirs.send(b"x")
        await all_rang
        assert order == ["read in turn 1", "sooner in turn 1", "later"], "turn 1 waits for the sooner one"
        pair.close()

    run(work)


def test_timers_ring_beside_a_socket_that_always_has_something() -> None:
    async def work(loop: MeasuringLoop) -> None:
        ours, theirs = socket.socketpair()
        theirs.send(b"never read")
        calls = 0

        def reader() -> None:
            nonlocal calls
            calls += 1

        loop.watch(ours.fileno(), reader)
        await asyncio.sleep(0.02)
        assert calls > 10
        reading, writing = os.pipe()
        told = loop.create_future()
        loop.add_reader(reading, lambda: told.set_result(os.read(reading, 1)))
        threading.Timer(0.01, os.write, (writing, b"y")).start()
        assert await told == b"y", "a file of asyncio's own has its turn too"
        loop.remove_reader(reading)
        loop.unwatch(ours.fileno())
        for one in (ours, theirs):
            one.close()
        os.close(reading)
        os.close(writing)

    run(work)


def test_another_thread_and_a_signal_wake_it() -> None:
    async def work(loop: MeasuringLoop) -> None:
        told = loop.create_future()
        threading.Timer(0.01, loop.call_soon_threadsafe, (told.set_result, 1)).start()
        assert await told == 1
        signalled = loop.create_future()
        loop.add_signal_handler(signal.SIGUSR1, signalled.set_result, 2)
        threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        assert await signalled == 2
        loop.remove_signal_handler(signal.SIGUSR1)

    run(work)


def test_a_reader_that_fails_is_told_and_stops_nobody() -> None:
    async def work(loop: MeasuringLoop) -> None:
        told: list[str] = []
        loop.set_exception_handler(lambda _, context: told.append(str(context["exception"])))
        broken = Pair(loop, lambda: 1 / 0)
        pair = Pair(loop)
        broken.theirs.send(b"x")
        pair.theirs.send(b"y")
        await until(lambda: bool(told and pair.read))
        assert told == ["division by zero"]
        broken.close()
        pair.close()

    run(work)


def test_a_writer_is_called_when_there_is_room_and_readers_go_on() -> None:
    async def work(loop: MeasuringLoop) -> None:
        pair = Pair(loop)
        room = loop.create_future()
        with pytest.raises(BlockingIOError):
            while True:
                pair.ours.send(b"z" * 65536)

        def writer() -> None:
            loop.watch_writable(pair.ours.fileno(), None)
            room.set_result(None)

        loop.watch_writable(pair.ours.fileno(), writer)
        pair.theirs.send(b"while it waits")
        await until(lambda: bool(pair.read))
        assert not room.done()
        pair.theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                pair.theirs.recv(1 << 20)
        await room
        assert pair.read == [b"while it waits"]
        pair.close()

    run(work)


def test_servers_and_clients_of_asyncio_work_in_it() -> None:
    async def work(loop: MeasuringLoop) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.readline()).upper())
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        assert await reader.readline() == b"HELLO\n"
        writer.close()
        server.close()
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(5)", stdout=-1)
        assert (await process.communicate())[0] == b"5\n"

    run(work)


def test_the_head_of_a_read_that_is_one_chunk_is_known_by_its_size() -> None:
    sizes = set()
    for count in (*range(1, 5000), 65530, 65536, 70000, 1 << 20):
        chunk = b"%x\r\n" % count + b"y" * count + b"\r\n"
        assert head_of_chunk(len(chunk)) == b"%x\r\n" % count
        sizes.add(len(chunk))
    none = [size for size in range(4000) if size not in sizes]
    assert {head_of_chunk(size) for size in none} == {b""} and {0, 5, 21, 0x10 + 5 - 1} & set(none)


@pytest.mark.parametrize("seed", range(20))
def test_a_chunked_answer_is_the_same_however_its_bytes_are_cut_into_reads(seed: int) -> None:
    from milo_bench.core.records import Timeouts
    from milo_bench.targets.http.address import parse_address
    from milo_bench.targets.http.wire import TcpWire

    chance = random.Random(seed)
    texts = [
        b"".join(chance.choices([b"a", b"\r\n", b"0\r\n", b"5\r\n", b"\n\n"], k=chance.randint(1, 40)))
        for _ in range(30)
    ]
    chunks = [b"%x\r\n%b\r\n" % (len(text), text) for text in texts]
    chunks[chance.randrange(30)] = b"%X;note=1\r\n%b\r\n" % (len(texts[0]), texts[0])
    body = [chunk.split(b"\r\n", 1)[1][:-2] for chunk in chunks]
    whole = b"".join(chunks) + b"0\r\n\r\n"
    cuts = sorted(chance.sample(range(1, len(whole)), 10)) if seed % 2 else []
    reads = (
        [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)] if cuts else [*chunks, b"0\r\n\r\n"]
    )

    async def work(loop: MeasuringLoop) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for _ in range(2):  # the second time on the same connection
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for read in reads:
                    writer.write(read)
                    await asyncio.sleep(0.0005)
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        wire = TcpWire(parse_address(f"http://{host}:{port}"))
        for _ in range(2):
            reply = await wire.fetch("GET", "/", timeouts=Timeouts())
            assert (reply.broken, reply.body()) == (None, b"".join(body))
            assert [at_ns for at_ns, _ in reply.pieces] == sorted(at_ns for at_ns, _ in reply.pieces)
            assert reply.lags_ns and min(reply.lags_ns) >= 0
            kept, lags_ns, pieces = reply.body(), list(reply.lags_ns), list(reply.pieces)
            reply.pack()
            assert reply.pieces == [] and reply.memory() > 0
            reply.unpack()
            assert (reply.body(), reply.lags_ns, reply.pieces) == (kept, lags_ns, pieces)
        await wire.close()
        server.close()

    run(work)


def test_inside_a_stream_one_read_in_sixteen_asks_for_the_kernels_stamp_and_the_first_always_does() -> None:
    from milo_bench.core.records import Timeouts
    from milo_bench.targets.http.address import parse_address
    from milo_bench.targets.http.wire import TcpWire

    async def work(loop: MeasuringLoop) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for count in (40, 1):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in range(count):
                    await asyncio.sleep(0.0005)
                    writer.write(b"5\r\nhello\r\n")
                writer.write(b"0\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        wire = TcpWire(parse_address(f"http://{host}:{port}"))
        long = await wire.fetch("GET", "/", timeouts=Timeouts())
        short = await wire.fetch("GET", "/", timeouts=Timeouts())
        await wire.close()
        server.close()
        assert long.body() == b"hello" * 40 and 1 <= len(long.lags_ns) <= 40 / 16 + 3
        assert short.body() == b"hello" and len(short.lags_ns) >= 1

    run(work)


@pytest.mark.parametrize(
    ("ending", "broken", "message"),
    [
        ("reset", "reset", "connection lost: Connection reset by peer"),
        ("closed", "reset", "the connection closed before the end of the answer"),
        ("silent", "total_timeout", "no end within"),
        ("malformed", "bad_stream", "not HTTP"),
    ],
)
def test_a_stream_that_breaks_in_its_midst_says_how_and_keeps_what_came(ending: str, broken: str, message: str) -> None:
    from milo_bench.core.records import Timeouts
    from milo_bench.targets.http.address import parse_address
    from milo_bench.targets.http.wire import TcpWire

    async def work(loop: MeasuringLoop) -> None:
        over = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(12):
                await asyncio.sleep(0.001)
                writer.write(b"5\r\nhello\r\n")
            await asyncio.sleep(0.01)
            if ending == "reset":
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            elif ending == "malformed":
                writer.write(b"\r\nno chunk\r\n\r\n")
            if ending in ("silent", "malformed"):
                await over.wait()
            writer.transport.abort()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        wire = TcpWire(parse_address(f"http://{host}:{port}"))
        limits = Timeouts(total_s=2) if ending == "silent" else Timeouts()
        reply = await wire.fetch("GET", "/", timeouts=limits)
        over.set()
        assert reply.broken == broken and message in reply.broken_message
        assert reply.body() == b"hello" * 12
        await wire.close()
        server.close()

    run(work)


def test_a_stream_whose_taker_fails_is_told_and_stops_nobody() -> None:
    async def work(loop: MeasuringLoop) -> None:
        told: list[str] = []
        loop.set_exception_handler(lambda _, context: told.append(repr(context["exception"])))
        pair = Pair(loop)
        taken: list[bytes] = [b"the first, which the reader took"]

        def fail(data: bytes | OSError, at_ns: int) -> None:
            raise OSError("of the taker")

        times_ns: list[int] = []
        loop.watch_stream(pair.ours.fileno(), WatchedStream(pair.ours.recv, taken, times_ns, fail))
        pair.theirs.send(b"a piece")
        await until(lambda: len(taken) == 2)
        assert len(times_ns) == 1 and pair.read == [] and told == []
        pair.theirs.send(b"perhaps the end\r\n\r\n")
        await until(lambda: bool(told))
        assert told == ["OSError('of the taker')"]
        loop.watch_stream(pair.ours.fileno(), None)
        pair.theirs.send(b"for the reader")
        await until(lambda: pair.read == [b"for the reader"])
        pair.close()

    run(work)


def test_the_client_can_be_imported_where_there_is_no_epoll() -> None:
    script = """
import importlib, select, selectors, sys
import milo_bench.targets.http.wire
for name in [name for name in sys.modules if name.startswith("milo_bench.targets.http")]:
    del sys.modules[name]
sys.platform = "darwin"
del selectors.EpollSelector, select.epoll
importlib.import_module("milo_bench.targets.http.wire")
print("imported")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "imported\n", done.stderr
