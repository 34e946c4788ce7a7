"""One watch wakes the loop for all its sockets, sees a reset as it comes, and holds no descriptor for none."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from milo_bench.targets.http.watching.measuring_loop import MeasuringLoop
from milo_bench.targets.http.watching.watch import SocketWatch
from tests.patience import until


def pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def run(case: Callable[[SocketWatch], object], kind: str = "epoll") -> None:
    async def go() -> None:
        await case(SocketWatch())  # type: ignore[misc]

    with asyncio.Runner(loop_factory=MeasuringLoop if kind == "measuring" else None) as runner:
        runner.run(go())


@pytest.fixture(params=["epoll", "loop", *(["measuring"] if sys.platform == "linux" else [])])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "loop":
        monkeypatch.setattr(SocketWatch, "_opened", lambda _: None)
    return str(request.param)


def test_each_socket_calls_its_own_reader_until_it_is_removed(kind: str) -> None:
    async def case(watching: SocketWatch) -> None:
        pairs = [pair() for _ in range(5)]
        read: list[tuple[int, bytes]] = []
        for number, (ours, _) in enumerate(pairs):
            watching.add(ours.fileno(), lambda n=number, s=ours: read.append((n, s.recv(9))))  # type: ignore[misc]
        for number, (_, theirs) in enumerate(pairs):
            theirs.send(b"%d" % number)
        await until(lambda: len(read) == 5)
        assert sorted(read) == [(n, b"%d" % n) for n in range(5)]
        watching.remove(pairs[2][0].fileno())
        for _, theirs in pairs:
            theirs.send(b"x")
        await until(lambda: len(read) == 9)
        assert 2 not in [number for number, _ in read[5:]]
        for ours, theirs in pairs:
            watching.remove(ours.fileno())
            ours.close()
            theirs.close()

    run(case, kind)


def test_a_reader_may_remove_the_socket_of_another_that_could_be_read_too(kind: str) -> None:
    async def case(watching: SocketWatch) -> None:
        (first, to_first), (second, to_second) = pair(), pair()
        called: list[str] = []

        def gone(name: str) -> None:
            called.append(name)
            for one in (first, second):
                watching.remove(one.fileno())

        watching.add(first.fileno(), lambda: gone("first"))
        watching.add(second.fileno(), lambda: gone("second"))
        to_first.send(b"x")
        to_second.send(b"x")
        await until(lambda: bool(called))
        await asyncio.sleep(0)
        assert len(called) == 1 or kind == "loop"
        for one in (first, second, to_first, to_second):
            one.close()

    run(case, kind)


def test_a_reset_calls_the_reader() -> None:
    async def case(watching: SocketWatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            ours = socket.create_connection(server.getsockname())
            theirs, _ = server.accept()
        seen: list[OSError] = []

        def read() -> None:
            try:
                ours.recv(9)
            except OSError as error:
                seen.append(error)
                watching.remove(ours.fileno())

        watching.add(ours.fileno(), read)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
        await until(lambda: bool(seen))
        assert isinstance(seen[0], ConnectionResetError)
        ours.close()

    run(case)


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
def test_no_descriptor_is_held_for_no_socket() -> None:
    async def case(watching: SocketWatch) -> None:
        before = descriptors()
        for _ in range(3):
            ours, theirs = pair()
            watching.add(ours.fileno(), lambda: None)
            watching.remove(ours.fileno())
            watching.remove(ours.fileno())
            ours.close()
            theirs.close()
        assert descriptors() == before

    run(case)


@pytest.mark.skipif(sys.platform != "linux", reason="there is no epoll elsewhere")
def test_without_a_descriptor_to_spare_the_loop_watches_each_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more() -> None:
        raise OSError(24, os.strerror(24))

    async def case(watching: SocketWatch) -> None:
        ours, theirs = pair()
        read: list[bytes] = []
        with monkeypatch.context() as patched:
            patched.setattr(select, "epoll", no_more)
            watching.add(ours.fileno(), lambda: read.append(ours.recv(9)))
        theirs.send(b"here")
        await until(lambda: bool(read))
        assert read == [b"here"]
        watching.remove(ours.fileno())
        ours.close()
        theirs.close()

    run(case)
