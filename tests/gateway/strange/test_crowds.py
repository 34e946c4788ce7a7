"""More connections, or records, than there is room for: nobody is kept out, and nothing is left behind."""

from __future__ import annotations

import asyncio
import errno
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from milo_bench.store.audit import writer
from milo_bench.store.state.database import open_state
from milo_bench.store.state.queue import list_work
from tests.gateway.running import RunningGateway, running_gateway
from tests.gateway.test_bad_input import ROUTING, exchange, post, told, with_
from tests.patience import WAIT_S

FINE = {"local": {"reply": {"text": "fine"}}}


@asynccontextmanager
async def held(gateway: RunningGateway, count: int, begun: bytes) -> AsyncIterator[list[asyncio.StreamReader]]:
    """Connections that have sent ``begun`` and nothing more."""
    host, port = gateway.address.removeprefix("http://").split(":")
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(count)]
    for _, sender in opened:
        sender.write(begun)
        await sender.drain()
    try:
        yield [reader for reader, _ in opened]
    finally:
        for _, sender in opened:
            sender.close()


async def test_heads_that_never_end_keep_nobody_out(tmp_path: Path) -> None:
    async with (
        running_gateway(tmp_path, ROUTING, FINE, gateway={"max_connections": 4}) as gateway,
        held(gateway, 8, b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX-A: ") as readers,
    ):
        for _ in range(6):
            assert (await exchange(gateway, post(with_()))).startswith(b"HTTP/1.1 200")
        assert await asyncio.wait_for(readers[0].read(), WAIT_S) == b""  # the oldest had to go


async def test_a_connection_that_is_answered_makes_no_room(tmp_path: Path) -> None:
    slow = {"local": {"reply": {"text": "late", "first_token_s": 1.0}}}
    async with running_gateway(tmp_path, ROUTING, slow, gateway={"max_connections": 2}) as gateway:
        waiting = [asyncio.ensure_future(exchange(gateway, post(with_()))) for _ in range(2)]
        while gateway.seen("local") < 2:  # noqa: ASYNC110  # the fake server tells nobody
            await asyncio.sleep(0.01)
        status, error = told(await exchange(gateway, post(with_())))
        assert (status, error["code"]) == (503, "too_many_connections")
        assert all(reply.startswith(b"HTTP/1.1 200") for reply in await asyncio.gather(*waiting))


def test_the_limit_of_open_files_is_raised_and_bounds_connections() -> None:
    said = subprocess.run(
        [sys.executable, "-c", (
            "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (64, 400));"
            "from milo_bench.gateway.wire.open_files import raise_open_files as f;"
            "print(f(100), r.getrlimit(r.RLIMIT_NOFILE)[0], f(10_000), r.getrlimit(r.RLIMIT_NOFILE)[0])"
        )], check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert said.stdout.split() == ["100", "328", "136", "400"]


async def test_work_that_could_not_be_recorded_is_not_left_in_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    routing = {**ROUTING, "rules": [{"id": "people", "when": {"workload": "notes"}, "route": "human_review"}]}
    async with running_gateway(tmp_path, routing, FINE) as gateway:
        with monkeypatch.context() as full:
            full.setattr(writer, "write_all", _no_room)
            status, error = told(await exchange(gateway, post(with_())))
            assert (status, error["code"]) == (503, "audit_unavailable")
        assert list_work(open_state(gateway.options.state)) == ()
        assert (await exchange(gateway, post(with_()))).startswith(b"HTTP/1.1 202")
        assert len(list_work(open_state(gateway.options.state))) == 1


def _no_room(descriptor: int, data: bytes) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
